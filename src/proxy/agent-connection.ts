import type { Dial, DialUser, Link, LinkUser } from '../link/link.ts';
import { ONE_SHOT_BYTES_MAX } from './agent-limits.ts';
import type { Clock, Timed } from './clock.ts';
import type { Carrier, Exchange } from './exchange.ts';
import type { ReplyHead } from './reply.ts';
import { ReplyReader } from './reply-reader.ts';

/** Replies up to this size are collected and passed on in one write; larger ones are streamed. */
export const GATHER_BYTES_MAX = 65_536;

/** A reply that comes more slowly than so much in the longest silence of an agent is as good as none. */
const PROGRESS_BYTES = 65_536;

/** How a connection was lost under an exchange before any byte of a reply. */
export type Loss =
  /** The kernel took no byte of the request: carrying it out elsewhere is its first time. */
  | 'unsent'
  /** The agent may have read some of it, or all. */
  | 'perhaps-read';

/** Who owns agent connections and decides what becomes of them. */
export interface ConnectionOwner extends Carrier {
  connected(connection: AgentConnection): void;
  connectFailed(connection: AgentConnection, code: string, message: string): void;
  /** The reply was passed on whole. `reusable` tells whether the connection can serve again as far as the reply goes. */
  ended(connection: AgentConnection, reply: ReplyHead, reusable: boolean): void;
  /** The exchange failed and its receiver has been told. The connection is closed. */
  failed(connection: AgentConnection): void;
  lost(connection: AgentConnection, exchange: Exchange, how: Loss): void;
  /** A connection without an exchange closed by itself. */
  closedIdle(connection: AgentConnection): void;
  /** The moment a connection was asked to wait for has passed and it is still open. */
  lingered(connection: AgentConnection): void;
  /** The client does not take the reply as fast as the agent gives it. */
  stalled(connection: AgentConnection): void;
}

export interface ConnectionTimes {
  readonly connectMs: number;
  readonly serverMs: number;
}

/** One connection to the agent's socket, with at most one exchange on it at a time. */
export class AgentConnection implements Timed, Carrier, DialUser, LinkUser {
  deadline: number;
  /** Replies it has brought. */
  served = 0;
  /** It leads to an agent that has been replaced: it serves to the end, and no more. */
  retired = false;
  /** When its last reply was complete, on the clock's scale. */
  servedAt = 0;
  readonly #clock: Clock;
  readonly #times: ConnectionTimes;
  readonly #owner: ConnectionOwner;
  #state: 'connecting' | 'idle' | 'lingering' | 'busy' | 'closed' = 'connecting';
  #link: Link | undefined;
  #exchange: Exchange | undefined;
  #reader = new ReplyReader(false);
  #anyByte = false;
  /** Bytes since the deadline was last moved. */
  #progress = 0;
  #streaming = false;
  #paused = false;

  constructor(dial: Dial, clock: Clock, times: ConnectionTimes, owner: ConnectionOwner) {
    this.#clock = clock;
    this.#times = times;
    this.#owner = owner;
    this.deadline = clock.now() + times.connectMs;
    clock.watch(this);
    dial(this);
  }

  /** Sends the request of an exchange. The connection must be idle. */
  start(exchange: Exchange): void {
    this.#state = 'busy';
    this.#exchange = exchange;
    this.#reader = new ReplyReader(exchange.toHead);
    this.#anyByte = false;
    this.#progress = 0;
    this.#streaming = false;
    const now = this.#clock.now();
    exchange.carrier = this;
    exchange.sentAt = now;
    exchange.onSent?.();
    this.deadline = now + this.#times.serverMs;
    this.#link?.write(exchange.request.bytes);
  }

  /** Keeps the idle connection for at most that long; then the owner hears of it. */
  linger(ms: number): void {
    this.#state = 'lingering';
    this.deadline = this.#clock.now() + ms;
  }

  /** Keeps the idle connection until that time is over; then it is closed. */
  rest(ms: number): void {
    this.#state = 'idle';
    this.deadline = this.#clock.now() + ms;
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#clock.unwatch(this);
    this.#link?.destroy();
  }

  /** Gives up the exchange. */
  abort(): void {
    this.#fail(this.#streaming ? 'reply-cut' : 'agent-timeout');
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#progress = 0;
    this.deadline = this.#clock.now() + this.#times.serverMs;
    this.#link?.resume();
  }

  /** Nobody wants the reply any more. A short one is read to its end, so that the agent is not asked more than it can do. */
  cancel(): void {
    if (this.#streaming) this.abort();
  }

  expire(): void {
    switch (this.#state) {
      case 'connecting':
        this.#broken('ETIMEDOUT', 'connect ETIMEDOUT');
        break;
      case 'lingering':
        this.deadline = Number.POSITIVE_INFINITY;
        this.#owner.lingered(this);
        break;
      case 'idle':
        this.#broken('idle', 'idle');
        break;
      case 'busy':
        this.abort();
        break;
      default:
        break;
    }
  }

  connected(link: Link): void {
    if (this.#state !== 'connecting') {
      link.destroy();
      return;
    }
    this.#link = link;
    link.serve(this);
    this.#state = 'idle';
    this.deadline = Number.POSITIVE_INFINITY;
    this.#owner.connected(this);
  }

  connectFailed(code: string, message: string): void {
    this.#broken(code, message);
  }

  received(chunk: Buffer): void {
    const exchange = this.#exchange;
    if (exchange === undefined) {
      // Bytes nobody asked for: the connection is out of step.
      this.#broken('surplus', 'bytes without a request');
      return;
    }
    this.#anyByte = true;
    const hadHead = this.#reader.head !== undefined;
    this.#reader.read(chunk);
    this.#extend(chunk.length, !hadHead && this.#reader.head !== undefined);
    this.#pass(exchange);
  }

  /** More time for a whole head, and for each good piece of a body: single bytes that drip would hold a turn for ever. */
  #extend(size: number, headCame: boolean): void {
    this.#progress += size;
    if (!headCame && this.#progress < PROGRESS_BYTES) return;
    this.#progress = 0;
    this.deadline = this.#clock.now() + this.#times.serverMs;
  }

  /** Passes on what the reader has made of the bytes so far. */
  #pass(exchange: Exchange): void {
    const reader = this.#reader;
    const head = reader.head;
    if (reader.malformed) {
      this.#fail(this.#streaming ? 'reply-cut' : 'agent-reply-malformed');
    } else if (head === undefined) {
      return;
    } else if (this.#streaming) {
      const more = reader.bodyBytes === 0 || exchange.receiver.replyContinues(reader.takeBody());
      if (reader.complete) this.#finish(exchange, head, () => exchange.receiver.replyEnds());
      else if (!more) this.#pause();
    } else if (reader.complete) {
      this.#finish(exchange, head, () => exchange.receiver.replied(head, reader.takeBody()));
    } else if (reader.bodyBytes > GATHER_BYTES_MAX) {
      this.#streaming = true;
      if (!exchange.receiver.replyBegins(head, reader.takeBody())) this.#pause();
    }
  }

  #finish(exchange: Exchange, head: ReplyHead, tell: () => void): void {
    this.#exchange = undefined;
    exchange.carrier = undefined;
    this.served += 1;
    this.servedAt = this.#clock.now();
    this.#state = 'idle';
    this.deadline = Number.POSITIVE_INFINITY;
    tell();
    // A reply without a body by rule may be followed by one by mistake: such a connection is not used again.
    const inStep = !head.bodiless && !this.#reader.surplus && this.#link?.waiting === 0;
    this.#owner.ended(this, head, head.keepAlive && inStep);
  }

  #pause(): void {
    if (this.#state !== 'busy') return;
    this.#paused = true;
    this.deadline = Number.POSITIVE_INFINITY;
    this.#link?.pause();
    this.#owner.stalled(this);
  }

  /** The agent closed its side. */
  peerEnded(): void {
    const exchange = this.#exchange;
    if (exchange === undefined || !this.#anyByte) {
      this.#broken('end', 'closed by the agent');
      return;
    }
    this.#reader.end();
    this.#pass(exchange);
  }

  gone(code = 'closed'): void {
    this.#broken(code, code);
  }

  /** How much of a request the agent takes does not matter: the time for its reply runs. */
  drained(): void {}

  stalled(): void {}

  weEnded(): void {}

  #fail(reason: 'agent-timeout' | 'agent-reply-malformed' | 'reply-cut'): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.close();
    if (exchange !== undefined) {
      exchange.carrier = undefined;
      exchange.receiver.failed(reason);
    }
    this.#owner.failed(this);
  }

  #broken(code: string, message: string): void {
    const state = this.#state;
    const exchange = this.#exchange;
    if (state === 'closed') return;
    if (state === 'busy' && this.#anyByte) {
      this.#fail(this.#streaming ? 'reply-cut' : 'agent-reply-malformed');
      return;
    }
    this.#exchange = undefined;
    this.close();
    if (state === 'connecting') this.#owner.connectFailed(this, code, message);
    else if (exchange === undefined) this.#owner.closedIdle(this);
    else this.#owner.lost(this, exchange, lossOf(code, exchange));
  }
}

/**
 * EPIPE is what a write gets on a UNIX socket whose peer had closed before it. The kernel takes a small request whole or not
 * at all, so of this one it took nothing. ECONNRESET proves nothing: the peer closed with bytes in its queue that it had not
 * read, but it may have read others before.
 */
function lossOf(code: string, exchange: Exchange): Loss {
  return code === 'EPIPE' && exchange.request.bytes.length <= ONE_SHOT_BYTES_MAX ? 'unsent' : 'perhaps-read';
}
