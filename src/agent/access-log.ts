import type { Logger } from '../log.ts';
import { isError } from './refuse.ts';
import type { RequestRecord } from './request-record.ts';
import type { AgentSettings } from './settings/settings.ts';

/** Writes one JSON line per request. Never a body, never a query, never a signature. */
export class AccessLog {
  readonly #log: Logger;
  readonly #mode: AgentSettings['log']['access'];

  constructor(log: Logger, mode: AgentSettings['log']['access']) {
    this.#log = log;
    this.#mode = mode;
  }

  write(record: RequestRecord): void {
    const { asker, instance, status, reason, startedAt, askedAt } = record;
    if (this.#mode === 'off') return;
    if (this.#mode === 'errors' && reason === undefined && !isError(status)) return;
    const now = performance.now();
    this.#log.info(
      {
        owner: asker?.owner.id,
        owner_kind: asker?.owner.kind,
        client: asker?.address,
        mac: asker?.mac,
        expected_macs: record.expectedMacs,
        instance: instance?.instanceId,
        method: record.method,
        path: record.target.split('?', 1)[0],
        status,
        bytes: record.bytes,
        total_ms: rounded(now - startedAt),
        nova_ms: askedAt === 0 ? 0 : rounded(now - askedAt),
        reason,
      },
      'request',
    );
  }
}

/** One decimal. */
function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
