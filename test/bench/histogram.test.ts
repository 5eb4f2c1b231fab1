import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram } from '../../bench/histogram.ts';

test('a percentile is the shortest time that so many do not exceed', () => {
  const histogram = new Histogram([
    [10, 50],
    [20, 49],
    [500, 1],
  ]);
  assert.equal(histogram.total, 100);
  assert.deepEqual(
    [1, 50, 50.5, 99, 99.5, 100].map((percent) => histogram.percentile(percent)),
    [10, 10, 20, 20, 500, 500],
  );
});

test('merged, it has counted what both have', () => {
  const merged = new Histogram([[10, 1]]).merge(
    new Histogram([
      [5, 2],
      [10, 3],
    ]),
  );
  assert.deepEqual(merged.buckets, [
    [5, 2],
    [10, 4],
  ]);
  assert.equal(merged.total, 6);
});

test('of nothing, or at no percentage, there is no percentile', () => {
  assert.throws(() => new Histogram().percentile(50), RangeError);
  for (const percent of [0, 101, Number.NaN])
    assert.throws(() => new Histogram([[1, 1]]).percentile(percent), RangeError);
});
