export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** So much per second, and so much at once: what is not used is saved up to the burst. */
export class Budget {
  readonly #perMs: number;
  readonly #burst: number;
  #left: number;
  #at: number;

  constructor({ perSecond, burst }: Rate, now = performance.now()) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#left = burst;
    this.#at = now;
  }

  /** False, and nothing is taken, where there is not so much. @param now in milliseconds, never less than before */
  take(amount: number, now = performance.now()): boolean {
    this.#left = Math.min(this.#burst, this.#left + (now - this.#at) * this.#perMs);
    this.#at = now;
    if (this.#left < amount) return false;
    this.#left -= amount;
    return true;
  }
}
