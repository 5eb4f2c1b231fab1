/** Memory at a number of routers, in bytes. */
export interface Point {
  readonly routers: number;
  readonly bytes: number;
}

/** How a figure came about: between two measured points, or beyond the last one. */
export type Origin = 'measured' | 'interpolated' | 'extrapolated';

export interface Estimate {
  readonly bytes: number;
  readonly origin: Origin;
}

export interface BreakEven {
  readonly routers: number;
  /** The less certain of the two sides. */
  readonly origin: Origin;
}

const ORIGINS: readonly Origin[] = ['measured', 'interpolated', 'extrapolated'];

/**
 * Memory at any number of routers: straight lines between the measured points, and beyond the last one the line through
 * the last two, so that what is needed once and what is needed per router stay apart.
 *
 * @param points ascending, two at least, the first with the fewest routers asked for
 * @throws {RangeError} with fewer points, or below the first
 */
export function estimateAt(points: readonly Point[], routers: number): Estimate {
  const exact = points.find((point) => point.routers === routers);
  if (exact !== undefined) return { bytes: exact.bytes, origin: 'measured' };
  const next = points.findIndex((point) => point.routers > routers);
  const right = points.at(next === -1 ? -1 : next);
  const left = points.at(next === -1 ? -2 : next - 1);
  if (points.length < 2 || next === 0 || left === undefined || right === undefined) {
    throw new RangeError(`no line through ${routers} routers`);
  }
  const slope = (right.bytes - left.bytes) / (right.routers - left.routers);
  const bytes = left.bytes + slope * (routers - left.routers);
  return { bytes, origin: next === -1 ? 'extrapolated' : 'interpolated' };
}

/** The fewest routers, of at most `most`, at which the first side needs no more than the second. */
export function breakEven(ours: readonly Point[], theirs: readonly Point[], most: number): BreakEven | undefined {
  for (let routers = 1; routers <= most; routers += 1) {
    const [mine, other] = [estimateAt(ours, routers), estimateAt(theirs, routers)];
    if (mine.bytes <= other.bytes) return { routers, origin: lessCertain(mine.origin, other.origin) };
  }
  return undefined;
}

/** The one further from a measurement. */
export function lessCertain(one: Origin, other: Origin): Origin {
  return ORIGINS.indexOf(one) > ORIGINS.indexOf(other) ? one : other;
}
