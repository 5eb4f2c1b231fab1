/** Something with a time limit. */
export interface Timed {
  /** When `expire` is due, on the clock's scale; Infinity for never. Changing it costs nothing. */
  readonly deadline: number;
  /** Called once the deadline has passed, again at every sweep until the deadline is moved or the watch ends. */
  expire(now: number): void;
}

/** From one look at the deadlines to the next: how late a time limit may act, in milliseconds. */
export const SWEEP_MS = 200;

/**
 * All time limits of the request path: one interval that looks at every deadline, instead of a timer per socket.
 * It runs only while there is something to watch.
 */
export class Clock {
  readonly #watched = new Set<Timed>();
  #interval: NodeJS.Timeout | undefined;

  /** Milliseconds since the process began; never goes back. */
  now(): number {
    return performance.now();
  }

  watch(timed: Timed): void {
    this.#watched.add(timed);
    this.#interval ??= setInterval(() => this.#sweep(), SWEEP_MS);
  }

  unwatch(timed: Timed): void {
    this.#watched.delete(timed);
  }

  #sweep(): void {
    if (this.#watched.size === 0) {
      clearInterval(this.#interval);
      this.#interval = undefined;
      return;
    }
    const now = this.now();
    for (const timed of this.#watched) if (timed.deadline <= now) timed.expire(now);
  }
}
