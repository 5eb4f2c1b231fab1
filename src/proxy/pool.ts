import type { AgentConnection } from './agent-connection.ts';
import { STALLED_MAX } from './agent-limits.ts';

/** An unused connection pins a green thread of one agent worker (contract.md 2.3): not for long. */
const REST_MS = 15_000;

/** The open connections to the agent, by what they do. At most `size` may serve, and at most `size` wait, at once; it may change. */
export class Pool {
  readonly #size: () => number;
  readonly #busy = new Set<AgentConnection>();
  /** Streaming to clients that read slowly: they hold no turn. */
  readonly #stalled = new Set<AgentConnection>();
  /** Serving their last exchange, with an agent that has been replaced: its successor owes them no turn. */
  readonly #retired = new Set<AgentConnection>();
  /** Ready to be used again; the last used first. */
  readonly #idle: AgentConnection[] = [];
  /** Waiting for what the agent does after its reply. */
  readonly #lingering = new Set<AgentConnection>();

  constructor(size: () => number) {
    this.#size = size;
  }

  get size(): number {
    return this.#size();
  }

  /** Exchanges under way that hold a turn. */
  get busy(): number {
    return this.#busy.size;
  }

  get hasIdle(): boolean {
    return this.#idle.length > 0;
  }

  takeIdle(): AgentConnection | undefined {
    return this.#idle.pop();
  }

  serve(connection: AgentConnection): void {
    this.#busy.add(connection);
  }

  /** The exchange on it is over. */
  release(connection: AgentConnection): void {
    for (const set of [this.#busy, this.#stalled, this.#retired]) set.delete(connection);
  }

  /** The client of the exchange on it does not read. When too many do not, the one that has waited longest is given up. */
  stall(connection: AgentConnection): void {
    this.release(connection);
    this.#stalled.add(connection);
    keepNewest(this.#stalled, STALLED_MAX);
  }

  /** Keeps the connection for another exchange, if there is use for it. */
  rest(connection: AgentConnection): void {
    if (this.#idle.length + this.#busy.size >= this.size) {
      connection.close();
      return;
    }
    connection.rest(REST_MS);
    this.#idle.push(connection);
  }

  /** Keeps the connection to see what the agent does with it. */
  linger(connection: AgentConnection, ms: number): void {
    if (this.#lingering.size >= this.size) {
      connection.close();
      return;
    }
    this.#lingering.add(connection);
    connection.linger(ms);
  }

  /** All connections that lingered are kept for further exchanges. */
  restLingering(): void {
    const lingering = [...this.#lingering];
    this.#lingering.clear();
    for (const connection of lingering) this.rest(connection);
  }

  /** A connection closed while nothing was asked of it. Returns whether it was lingering. */
  closed(connection: AgentConnection): boolean {
    const index = this.#idle.indexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
    return this.#lingering.delete(connection);
  }

  /**
   * Closes those that nothing is asked of, and lets the others serve no more than what they serve now. They hold no turn
   * from then on: the agent that was replaced may hang, and its successor is idle.
   */
  retireAll(): void {
    for (const connection of [...this.#idle, ...this.#lingering]) connection.close();
    this.#idle.length = 0;
    this.#lingering.clear();
    for (const connection of this.#stalled) connection.retired = true;
    for (const connection of this.#busy) {
      connection.retired = true;
      this.#retired.add(connection);
    }
    this.#busy.clear();
    keepNewest(this.#retired, STALLED_MAX);
  }

  closeAll(): void {
    this.retireAll();
    for (const set of [this.#stalled, this.#retired]) {
      for (const connection of set) connection.close();
      set.clear();
    }
  }
}

/** Gives up the oldest while there are more; ending one takes it out of its set. */
function keepNewest(connections: ReadonlySet<AgentConnection>, most: number): void {
  for (const oldest of connections) {
    if (connections.size <= most) return;
    oldest.abort();
  }
}
