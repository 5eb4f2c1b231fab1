/** How often which time was measured, as the load generator counts them: each time as the longest of its bucket, in microseconds. */
export class Histogram {
  readonly #counts = new Map<number, number>();
  #total = 0;

  /** @param buckets pairs of a time and its count, as `Histogram.buckets` gives them */
  constructor(buckets: readonly (readonly [us: number, count: number])[] = []) {
    for (const [us, count] of buckets) this.#add(us, count);
  }

  get total(): number {
    return this.#total;
  }

  /** In ascending order of times. */
  get buckets(): readonly (readonly [us: number, count: number])[] {
    return [...this.#counts].sort(([a], [b]) => a - b);
  }

  /** Adds all that another has counted. */
  merge(other: Histogram): this {
    for (const [us, count] of other.buckets) this.#add(us, count);
    return this;
  }

  /**
   * The nearest-rank percentile in microseconds: at least `percent` % of the times do not exceed it.
   *
   * @throws {RangeError} when nothing was counted, or for a percentage outside 0 < percent ≤ 100
   */
  percentile(percent: number): number {
    if (!(percent > 0 && percent <= 100)) throw new RangeError(`not a percentage: ${percent}`);
    let left = Math.ceil((percent / 100) * this.#total);
    for (const [us, count] of this.buckets) {
      left -= count;
      if (left <= 0 && count > 0) return us;
    }
    throw new RangeError('nothing was counted');
  }

  #add(us: number, count: number): void {
    this.#counts.set(us, (this.#counts.get(us) ?? 0) + count);
    this.#total += count;
  }
}
