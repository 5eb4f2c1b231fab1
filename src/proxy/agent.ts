import type { Dial } from '../link/link.ts';
import { AgentConnection, type ConnectionOwner, type Loss } from './agent-connection.ts';
import { concurrencyNow, LINGER_MS, LOSSES_MAX, ONE_SHOT_BYTES_MAX } from './agent-limits.ts';
import type { Clock, Timed } from './clock.ts';
import { ConnectPace } from './connect-pace.ts';
import { type Exchange, failAll, refuseLarge, tooLargeReason } from './exchange.ts';
import { Generation } from './generation.ts';
import type { AgentStatus, ProxySettings } from './messages.ts';
import { Pool } from './pool.ts';
import { Prober } from './prober.ts';
import { Queue } from './queue.ts';
import type { Reason } from './refuse.ts';
import type { ReplyHead } from './reply.ts';
import { socketDial } from './socket-link.ts';
import { SocketWatch } from './socket-watch.ts';

/**
 * The agent as the request path sees it: takes exchanges, keeps them in turn, and carries at most `concurrency` of them out
 * at once on connections fit for the agent's generation (design D7).
 */
export class Agent implements ConnectionOwner, Timed {
  readonly #settings: ProxySettings;
  readonly #dial: Dial;
  readonly #clock: Clock;
  readonly #queue = new Queue<Exchange>();
  readonly #generation: Generation;
  readonly #pool: Pool;
  readonly #pace: ConnectPace;
  readonly #prober: Prober;
  readonly #watch: SocketWatch;
  #connecting = 0;
  #answered = false;
  #stopped = false;

  /** @param dial connects to the agent; without it Node does */
  constructor(settings: ProxySettings, clock: Clock, dial?: Dial) {
    const { generation, retryMs, socket } = settings.agent;
    this.#settings = settings;
    this.#dial = dial ?? socketDial(socket);
    this.#clock = clock;
    this.#generation = new Generation(generation);
    this.#pool = new Pool(() => concurrencyNow(settings.agent, this.#generation.state));
    this.#pace = new ConnectPace(retryMs, () => this.#pump());
    this.#prober = new Prober(failAll);
    this.#watch = new SocketWatch(socket);
  }

  /** Due at every sweep while requests wait. */
  get deadline(): number {
    return this.#waiting() === 0 ? Number.POSITIVE_INFINITY : 0;
  }

  #waiting(): number {
    return this.#queue.size + this.#prober.size;
  }

  /**
   * Whether requests say that their connection is not used again. Only to an agent configured as one-shot: others are left
   * free to keep it open, because that is how their generation is found out.
   */
  get saysClose(): boolean {
    return this.#generation.fixed && this.#generation.state === 'one-shot';
  }

  status(): AgentStatus {
    const { absent, lastError } = this.#pace;
    const state = absent ? 'absent' : this.#answered ? 'answering' : 'unknown';
    const generation = this.#generation.state;
    const status = { state, generation, exchangesOpen: this.#pool.busy, queued: this.#waiting() } as const;
    return lastError === undefined ? status : { ...status, lastError };
  }

  /** Tells why a request of that size cannot be carried out, as far as is known by now. */
  tooLarge(headBytes: number, bodyBytes: number): Reason | undefined {
    if (headBytes + bodyBytes <= ONE_SHOT_BYTES_MAX) return undefined;
    this.#look();
    return this.#generation.readsMore === false ? tooLargeReason(headBytes) : undefined;
  }

  /** Takes an exchange over; its receiver hears how it ends. */
  submit(exchange: Exchange): void {
    if (this.#waiting() >= this.#settings.agent.queueLength) {
      exchange.receiver.failed('queue-full');
      return;
    }
    this.#look();
    exchange.carrier = this;
    this.#admit(exchange);
    this.#pump();
    if (this.#waiting() > 0) this.#clock.watch(this);
  }

  resume(): void {}

  /** Takes an exchange that waits out of the queue. */
  cancel(exchange: Exchange): void {
    if (this.#queue.remove(exchange) || this.#prober.remove(exchange)) exchange.carrier = undefined;
  }

  stop(): void {
    this.#stopped = true;
    this.#clock.unwatch(this);
    this.#pace.stop();
    this.#pool.closeAll();
  }

  expire(now: number): void {
    const reason = this.#pace.absent ? 'agent-absent' : 'queue-timeout';
    failAll(this.#queue.takeExpired(now), reason);
    failAll(this.#prober.takeExpired(now), reason);
    if (this.#waiting() === 0) this.#clock.unwatch(this);
    else if (this.#look()) this.#pump();
  }

  /** Only what the agent reads whole gets into the queue; while that cannot be told, it is held until it can. */
  #admit(exchange: Exchange): void {
    const fits = this.#fits(exchange);
    if (fits === true) this.#queue.push(exchange);
    else if (fits === undefined) this.#prober.hold(exchange);
    else refuseLarge(exchange);
  }

  /** Before anything is left out of a request, it is made sure that the agent is still the one that does without it. */
  #fits(exchange: Exchange): boolean | undefined {
    if (exchange.isLarge) this.#look(true);
    return exchange.fit(this.#generation.readsMore);
  }

  /** Gives waiting exchanges to idle connections, then opens as many new ones as there are exchanges left and turns free. */
  #pump(): void {
    while (this.#pool.hasIdle && this.#pool.busy < this.#pool.size) {
      const next = this.#queue.peek();
      if (!this.#prober.wanted && (next === undefined || next.freshOnly)) break;
      const connection = this.#pool.takeIdle();
      if (connection !== undefined) this.#startOn(connection);
    }
    const wanted = this.#queue.size + (this.#prober.wanted ? 1 : 0);
    while (
      this.#connecting < wanted &&
      this.#pool.busy + this.#connecting < this.#pool.size &&
      this.#pace.mayConnect(this.#connecting) &&
      !this.#stopped
    ) {
      this.#connecting += 1;
      new AgentConnection(this.#dial, this.#clock, this.#settings.timeouts, this);
    }
  }

  /** Starts the exchange whose turn it is. The connection is idle; without an exchange it rests or is closed. */
  #startOn(connection: AgentConnection): void {
    if (this.#prober.wanted) {
      this.#pool.serve(connection);
      this.#prober.send(connection);
      return;
    }
    for (;;) {
      const exchange = this.#queue.take();
      if (exchange === undefined || (exchange.freshOnly && connection.served > 0)) {
        if (exchange !== undefined) this.#queue.pushFront(exchange);
        this.#keep(connection);
        return;
      }
      if (this.#fits(exchange) === true) {
        this.#pool.serve(connection);
        connection.start(exchange);
        return;
      }
      // The agent is no longer what it was when the exchange was let into the queue.
      this.#admit(exchange);
    }
  }

  /** What becomes of a connection that is free and, as far as can be seen, still good. */
  #keep(connection: AgentConnection): void {
    if (this.#generation.state === 'keep-alive') this.#pool.rest(connection);
    else if (this.#generation.fixed || connection.served === 0) connection.close();
    else this.#pool.linger(connection, LINGER_MS);
  }

  connected(connection: AgentConnection): void {
    this.#connecting -= 1;
    if (this.#stopped) {
      connection.close();
      return;
    }
    this.#pace.succeeded();
    // Connections at rest may have taken the turns meanwhile.
    this.#pool.busy < this.#pool.size ? this.#startOn(connection) : this.#keep(connection);
    this.#pump();
  }

  connectFailed(_connection: AgentConnection, code: string, message: string): void {
    this.#connecting -= 1;
    if (this.#stopped) return;
    this.#pace.failed(code, message);
    if (this.#pace.absent) this.#generation.forget();
  }

  ended(connection: AgentConnection, reply: ReplyHead, reusable: boolean): void {
    this.#answered = true;
    if (connection.served > 1 && !connection.retired) this.#generation.servedAgain();
    if (this.#prober.probes(connection)) {
      this.#probed(connection, reusable);
      return;
    }
    this.#release(connection);
    if (reusable && !connection.retired) {
      this.#keep(connection);
    } else {
      if (!reply.keepAlive && !connection.retired) this.#generation.closedAfterReply(true);
      connection.close();
    }
    this.#pump();
  }

  /** A probing request was answered: the second answer on one connection decides. */
  #probed(connection: AgentConnection, reusable: boolean): void {
    if (connection.served === 1 && reusable && this.#prober.send(connection)) return;
    this.#release(connection);
    if (connection.served === 1 && !reusable) this.#generation.didNotServeAgain();
    this.#endProbe();
    if (reusable) this.#keep(connection);
    else connection.close();
    this.#pump();
  }

  #endProbe(): void {
    for (const held of this.#prober.release().reverse()) {
      held.fit(this.#generation.readsMore) === false ? refuseLarge(held) : this.#queue.pushFront(held);
    }
  }

  failed(connection: AgentConnection): void {
    this.#release(connection);
    this.#pump();
  }

  lost(connection: AgentConnection, exchange: Exchange, how: Loss): void {
    const probing = this.#prober.probes(connection);
    this.#release(connection);
    exchange.carrier = undefined;
    if (probing && connection.served > 0) {
      this.#generation.didNotServeAgain();
      this.#endProbe();
    } else if (probing) {
      for (const held of this.#prober.release().reverse()) this.#again(held, true);
    } else {
      if (connection.served > 0) this.#generation.closedAfterReply(false);
      this.#again(exchange, how === 'unsent' || exchange.safe);
    }
    this.#pump();
  }

  /** Gives an exchange that a connection lost another try on a fresh one, if somebody waits and it is still in time. */
  #again(exchange: Exchange, repeatable: boolean): void {
    exchange.losses += 1;
    const late = this.#clock.now() >= exchange.queueDeadline;
    if (!repeatable || late || exchange.abandoned || exchange.losses > LOSSES_MAX) {
      failAll([exchange], 'agent-closed');
      return;
    }
    exchange.freshOnly = true;
    exchange.carrier = this;
    exchange.sentAt = 0;
    this.#queue.pushFront(exchange);
    this.#clock.watch(this);
  }

  closedIdle(connection: AgentConnection): void {
    const early = connection.served > 0 && this.#clock.now() - connection.servedAt < LINGER_MS;
    if (this.#pool.closed(connection) || early) this.#generation.closedAfterReply(false);
  }

  lingered(connection: AgentConnection): void {
    this.#generation.stayedOpen();
    this.#pool.closed(connection);
    this.#pool.rest(connection);
    this.#pool.restLingering();
    this.#pump();
  }

  stalled(connection: AgentConnection): void {
    this.#pool.stall(connection);
    this.#pump();
  }

  #release(connection: AgentConnection): void {
    this.#pool.release(connection);
    this.#pace.roomMade();
  }

  /** An agent that was replaced may be of the other generation, and does not have our connections. */
  #look(atOnce = false): boolean {
    if (!this.#watch.replaced(this.#clock.now(), atOnce)) return false;
    this.#generation.forget();
    this.#pool.retireAll();
    for (const held of this.#prober.release()) this.#admit(held);
    return true;
  }
}
