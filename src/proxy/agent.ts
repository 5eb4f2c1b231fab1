import { AgentConnection, type ConnectionOwner, type Loss } from './agent-connection.ts';
import { ONE_SHOT_BYTES_MAX } from './agent-limits.ts';
import type { Clock, Timed } from './clock.ts';
import { ConnectPace } from './connect-pace.ts';
import type { Exchange } from './exchange.ts';
import { Generation } from './generation.ts';
import type { AgentStatus, ProxySettings } from './messages.ts';
import { Queue } from './queue.ts';
import type { ReplyHead } from './reply.ts';

/** A one-shot agent has closed a connection this long after its reply; a keep-alive agent has not. */
const LINGER_MS = 250;
/** An unused connection pins a green thread of one agent worker (contract.md 2.3): not for long. */
const REST_MS = 15_000;
/** A request that the agent never read is tried again this often. */
const LOSSES_MAX = 3;

/**
 * The agent as the request path sees it: takes exchanges, keeps them in turn, and carries at most `concurrency` of them out
 * at once on connections fit for the agent's generation (design D7).
 */
export class Agent implements ConnectionOwner, Timed {
  readonly #settings: ProxySettings;
  readonly #clock: Clock;
  readonly #queue = new Queue<Exchange>();
  readonly #generation: Generation;
  readonly #pace: ConnectPace;
  readonly #busy = new Set<AgentConnection>();
  /** Streaming to clients that read slowly: they hold no turn, the oldest goes when there are too many. */
  readonly #stalled = new Set<AgentConnection>();
  readonly #idle: AgentConnection[] = [];
  readonly #lingering = new Set<AgentConnection>();
  #connecting = 0;
  #answered = false;

  constructor(settings: ProxySettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#generation = new Generation(settings.agent.generation);
    this.#pace = new ConnectPace(settings.agent.retryMs, () => this.#pump());
    clock.watch(this);
  }

  /** Due at every sweep while requests wait. */
  get deadline(): number {
    return this.#queue.size === 0 ? Number.POSITIVE_INFINITY : 0;
  }

  /** Whether requests must fit what a one-shot agent reads, as far as is known. */
  get oneShot(): boolean {
    return this.#generation.state === 'one-shot';
  }

  /** Whether requests say that their connection is not used again: only to an agent configured as one-shot, so that detection sees what the agent does by itself. */
  get saysClose(): boolean {
    return this.#generation.fixed && this.oneShot;
  }

  status(): AgentStatus {
    const { absent, lastError } = this.#pace;
    const state = absent ? 'absent' : this.#answered ? 'answering' : 'unknown';
    const status = { state, generation: this.#generation.state, exchangesOpen: this.#busy.size, queued: this.#queue.size } as const;
    return lastError === undefined ? status : { ...status, lastError };
  }

  /** Takes an exchange over; its receiver hears how it ends. */
  submit(exchange: Exchange): void {
    if (this.#queue.size >= this.#settings.agent.queueLength) {
      exchange.receiver.failed('queue-full');
      return;
    }
    exchange.carrier = this;
    this.#queue.push(exchange);
    this.#pump();
  }

  resume(): void {}

  /** Tells whether the exchange waits for its turn. */
  cancel(exchange: Exchange): void {
    if (this.#queue.remove(exchange)) exchange.carrier = undefined;
  }

  stop(): void {
    this.#clock.unwatch(this);
    this.#pace.stop();
    for (const connection of [...this.#busy, ...this.#stalled, ...this.#idle, ...this.#lingering]) connection.close();
    this.#idle.length = 0;
  }

  expire(now: number): void {
    const reason = this.#pace.absent ? 'agent-absent' : 'queue-timeout';
    for (const exchange of this.#queue.takeExpired(now)) {
      exchange.carrier = undefined;
      exchange.receiver.failed(reason);
    }
  }

  /** Gives waiting exchanges to idle connections, then opens as many new ones as there are exchanges left and turns free. */
  #pump(): void {
    const { concurrency, socket } = this.#settings.agent;
    for (;;) {
      if (this.#busy.size >= concurrency || this.#idle.length === 0) break;
      const next = this.#queue.peek();
      if (next === undefined || next.freshOnly) break;
      const connection = this.#idle.pop();
      if (connection !== undefined) this.#startOn(connection);
    }
    while (
      this.#connecting < this.#queue.size &&
      this.#busy.size + this.#connecting < concurrency &&
      this.#pace.mayConnect(this.#connecting)
    ) {
      this.#connecting += 1;
      new AgentConnection(socket, this.#clock, this.#settings.timeouts, this);
    }
  }

  /** Starts the exchange whose turn it is; without one the connection rests or is closed. */
  #startOn(connection: AgentConnection): void {
    for (;;) {
      const exchange = this.#queue.take();
      if (exchange === undefined) {
        this.#rest(connection);
        return;
      }
      if (!this.#tooLarge(exchange)) {
        this.#busy.add(connection);
        connection.start(exchange);
        return;
      }
    }
  }

  #tooLarge(exchange: Exchange): boolean {
    const { bytes, headBytes } = exchange.request;
    if (bytes.length <= ONE_SHOT_BYTES_MAX || this.#generation.state === 'keep-alive') return false;
    exchange.carrier = undefined;
    exchange.receiver.failed(headBytes > ONE_SHOT_BYTES_MAX ? 'head-too-large-for-agent' : 'body-too-large-for-agent');
    return true;
  }

  #rest(connection: AgentConnection): void {
    if (this.#generation.state !== 'keep-alive' || this.#idle.length >= this.#settings.agent.concurrency) {
      connection.close();
      return;
    }
    connection.rest(REST_MS);
    this.#idle.push(connection);
  }

  connected(connection: AgentConnection): void {
    this.#connecting -= 1;
    this.#pace.succeeded();
    this.#startOn(connection);
    this.#pump();
  }

  connectFailed(_connection: AgentConnection, code: string, message: string): void {
    this.#connecting -= 1;
    if (code !== 'EAGAIN') this.#generation.forget();
    this.#pace.failed(code, message);
  }

  ended(connection: AgentConnection, exchange: Exchange, reply: ReplyHead, reusable: boolean): void {
    this.#release(connection);
    this.#answered = true;
    if (connection.served > 1) this.#generation.servedAgain();
    if (!reusable) {
      if (!reply.keepAlive) this.#generation.closedAfterReply();
      connection.close();
    } else if (this.#generation.state === 'keep-alive') {
      this.#rest(connection);
    } else if (this.#generation.fixed || this.#lingering.size >= this.#settings.agent.concurrency) {
      connection.close();
    } else {
      this.#lingering.add(connection);
      connection.linger(LINGER_MS);
    }
    void exchange;
    this.#pump();
  }

  failed(connection: AgentConnection): void {
    this.#release(connection);
    this.#pump();
  }

  lost(connection: AgentConnection, exchange: Exchange, how: Loss): void {
    this.#release(connection);
    exchange.carrier = undefined;
    if (connection.served > 0) this.#generation.failedAgain();
    exchange.losses += 1;
    const again = how === 'unread' ? exchange.losses <= LOSSES_MAX : connection.served > 0 && exchange.safe;
    if (again) {
      exchange.freshOnly = true;
      exchange.carrier = this;
      this.#queue.pushFront(exchange);
    } else {
      exchange.receiver.failed('agent-closed');
    }
    this.#pump();
  }

  closedIdle(connection: AgentConnection): void {
    const index = this.#idle.indexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
    if (this.#lingering.delete(connection)) this.#generation.closedAfterReply();
    else if (this.#clock.now() - connection.servedAt < LINGER_MS) this.#generation.closedAfterReply();
  }

  lingered(connection: AgentConnection): void {
    this.#lingering.delete(connection);
    this.#generation.stayedOpen();
    for (const other of this.#lingering) this.#rest(other);
    this.#lingering.clear();
    this.#rest(connection);
    this.#pump();
  }

  stalled(connection: AgentConnection): void {
    this.#busy.delete(connection);
    this.#stalled.delete(connection);
    this.#stalled.add(connection);
    if (this.#stalled.size > this.#settings.agent.concurrency) {
      const [oldest] = this.#stalled;
      oldest?.abort();
    }
    this.#pump();
  }

  #release(connection: AgentConnection): void {
    this.#busy.delete(connection);
    this.#stalled.delete(connection);
    this.#pace.roomMade();
  }
}
