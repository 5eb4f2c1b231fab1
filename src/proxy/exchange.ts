import type { ClientAddress } from '../identity/client-address.ts';
import { ONE_SHOT_BYTES_MAX } from './agent-limits.ts';
import type { PortState } from './port.ts';
import type { Waiting } from './queue.ts';
import type { Reason } from './refuse.ts';
import type { ReplyHead } from './reply.ts';

/** Who gets the reply of an exchange. Exactly one of `replied`, `failed` or `replyBegins` is called, at most once. */
export interface Receiver {
  /** The whole reply. `body` is good only during the call. */
  replied(head: ReplyHead, body: Buffer): void;
  /** The first part of a reply too large to be held. Returns false to have the agent's side paused until `resume`. */
  replyBegins(head: ReplyHead, body: Buffer): boolean;
  /** A further part. The buffer is the receiver's. */
  replyContinues(body: Buffer): boolean;
  replyEnds(): void;
  /** No reply, or with `reply-cut` no more of it. */
  failed(reason: Reason): void;
}

/** Takes a reply that nobody wants any more. */
const NOBODY: Receiver = {
  replied: () => undefined,
  replyBegins: () => true,
  replyContinues: () => true,
  replyEnds: () => undefined,
  failed: () => undefined,
};

/** Where an exchange is carried out; it can be asked to go on after a pause, or to forget about it. */
export interface Carrier {
  resume(): void;
  cancel(exchange: Exchange): void;
}

export interface ExchangeRequest {
  /** Head and body, ready to be written. */
  readonly bytes: Buffer;
  readonly headBytes: number;
  readonly method: string;
  /** Bytes `[from, to)` of the head that Neutron's agents do not look at; none when absent. */
  readonly extra?: { readonly from: number; readonly to: number };
}

/** One request and its reply on the agent socket. */
export class Exchange implements Waiting {
  readonly port: PortState;
  readonly client: ClientAddress;
  /** In the form that `fit` chose last. */
  request: ExchangeRequest;
  readonly #whole: ExchangeRequest;
  readonly queueDeadline: number;
  /** Carrying it out twice does no more than once (RFC 9110 section 9.2.1). */
  readonly safe: boolean;
  readonly toHead: boolean;
  receiver: Receiver;
  carrier: Carrier | undefined;
  /** Connections that were lost under it before any byte of a reply. */
  losses = 0;
  /** It is not safe, or a connection was lost under it: only a fresh one will do. */
  freshOnly: boolean;
  /** When the agent got it, on the clock's scale; 0 before. */
  sentAt = 0;
  /** Called whenever the agent gets it, where somebody wants to know. */
  onSent: (() => void) | undefined;

  constructor(
    port: PortState,
    client: ClientAddress,
    request: ExchangeRequest,
    queueDeadline: number,
    receiver: Receiver,
  ) {
    this.port = port;
    this.client = client;
    this.request = request;
    this.#whole = request;
    this.queueDeadline = queueDeadline;
    this.receiver = receiver;
    const method = request.method;
    this.toHead = method === 'HEAD';
    this.safe = this.toHead || method === 'GET' || method === 'OPTIONS';
    this.freshOnly = !this.safe;
  }

  /** Whether it is more than a one-shot agent reads, with all that is to be said. */
  get isLarge(): boolean {
    return this.#whole.bytes.length > ONE_SHOT_BYTES_MAX;
  }

  /** Whether nobody waits for its reply any more. */
  get abandoned(): boolean {
    return this.receiver === NOBODY;
  }

  /**
   * Chooses the form of the request that the agent reads whole. What a one-shot agent can do without is left out only where it
   * alone is too much, and only when it is certain that the agent is one: `metasteer agent`, which reads it, is not.
   *
   * @param readsMore whether the agent reads more than 4096 bytes; undefined while that would be a guess
   * @returns false when no form will do, undefined when that depends on what the agent is
   */
  fit(readsMore: boolean | undefined): boolean | undefined {
    this.request = this.#whole;
    if (!this.isLarge || readsMore === true) return true;
    if (readsMore === undefined) return undefined;
    this.request = withoutExtra(this.#whole);
    return this.request.bytes.length <= ONE_SHOT_BYTES_MAX;
  }

  /** The client is gone. A request that still waits is not carried out; a reply under way is read and dropped. */
  abandon(): void {
    this.receiver = NOBODY;
    this.carrier?.cancel(this);
  }
}

function withoutExtra(request: ExchangeRequest): ExchangeRequest {
  const { bytes, headBytes, method, extra } = request;
  if (extra === undefined || extra.from === extra.to) return request;
  const kept = Buffer.concat([bytes.subarray(0, extra.from), bytes.subarray(extra.to)]);
  return { bytes: kept, headBytes: headBytes - (extra.to - extra.from), method };
}

/** Ends exchanges without a reply. */
export function failAll(exchanges: readonly Exchange[], reason: Reason): void {
  for (const exchange of exchanges) {
    exchange.carrier = undefined;
    exchange.receiver.failed(reason);
  }
}

/** Which part of a request is too much for a one-shot agent. */
export function tooLargeReason(headBytes: number): Reason {
  return headBytes > ONE_SHOT_BYTES_MAX ? 'head-too-large-for-agent' : 'body-too-large-for-agent';
}

/** Ends an exchange for which `fit` found no form. */
export function refuseLarge(exchange: Exchange): void {
  failAll([exchange], tooLargeReason(exchange.request.headBytes));
}
