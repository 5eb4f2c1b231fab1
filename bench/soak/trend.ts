import { median } from '../statistics.ts';

/** A figure at a moment. */
export type TimePoint = readonly [seconds: number, value: number];

/**
 * How much a figure grows per minute: the median of the slopes between any two points (Theil and Sen). Garbage collection
 * makes memory rise and fall, and single points say nothing; the median does not follow them.
 *
 * @throws {RangeError} with fewer than two moments
 */
export function growthPerMinute(points: readonly TimePoint[]): number {
  const slopes = points.flatMap(([at, value], index) =>
    points
      .slice(index + 1)
      .filter(([later]) => later > at)
      .map(([later, other]) => ((other - value) / (later - at)) * 60),
  );
  return median(slopes);
}

/**
 * What is left when garbage was collected: at each moment the lowest value of the time before it. Teeth that are as long as that
 * time, or shorter, are gone.
 */
export function lowest(points: readonly TimePoint[], withinSeconds: number): readonly TimePoint[] {
  return points.map(([at]) => {
    const before = points.filter(([other]) => other <= at && other > at - withinSeconds);
    return [at, Math.min(...before.map(([, value]) => value))];
  });
}

/** The median of the last quarter of the points less that of the first. @throws {RangeError} without points */
export function change(points: readonly TimePoint[]): number {
  const quarter = Math.ceil(points.length / 4);
  const middle = (some: readonly TimePoint[]) => median(some.map(([, value]) => value));
  return middle(points.slice(-quarter)) - middle(points.slice(0, quarter));
}
