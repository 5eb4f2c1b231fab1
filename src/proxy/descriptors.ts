import { STALLED_MAX } from './agent-limits.ts';
import type { ProxySettings } from './messages.ts';

/** Refused connections still need a socket until they are gone: so many beyond the limit, then a reset. */
export const EXCESS_MAX = 64;

/** What Node and the channels to the supervisor need, with room to spare. */
const OTHERS = 64;

/** Connections to the agent at once: serving, resting and lingering ones, and those that no longer hold a turn. */
export function agentConnectionsMax({
  agent: { concurrency, keepAliveConcurrency = concurrency },
}: ProxySettings): number {
  return 3 * Math.max(concurrency, keepAliveConcurrency) + 2 * STALLED_MAX;
}

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
  return Math.max(
    1,
    Math.min(connections, descriptorsMax - agentConnectionsMax(settings) - ports - EXCESS_MAX - OTHERS),
  );
}
