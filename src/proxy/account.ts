import type { ClientLink } from '../link/client-link.ts';
import type { ProxyContext } from './context.ts';
import type { Exchange } from './exchange.ts';
import type { RequestHead } from './head.ts';
import type { Client } from './identity.ts';
import type { PortState } from './port.ts';
import type { Reason } from './refuse.ts';
import type { Tell } from './tracer.ts';

/** How a request ended. */
export interface Outcome {
  /** 0 when the client got no response. */
  readonly status: number;
  /** Of the response's body. */
  readonly bytes: number;
  /** Why, other than by the agent's reply. */
  readonly reason?: Reason;
}

/** What is known of a request when it ends. */
export interface EndedRequest {
  readonly head: RequestHead | undefined;
  /** On the clock's scale, 0 for never. */
  readonly startedAt: number;
  readonly exchange: Exchange | undefined;
}

/** Keeps account of one connection's requests: counts them, logs them, and tells whoever traces the client. */
export class Account {
  readonly #port: PortState;
  readonly #client: Client;
  readonly #link: ClientLink;
  readonly #context: ProxyContext;
  #tell: Tell | undefined;
  #queuedAt = 0;

  constructor(port: PortState, client: Client, link: ClientLink, context: ProxyContext) {
    this.#port = port;
    this.#client = client;
    this.#link = link;
    this.#context = context;
    context.census.accepted += 1;
    this.follow();
    this.#tell?.('accepted');
  }

  /** Looks whether somebody traces this client, also in the middle of its connection. */
  follow(): void {
    this.#tell = this.#context.tracer?.follow(this.#port.port, this.#client.address, this.#link);
  }

  /** A whole request is there. */
  read({ method, target }: RequestHead): void {
    this.#tell?.('head', { method, path: target });
  }

  /** It begins to wait for the agent. */
  queued(exchange: Exchange, now: number): void {
    this.#queuedAt = now;
    const tell = this.#tell;
    if (tell === undefined) return;
    tell('queued', { queued: this.#context.agent.status().queued });
    exchange.onSent = () => tell('sent');
  }

  /** A request is over. */
  ended({ head, startedAt, exchange }: EndedRequest, { status, bytes, reason }: Outcome): void {
    const { accessLog, census, clock } = this.#context;
    const when = { startedAt, queuedAt: this.#queuedAt, sentAt: exchange?.sentAt ?? 0, endedAt: clock.now() };
    this.#queuedAt = 0;
    if (reason !== undefined) this.#port.countRefused(reason);
    census.ended({ status, bytes, ...when });
    this.#tell?.(reason === undefined ? 'reply' : 'refused', { status, bytes, ...(reason && { reason }) });
    if (!accessLog.wants(status, reason)) return;
    const who = { port: this.#port.port, client: this.#client.address, mac: this.#client.mac.get() };
    accessLog.write({ ...who, ...when, method: head?.method, target: head?.target, status, bytes, reason });
  }

  closed(): void {
    this.#tell?.('closed');
  }
}
