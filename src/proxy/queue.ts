/** What the queue needs to know of a request that waits. */
export interface Waiting {
  /** Whose turn it is goes round over these objects first … */
  readonly port: object;
  /** … and over the clients of one port second. */
  readonly client: string;
  /** When it stops waiting, on the clock's scale. */
  readonly queueDeadline: number;
}

type Lane<T> = Set<T>;
type Lanes<T> = Map<string, Lane<T>>;

/**
 * Requests that wait for the agent. The turn goes round over ports, and inside a port over client addresses, so that the
 * storm of one tenant, or of one instance, does not delay the others. Bounded by its owner through `size`.
 */
export class Queue<T extends Waiting> {
  /** In the order of turns: whoever was served last stands last. */
  #ports = new Map<object, Lanes<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    let lanes = this.#ports.get(item.port);
    if (lanes === undefined) {
      lanes = new Map();
      this.#ports.set(item.port, lanes);
    }
    const lane = lanes.get(item.client);
    if (lane === undefined) lanes.set(item.client, new Set([item]));
    else lane.add(item);
    this.#size += 1;
  }

  /** Gives an item that was taken already the very next turn. */
  pushFront(item: T): void {
    const lanes: Lanes<T> = this.#ports.get(item.port) ?? new Map();
    const lane = lanes.get(item.client) ?? [];
    lanes.delete(item.client);
    this.#ports.delete(item.port);
    this.#ports = new Map([[item.port, new Map([[item.client, new Set([item, ...lane])], ...lanes])], ...this.#ports]);
    this.#size += 1;
  }

  /** The item whose turn it is. */
  peek(): T | undefined {
    const lanes = firstOf(this.#ports.values());
    return lanes === undefined ? undefined : firstOf(firstOf(lanes.values()) ?? []);
  }

  /** Removes the item whose turn it is and passes the turn on. */
  take(): T | undefined {
    const item = this.peek();
    if (item === undefined) return undefined;
    const lanes = this.#ports.get(item.port);
    const lane = lanes?.get(item.client);
    if (lanes === undefined || lane === undefined) return undefined;
    lane.delete(item);
    lanes.delete(item.client);
    if (lane.size > 0) lanes.set(item.client, lane);
    this.#ports.delete(item.port);
    if (lanes.size > 0) this.#ports.set(item.port, lanes);
    this.#size -= 1;
    return item;
  }

  /** Removes an item that no longer wants its turn. Returns whether it was waiting. */
  remove(item: T): boolean {
    const lanes = this.#ports.get(item.port);
    const lane = lanes?.get(item.client);
    if (lanes === undefined || lane === undefined || !lane.delete(item)) return false;
    if (lane.size === 0) lanes.delete(item.client);
    if (lanes.size === 0) this.#ports.delete(item.port);
    this.#size -= 1;
    return true;
  }

  /** Removes and returns the items whose time is over. */
  takeExpired(now: number): T[] {
    const expired: T[] = [];
    for (const lanes of this.#ports.values()) {
      for (const lane of lanes.values()) {
        for (const item of lane) if (item.queueDeadline <= now) expired.push(item);
      }
    }
    for (const item of expired) this.remove(item);
    return expired;
  }
}

function firstOf<T>(values: Iterable<T>): T | undefined {
  for (const value of values) return value;
  return undefined;
}
