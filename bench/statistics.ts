/** What many measurements of one thing come to, in the unit of the values. */
export interface Summary {
  readonly count: number;
  readonly min: number;
  readonly p25: number;
  readonly median: number;
  readonly p75: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * The nearest-rank percentile: the smallest value that at least `percent` % of the values do not exceed. With fewer
 * than 100 values the 99th is the largest.
 *
 * @throws {RangeError} without values, or for a percentage outside 0 < percent ≤ 100
 */
export function percentile(values: readonly number[], percent: number): number {
  if (!(percent > 0 && percent <= 100)) throw new RangeError(`not a percentage: ${percent}`);
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.ceil((percent / 100) * sorted.length) - 1];
  if (value === undefined) throw new RangeError('no values');
  return value;
}

/** The middle value, or the mean of the two in the middle. @throws {RangeError} without values */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) throw new RangeError('no values');
  const lower = sorted.length % 2 === 0 ? (sorted[middle - 1] ?? upper) : upper;
  return (lower + upper) / 2;
}

/** Undefined without values: then there is nothing to say. */
export function summarise(values: readonly number[]): Summary | undefined {
  if (values.length === 0) return undefined;
  return {
    count: values.length,
    min: Math.min(...values),
    p25: percentile(values, 25),
    median: median(values),
    p75: percentile(values, 75),
    p99: percentile(values, 99),
    max: Math.max(...values),
  };
}

/** As `summarise`, where there are values. @throws {RangeError} without */
export function needed(values: readonly number[]): Summary {
  const summary = summarise(values);
  if (summary === undefined) throw new RangeError('no values');
  return summary;
}
