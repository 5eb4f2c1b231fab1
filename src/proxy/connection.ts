import type { ClientAddress } from '../identity/client-address.ts';
import type { ClientLink } from '../link/client-link.ts';
import type { LinkUser } from '../link/link.ts';
import { Account } from './account.ts';
import { Asker } from './ask.ts';
import { CONTINUE } from './body.ts';
import type { Timed } from './clock.ts';
import type { ConnectionState } from './connection-state.ts';
import type { ProxyContext } from './context.ts';
import type { Exchange, Receiver } from './exchange.ts';
import type { RequestHead } from './head.ts';
import type { Client } from './identity.ts';
import { Outlet } from './outlet.ts';
import type { PortState } from './port.ts';
import { mayKeep, type Reason, refusal, statusOf } from './refuse.ts';
import type { ReplyHead } from './reply.ts';
import { type Request, RequestReader } from './request-reader.ts';
import { connectionLine, ResponseStream, wholeResponse } from './response.ts';

/** What a client may still send after our last byte. */
const DISCARD_BYTES_MAX = 262_144;
/** Bytes of further requests that are held while one is served. */
const AHEAD_BYTES_MAX = 16_384;

/** One client's connection: requests are served one after the other, in order. */
export class Connection implements Timed, Receiver, LinkUser {
  readonly client: ClientAddress;
  readonly account: Account;
  readonly #link: ClientLink;
  readonly #port: PortState;
  readonly #context: ProxyContext;
  readonly #asker: Asker;
  readonly #reader: RequestReader;
  readonly #outlet: Outlet;
  #state: ConnectionState = 'reading';
  #exchange: Exchange | undefined;
  #stream: ResponseStream | undefined;
  /** Whether the connection may serve another request. */
  #keepAlive = true;
  /** Whether it has served one. */
  #served = false;
  /** The client has ended its side. */
  #ended = false;
  #reading = false;
  #discarded = 0;

  constructor(link: ClientLink, port: PortState, client: Client, context: ProxyContext) {
    const { clock, headParser, settings } = context;
    this.client = client.address;
    this.#link = link;
    this.#port = port;
    this.#context = context;
    this.#asker = new Asker(port, client, context);
    this.account = new Account(port, client, link, context);
    const { limits, timeouts } = settings;
    this.#reader = new RequestReader(headParser, limits, timeouts, clock.now(), (head) => this.#admit(head));
    this.#outlet = new Outlet(link, clock, timeouts.clientMs);
    clock.watch(this);
    port.opened(this);
    link.serve(this);
  }

  get deadline(): number {
    return this.#state === 'reading' ? this.#reader.deadline : this.#outlet.deadline;
  }

  /** Whether no complete request of it is being served. */
  get evictable(): boolean {
    return this.#state === 'reading' || this.#state === 'closing';
  }

  /** Ends the connection once what is being served is done; at once when nothing is. */
  shutDown(): void {
    this.#keepAlive = false;
    if (this.#state === 'reading' && !this.#reader.begun) this.destroy();
  }

  /** The same, but one that has served nothing yet, with `again` any, still serves one: its client would call the end a failure. */
  serveOnce(again = false): void {
    if (!again && (this.#served || this.#state !== 'reading')) this.shutDown();
    else this.#keepAlive = false;
  }

  destroy(): void {
    this.#link.destroy();
    this.gone();
  }

  /**
   * Refuses the request and goes on or closes as the reason says.
   *
   * @param retryAfter seconds, in place of what goes with the reason
   */
  refuse(reason: Reason, retryAfter?: number): void {
    const complete = this.#state === 'waiting';
    this.#keepAlive = complete && mayKeep(reason) && this.#mayGoOn();
    const { head: start, body } = refusal(reason, connectionLine(this.#keepAlive, this.#reader.minor), retryAfter);
    const withBody = this.#reader.head?.method !== 'HEAD';
    this.#finished(statusOf(reason), withBody ? body.length : 0, reason);
    this.#send(Buffer.from(withBody ? start + body : start, 'latin1'));
  }

  /** Ends the connection without a (further) word to the client. */
  endWithout(reason: Reason): void {
    if (this.#state !== 'closing') this.#finished(statusOf(reason), this.#stream?.bytes ?? 0, reason);
    this.#forget();
    this.#link.destroy();
  }

  expire(now: number): void {
    if (this.#state === 'reading') {
      if (this.#reader.begun) this.refuse('request-timeout');
      else this.destroy();
    } else if (!this.#outlet.extend(now)) {
      if (this.#state === 'closing') this.destroy();
      else this.endWithout('client-stalled');
    }
  }

  received(chunk: Buffer): void {
    if (this.#state === 'closing') {
      this.#discarded += chunk.length;
      if (this.#discarded > DISCARD_BYTES_MAX) this.destroy();
      return;
    }
    this.#reader.push(chunk);
    if (this.#state === 'reading') this.#read();
    else if (this.#reader.ahead > AHEAD_BYTES_MAX) this.#link.pause();
  }

  /** Reads requests for as long as one is answered at once, without growing the stack. */
  #read(): void {
    if (this.#reading) return;
    this.#reading = true;
    while (this.#state === 'reading') {
      const request = this.#reader.read(this.#context.clock.now());
      if (request === undefined) {
        if (this.#ended) this.#cut();
        else this.#link.expectMore();
        break;
      }
      if (typeof request === 'string') this.refuse(request);
      else this.#submit(request);
    }
    this.#reading = false;
  }

  #admit(head: RequestHead): Reason | undefined {
    const reason = this.#asker.judge(head);
    const waits = head.expectsContinue && head.bodyBytes !== 0 && this.#reader.ahead === 0;
    if (reason === undefined && waits) this.#link.write(CONTINUE);
    return reason;
  }

  #submit(request: Request): void {
    const { agent, clock, rateLimit } = this.#context;
    this.#keepAlive = this.#keepAlive && request.head.keepAlive;
    this.#state = 'waiting';
    this.account.read(request.head);
    const retryAfter = rateLimit?.refuses(this.#port.port.owner, this.client);
    if (retryAfter !== undefined) {
      this.refuse('rate-limited', retryAfter);
      return;
    }
    const now = clock.now();
    this.#exchange = this.#asker.exchange(request, this, now);
    this.account.queued(this.#exchange, now);
    agent.submit(this.#exchange);
  }

  replied(reply: ReplyHead, body: Buffer): void {
    this.#keepAlive = this.#mayGoOn();
    const response = wholeResponse(reply, body, connectionLine(this.#keepAlive, this.#reader.minor));
    this.#finished(reply.status, reply.bodiless ? 0 : body.length);
    this.#send(response);
  }

  replyBegins(reply: ReplyHead, body: Buffer): boolean {
    const stream = new ResponseStream(this.#outlet, reply, this.#reader.minor === 1);
    this.#keepAlive = this.#mayGoOn() && !stream.needsClose;
    this.#state = 'streaming';
    this.#stream = stream;
    return stream.begin(body, connectionLine(this.#keepAlive, this.#reader.minor));
  }

  replyContinues(body: Buffer): boolean {
    return this.#stream?.continue(body) ?? true;
  }

  replyEnds(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    const taken = stream.end();
    this.#finished(stream.status, stream.bytes);
    this.#stream = undefined;
    if (this.#keepAlive) this.#goOn(taken);
    else this.#close();
  }

  failed(reason: Reason): void {
    if (reason === 'reply-cut') this.endWithout(reason);
    else this.refuse(reason);
  }

  /** A client that has ended its side still gets responses to what it sent before. */
  #mayGoOn(): boolean {
    return this.#keepAlive && !(this.#ended && this.#reader.ahead === 0);
  }

  /** Sends a whole response and goes on as `keepAlive` says. */
  #send(response: Buffer): void {
    if (this.#keepAlive) this.#goOn(this.#outlet.write(response));
    else this.#close(response);
  }

  /** @param taken whether the response has gone out; until then no further request is looked at */
  #goOn(taken: boolean): void {
    this.#exchange = undefined;
    if (!taken) {
      this.#state = 'flushing';
      return;
    }
    if (!this.#mayGoOn()) {
      this.#leave();
      return;
    }
    this.#state = 'reading';
    this.#served = true;
    this.#reader.next(this.#context.clock.now());
    this.#link.resume();
    if (this.#reader.ahead > 0) this.#read();
    else this.#link.rest();
  }

  drained(): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    this.#outlet.flushed();
    if (this.#state === 'flushing') this.#goOn(true);
    else if (this.#state === 'streaming') this.#exchange?.carrier?.resume();
  }

  /** What `write` seemed to have got rid of waits for the client after all. */
  stalled(): void {
    if (this.#state === 'reading' && !this.#reader.begun) this.#state = 'flushing';
    this.#outlet.flushed();
  }

  weEnded(): void {
    this.#outlet.finished();
  }

  #close(lastBytes?: Buffer): void {
    if (this.#state === 'closed' || this.#state === 'closing') return;
    const isWhole = this.#state === 'waiting' && this.#reader.ahead === 0;
    this.#state = 'closing';
    this.#exchange = undefined;
    this.#reader.clear();
    this.#outlet.end(lastBytes, isWhole);
    this.#link.resume();
  }

  /** FIN. Whether the client still reads cannot be known before something is written, so what it asked for is answered. */
  peerEnded(): void {
    this.#ended = true;
    if (this.#state === 'reading') this.#cut();
  }

  /** No more bytes will come for what is being read. */
  #cut(): void {
    if (this.#reader.begun) this.refuse('request-cut');
    else this.#leave();
  }

  /** Nothing more is asked. Where the client has ended its side, ours need not be ended before it is closed. */
  #leave(): void {
    if (this.#ended && this.#link.waiting === 0) this.destroy();
    else this.#close();
  }

  gone(): void {
    if (this.#state === 'waiting' || this.#state === 'streaming') this.endWithout('client-left');
    else if (this.#state !== 'closed') this.#forget();
  }

  #forget(): void {
    this.#state = 'closed';
    this.#exchange?.abandon();
    this.#exchange = undefined;
    this.#reader.clear();
    this.#context.clock.unwatch(this);
    this.#port.closed(this);
    this.account.closed();
  }

  #finished(status: number, bytes: number, reason?: Reason): void {
    const { head, startedAt } = this.#reader;
    const outcome = { status, bytes, ...(reason === undefined ? {} : { reason }) };
    this.account.ended({ head, startedAt, exchange: this.#exchange }, outcome);
  }
}
