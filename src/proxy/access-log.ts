import type { Logger } from 'pino';
import type { MacAddress } from '../identity/mac-address.ts';
import type { ProxySettings } from './messages.ts';
import type { Port } from './port.ts';
import { isError, type Reason } from './refuse.ts';

/** One request as it ended. */
export interface AccessRecord {
  readonly port: Port;
  readonly client: string;
  readonly mac: MacAddress | undefined;
  readonly method: string | undefined;
  /** With its query, which is cut off before anything is written. */
  readonly target: string | undefined;
  /** 0 when the client got no response. */
  readonly status: number;
  /** Bytes of the response's body. */
  readonly bytes: number;
  /** On the clock's scale: when its first byte came, when the agent got it, when it ended; 0 for never. */
  readonly startedAt: number;
  readonly sentAt: number;
  readonly endedAt: number;
  /** Why it ended other than by the agent's reply. */
  readonly reason: Reason | undefined;
}

/** Writes one JSON line per request. Never a body, never a query. */
export class AccessLog {
  readonly #log: Logger;
  readonly #mode: ProxySettings['log']['access'];

  constructor(log: Logger, mode: ProxySettings['log']['access']) {
    this.#log = log;
    this.#mode = mode;
  }

  /** Tells whether a request that ended like that is written down. */
  wants(status: number, reason: Reason | undefined): boolean {
    return this.#mode === 'all' || (this.#mode === 'errors' && (reason !== undefined || isError(status)));
  }

  write(record: AccessRecord): void {
    const { port, target, startedAt, sentAt, endedAt } = record;
    this.#log.info(
      {
        owner: port.owner.id,
        owner_kind: port.owner.kind,
        namespace: port.namespace,
        interface: port.interface,
        client: record.client,
        mac: record.mac,
        method: record.method,
        path: target?.split('?', 1)[0],
        status: record.status,
        bytes: record.bytes,
        total_ms: rounded(startedAt, endedAt),
        agent_ms: rounded(sentAt, endedAt),
        reason: record.reason,
      },
      'request',
    );
  }
}

/** Milliseconds from one moment to another, with one decimal; 0 when the first never came. */
function rounded(from: number, to: number): number {
  return from === 0 ? 0 : Math.round((to - from) * 10) / 10;
}
