import type { Logger } from 'pino';
import type { MacAddress } from '../identity/mac-address.ts';
import type { ProxySettings } from './messages.ts';
import type { Port } from './port.ts';
import type { Reason } from './refuse.ts';

/** One request as it ended. */
export interface AccessRecord {
  readonly port: Port;
  readonly client: string | undefined;
  readonly method: string | undefined;
  /** With its query, which is cut off before anything is written. */
  readonly target: string | undefined;
  /** 0 when the client got no response. */
  readonly status: number;
  /** Bytes of the response's body. */
  readonly bytes: number;
  readonly totalMs: number;
  /** From sending the request to the agent to the end of its reply; 0 when it was not asked. */
  readonly agentMs: number;
  /** Why it ended other than by the agent's reply. */
  readonly reason: Reason | undefined;
}

/** Statuses from here on are errors to the log (RFC 9110 section 15.5). */
const FIRST_ERROR_STATUS = 4 * 100;

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
    return this.#mode === 'all' || (this.#mode === 'errors' && (reason !== undefined || status >= FIRST_ERROR_STATUS));
  }

  /** @param mac looked up by the caller, because it takes the client's socket */
  write(record: AccessRecord, mac: MacAddress | undefined): void {
    const { port, target } = record;
    this.#log.info(
      {
        owner: port.owner.id,
        owner_kind: port.owner.kind,
        namespace: port.namespace,
        interface: port.interface,
        client: record.client,
        mac,
        method: record.method,
        path: target?.split('?', 1)[0],
        status: record.status,
        bytes: record.bytes,
        total_ms: rounded(record.totalMs),
        agent_ms: rounded(record.agentMs),
        reason: record.reason,
      },
      'request',
    );
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
