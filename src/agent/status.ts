import { packageVersion } from '../version.ts';
import type { LocalOwners } from './local-owners.ts';
import type { NovaClient } from './nova-client.ts';
import type { ResolverLike } from './resolver-like.ts';
import type { AgentServer } from './server.ts';
import type { AgentSettings } from './settings/settings.ts';
import type { AgentStatusDocument } from './status-document.ts';

/** The parts whose numbers the status tells. */
export interface StatusParts {
  readonly settings: AgentSettings;
  readonly resolver: ResolverLike;
  readonly nova: NovaClient;
  readonly owners: LocalOwners;
  readonly server: AgentServer;
}

/** What the agent does, in numbers. No secret and nothing of a tenant is in it. */
export function statusDocument({ settings, resolver, nova, owners, server }: StatusParts): AgentStatusDocument {
  const { addresses, requestsOpen, queued } = nova.status();
  const { cache, counters } = server;
  return {
    agent: {
      pid: process.pid,
      version: packageVersion(),
      uptime_seconds: Math.floor(process.uptime()),
      socket: settings.socket.path,
      connections: server.connections,
      requests_open: server.requestsOpen,
      owners: owners.count ?? null,
    },
    requests: { total: counters.requests, by_status: counters.byStatus, by_reason: counters.byReason },
    resolver: { source: settings.resolver.source, counters: { ...resolver.counters } },
    nova: {
      requests_open: requestsOpen,
      queued,
      addresses: addresses.map(({ url, state, requests, connectFailures, lastError }) => ({
        url,
        state,
        requests,
        connect_failures: connectFailures,
        last_error: lastError ?? null,
      })),
    },
    response_cache: {
      enabled: settings.responseCache.enabled,
      hits: cache.hits,
      entries: cache.size,
      bytes: cache.bytes,
    },
  };
}
