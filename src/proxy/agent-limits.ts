import type { AgentStatus, ProxySettings } from './messages.ts';

/** All that a one-shot agent reads of a request, head and body together (contract.md F2). */
export const ONE_SHOT_BYTES_MAX = 4096;

/** How many requests the agent works on at once, by what is known of it. */
export function concurrencyNow(
  { concurrency, keepAliveConcurrency = concurrency }: ProxySettings['agent'],
  generation: AgentStatus['generation'],
): number {
  return generation === 'keep-alive' ? keepAliveConcurrency : concurrency;
}

/** Connections whose client does not read, and as many to agents that were replaced. Each pins a thread of an agent. */
export const STALLED_MAX = 64;

/** A one-shot agent has closed a connection this long after its reply; a keep-alive agent has not. */
export const LINGER_MS = 250;

/** A request is tried again this often when a connection is lost under it before any byte of a reply. */
export const LOSSES_MAX = 3;
