import type { Dispatcher } from 'undici';
import type { Logger } from '../log.ts';
import { Histogram } from '../metrics/histogram.ts';
import type { Caller } from './caller.ts';
import { NovaAddress, type NovaAddressStatus } from './nova-address.ts';
import { type NoReply, type NovaReply, ReplyCollector } from './nova-reply.ts';
import { type Reason, Refusal } from './refuse.ts';
import type { NovaSettings } from './settings/settings.ts';
import { connectionOptionsOf } from './tls-options.ts';
import { Turns } from './turns.ts';

/** Attempts to connect for one request, over all addresses. */
const CONNECTS_MAX = 4;
/** Before the same address is tried again. */
const AGAIN_MS = 100;

/** A request as nova gets it. */
export interface NovaRequest {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  /** Names and values in turn; nothing else is sent but Host, Connection and what frames the body. */
  readonly headers: string[];
  readonly body: Buffer | null;
}

export interface NovaStatus {
  readonly addresses: readonly NovaAddressStatus[];
  readonly requestsOpen: number;
  readonly queued: number;
}

/** Methods that may be sent again although nova may have got them (RFC 9110 section 9.2.1). */
function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Why a request got no reply, in words of ours. */
const REASONS: Readonly<Record<string, Reason>> = {
  UND_ERR_HEADERS_TIMEOUT: 'nova-timeout',
  UND_ERR_BODY_TIMEOUT: 'nova-timeout',
  UND_ERR_SOCKET: 'nova-closed',
  ECONNRESET: 'nova-closed',
  EPIPE: 'nova-closed',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'nova-closed',
};

/**
 * Asks nova-api-metadata. Requests take turns, and go to the addresses in turn; one that cannot be connected to is put
 * aside for a while. A request is tried again, at another address where there is one, when no connection was there: then
 * nova has got nothing of it. One that is safe is also sent once more when nova closed the connection without a byte of a
 * reply, as it may close an idle one just as it is used; others go on connections of their own, where that cannot be.
 */
export class NovaClient {
  /** How long requests waited for their turn, and nova's time from there on. */
  readonly queueTimes = new Histogram();
  readonly replyTimes = new Histogram();
  readonly #addresses: readonly NovaAddress[];
  readonly #turns: Turns;
  readonly #log: Logger;
  #next = 0;

  /** @throws {MetasteerError} `tls-files` */
  constructor(settings: NovaSettings, log: Logger) {
    const { connections, timeoutConnectMs, timeoutMs } = settings;
    const tls = connectionOptionsOf(settings);
    this.#addresses = settings.addresses.map(
      (url) => new NovaAddress(url, { connections, timeoutConnectMs, timeoutMs, tls }),
    );
    this.#turns = new Turns(connections, settings.queueLength, timeoutMs);
    this.#log = log;
  }

  /**
   * Sends a request and gives the reply. Where it has a `rest`, that must be taken or aborted.
   *
   * @throws {Refusal} `nova-…`, or `client-left` when the caller did not wait
   */
  async ask(request: NovaRequest, caller: Caller): Promise<NovaReply> {
    const askedAt = performance.now();
    try {
      if (!this.#turns.take()) await this.#turns.wait(caller);
    } finally {
      this.queueTimes.observe(performance.now() - askedAt);
    }
    const begunAt = performance.now();
    let turnIsOurs = true;
    const giveBack = () => {
      if (turnIsOurs) this.#turns.giveBack();
      turnIsOurs = false;
    };
    try {
      const reply = await this.#attempts(request, caller, giveBack);
      if (reply.rest === undefined) giveBack();
      return reply;
    } catch (error) {
      giveBack();
      throw error;
    } finally {
      this.replyTimes.observe(performance.now() - begunAt);
    }
  }

  status(): NovaStatus {
    return {
      addresses: this.#addresses.map((address) => address.status()),
      requestsOpen: this.#turns.taken,
      queued: this.#turns.waiting,
    };
  }

  /** Ends what waits and what is open. */
  async destroy(): Promise<void> {
    this.#turns.close();
    await Promise.all(this.#addresses.map((address) => address.destroy()));
  }

  async #attempts(request: NovaRequest, caller: Caller, restOver: () => void): Promise<NovaReply> {
    let connects = Math.min(CONNECTS_MAX, Math.max(2, this.#addresses.length));
    let repeats = isSafe(request.method) ? 1 : 0;
    const refusedBy = new Set<NovaAddress>();
    for (;;) {
      const address = this.#choose(refusedBy);
      const outcome = await this.#send(address, request, caller, restOver);
      if ('head' in outcome) {
        address.connected();
        return outcome;
      }
      if (caller.left) throw new Refusal('client-left');
      const reason = this.#judge(address, outcome);
      if (reason === 'nova-absent') {
        connects -= 1;
        if (connects === 0) throw new Refusal(reason, { cause: outcome.error });
        if (refusedBy.has(address) || this.#addresses.length === 1) await pause(AGAIN_MS);
        refusedBy.add(address);
      } else if (reason === 'nova-closed' && !outcome.hadBegun && repeats > 0) {
        repeats -= 1;
      } else {
        throw new Refusal(reason, { cause: outcome.error });
      }
    }
  }

  /** The next one that is not aside and has not refused this request; else the one that may be asked first again. */
  #choose(refusedBy: ReadonlySet<NovaAddress>): NovaAddress {
    const now = performance.now();
    const count = this.#addresses.length;
    let soonest: NovaAddress | undefined;
    for (let step = 0; step < count; step += 1) {
      const index = (this.#next + step) % count;
      const address = this.#addresses[index];
      if (address === undefined) continue;
      const isRefused = refusedBy.has(address) && refusedBy.size < count;
      if (isRefused) continue;
      if (address.asideUntil <= now) {
        this.#next = index + 1;
        return address;
      }
      if (soonest === undefined || address.asideUntil < soonest.asideUntil) soonest = address;
    }
    if (soonest === undefined) throw new Refusal('nova-absent');
    return soonest;
  }

  #send(
    address: NovaAddress,
    request: NovaRequest,
    caller: Caller,
    restOver: () => void,
  ): Promise<NovaReply | NoReply> {
    address.asked();
    return new Promise((resolve) => {
      const collector = new ReplyCollector((outcome) => {
        // Of a reply that goes on, whoever takes the rest knows when the caller leaves.
        caller.whenLeft(undefined);
        resolve(outcome);
      }, restOver);
      caller.whenLeft(() => collector.abort());
      const isReused = isSafe(request.method);
      const { method, path, headers, body } = request;
      const pool = isReused ? address.shared : address.fresh;
      // The type knows the usual methods; undici takes every token.
      pool.dispatch({ method: method as Dispatcher.HttpMethod, path, headers, body, reset: !isReused }, collector);
    });
  }

  #judge(address: NovaAddress, { error, wasConnected }: NoReply): Reason {
    const code = 'code' in error ? String(error.code) : '';
    // Undici did not even begin with it, so something of the request was not checked as it should be.
    if (code === 'UND_ERR_INVALID_ARG') throw error;
    if (!wasConnected) {
      const message = messageOfConnect(error);
      if (address.refused(message, performance.now()))
        this.#log.warn({ nova: address.url, error: message }, 'nova cannot be connected to');
      return 'nova-absent';
    }
    address.connected();
    if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW') return 'nova-reply-malformed';
    const reason = REASONS[code];
    if (reason === undefined) this.#log.error({ nova: address.url, error: error.message }, 'asking nova failed');
    return reason ?? 'nova-reply-malformed';
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Where several IP addresses were tried, the error itself is empty. */
function messageOfConnect(error: Error): string {
  const [first] = error instanceof AggregateError ? (error.errors as readonly unknown[]) : [];
  return first instanceof Error ? first.message : error.message;
}
