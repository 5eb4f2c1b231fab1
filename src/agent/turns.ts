import type { Caller } from './caller.ts';
import { type Reason, Refusal } from './refuse.ts';

interface Waiting {
  readonly caller: Caller;
  readonly deadline: number;
  readonly begin: () => void;
  readonly end: (reason: Reason) => void;
}

/**
 * Turns to ask nova: so many at once, and a queue of those who wait, of bounded length and for a bounded time. First come,
 * first served.
 */
export class Turns {
  readonly #countMax: number;
  readonly #queueMax: number;
  readonly #waitMs: number;
  /** A set keeps the order in which entries came, and removes from its middle. */
  readonly #queue = new Set<Waiting>();
  #taken = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(countMax: number, queueMax: number, waitMs: number) {
    this.#countMax = countMax;
    this.#queueMax = queueMax;
    this.#waitMs = waitMs;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** Takes a turn if one is free, so that nothing is waited for that is there. */
  take(): boolean {
    if (this.#taken >= this.#countMax) return false;
    this.#taken += 1;
    return true;
  }

  /**
   * Waits for a turn. Each one that is got must be given back.
   *
   * @throws {Refusal} `nova-queue-full`, `nova-queue-timeout`, `client-left`
   */
  wait(caller: Caller): Promise<void> {
    if (this.#queue.size >= this.#queueMax) throw new Refusal('nova-queue-full');
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        caller,
        deadline: performance.now() + this.#waitMs,
        begin: resolve,
        end: (reason) => reject(new Refusal(reason)),
      };
      this.#queue.add(waiting);
      this.#arm();
      caller.whenLeft(() => this.#end(waiting, 'client-left'));
    });
  }

  giveBack(): void {
    const [first] = this.#queue;
    if (first === undefined) {
      this.#taken -= 1;
      return;
    }
    // The turn goes on from one to the next.
    this.#queue.delete(first);
    first.caller.whenLeft(undefined);
    first.begin();
  }

  /** Ends all who wait. */
  close(): void {
    for (const waiting of this.#queue) this.#end(waiting, 'nova-queue-timeout');
  }

  #end(waiting: Waiting, reason: Reason): void {
    if (!this.#queue.delete(waiting)) return;
    waiting.caller.whenLeft(undefined);
    waiting.end(reason);
  }

  /** All wait equally long, so the first is always the first to have waited too long. */
  #arm(): void {
    const [first] = this.#queue;
    if (first === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#expire(), Math.max(1, first.deadline - performance.now()));
    this.#timer.unref();
  }

  #expire(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const waiting of this.#queue) {
      if (waiting.deadline > now) break;
      this.#end(waiting, 'nova-queue-timeout');
    }
    this.#arm();
  }
}
