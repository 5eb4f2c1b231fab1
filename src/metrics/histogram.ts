/**
 * Upper bounds of the buckets of every histogram of times, in seconds; what is longer is in one more. From what a cached
 * answer takes to the timeouts of haproxy (contract.md 1.1).
 */
export const DURATION_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 32] as const;

/** What a histogram has counted. */
export interface HistogramCounts {
  /** Times by bucket, each in one alone: one more than there are bounds. */
  readonly counts: readonly number[];
  /** Seconds. */
  readonly sum: number;
}

/** Counts times by their length. Its size is fixed. */
export class Histogram {
  readonly #counts: number[] = new Array(DURATION_BOUNDS.length + 1).fill(0);
  #sum = 0;

  /** @param ms milliseconds; what is negative counts as nothing */
  observe(ms: number): void {
    const seconds = Math.max(0, ms) / 1000;
    let bucket = 0;
    while (bucket < DURATION_BOUNDS.length && seconds > (DURATION_BOUNDS[bucket] ?? 0)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += seconds;
  }

  get counted(): HistogramCounts {
    return { counts: [...this.#counts], sum: this.#sum };
  }
}
