import type { ProxySettings } from '../proxy/messages.ts';
import type { Config, RateLimiting } from './config.ts';

/** The part of the configuration that the supervisor hands to a worker. */
export function proxySettings(config: Config): ProxySettings {
  const { agent, metadataHaproxy, limits, rateLimiting } = config;
  return {
    // The agent is one for all workers, so what it is asked to carry at once is shared among them.
    agent: { ...agent, concurrency: Math.max(1, Math.floor(agent.concurrency / config.workers)) },
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
