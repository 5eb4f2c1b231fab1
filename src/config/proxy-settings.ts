import type { ProxySettings } from '../proxy/messages.ts';
import type { Config, RateLimiting } from './config.ts';

const ONE_SHOT_CONCURRENCY = 8;
const KEEP_ALIVE_CONCURRENCY = 32;

/** The part of the configuration that the supervisor hands to a worker. */
export function proxySettings(config: Config): ProxySettings {
  const { metadataHaproxy, limits, rateLimiting } = config;
  // Not a worker's business.
  const { adminSocket: _, ...agent } = config.agent;
  return {
    agent: { ...agent, ...concurrencyOf(config) },
    timeouts: {
      connectMs: metadataHaproxy.timeoutConnectMs,
      clientMs: metadataHaproxy.timeoutClientMs,
      serverMs: metadataHaproxy.timeoutServerMs,
      httpRequestMs: metadataHaproxy.timeoutHttpRequestMs,
      httpKeepAliveMs: metadataHaproxy.timeoutHttpKeepAliveMs,
    },
    limits: {
      headBytes: limits.headSizeBytes,
      headerCount: limits.headerCount,
      targetBytes: limits.targetLengthBytes,
      bodyBytes: limits.bodySizeBytes,
      connections: limits.connections,
    },
    ...(rateLimiting.enabled ? { rateLimit: rateLimitOf(rateLimiting) } : {}),
    log: { access: config.log.access },
  };
}

/**
 * The agent is one for all workers, so what it is asked to carry at once is shared among them. One that keeps connections
 * has a hundred green threads per process (contract.md 2.3), of which the pool must pin few; the other kind has few threads,
 * and a queue of five.
 */
function concurrencyOf({
  agent,
  workers,
}: Config): Pick<ProxySettings['agent'], 'concurrency' | 'keepAliveConcurrency'> {
  const share = (total: number) => Math.max(1, Math.floor(total / workers));
  if (agent.concurrency !== 'auto') return { concurrency: share(agent.concurrency) };
  return { concurrency: share(ONE_SHOT_CONCURRENCY), keepAliveConcurrency: share(KEEP_ALIVE_CONCURRENCY) };
}

function rateLimitOf(limiting: RateLimiting): NonNullable<ProxySettings['rateLimit']> {
  return {
    ipVersions: limiting.ipVersions,
    baseMs: limiting.baseWindowMs,
    baseLimit: limiting.baseLimit,
    burstMs: limiting.burstWindowMs,
    burstLimit: limiting.burstLimit,
    countRefused: limiting.countRefused,
  };
}
