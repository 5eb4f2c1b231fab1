import { STALLED_MAX } from './agent-limits.ts';
import type { ProxySettings } from './messages.ts';

/** Refused connections still need a socket until they are gone: so many beyond the limit, then a reset. */
export const EXCESS_MAX = 64;

/** What Node and the channels to the supervisor need, with room to spare. */
const OTHERS = 64;

/**
 * How many client connections there may be: as many as the settings allow, or as the limit of descriptors leaves room for.
 * Without room for the agent's connections, a worker that is full could not serve those it has.
 *
 * @param ports each has a listening socket
 * @param descriptorsMax RLIMIT_NOFILE; undefined: enough
 */
export function connectionsMax(settings: ProxySettings, ports: number, descriptorsMax: number | undefined): number {
  const { connections } = settings.limits;
  if (descriptorsMax === undefined) return connections;
  // Serving, resting and lingering ones, and those that no longer hold a turn.
  const { concurrency, keepAliveConcurrency = concurrency } = settings.agent;
  const agent = 3 * Math.max(concurrency, keepAliveConcurrency) + 2 * STALLED_MAX;
  return Math.max(1, Math.min(connections, descriptorsMax - agent - ports - EXCESS_MAX - OTHERS));
}
