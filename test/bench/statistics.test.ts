import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { median, percentile, summarise } from '../../bench/statistics.ts';

const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

describe('a percentile is the smallest value that so many do not exceed:', () => {
  const cases: readonly [percent: number, values: readonly number[], expected: number][] = [
    [50, [3], 3],
    [50, [2, 1], 1],
    [51, [2, 1], 2],
    [99, hundred, 99],
    [100, hundred, 100],
    [1, hundred, 1],
    [99, [5, 1, 4], 5],
    [25, [10, 9, 2], 2],
  ];
  for (const [percent, values, expected] of cases) {
    test(`${percent} % of ${values.length} values`, () => assert.equal(percentile(values, percent), expected));
  }

  test('there is none of nothing, and none at 0 %, beyond 100 % or at no number', () => {
    for (const [values, percent] of [
      [[], 50],
      [[1], 0],
      [[1], 101],
      [[1], Number.NaN],
    ] as const) {
      assert.throws(() => percentile(values, percent), RangeError);
    }
  });
});

test('numbers are sorted as numbers, and the values stay as they were', () => {
  const values = [10, 9, 100];
  assert.equal(median(values), 10);
  assert.deepEqual(values, [10, 9, 100]);
});

test('of an even number of values the median lies between the two in the middle', () => {
  assert.equal(median([4, 1, 2, 3]), 2.5);
});

test('a summary has the spread beside the median', () => {
  assert.deepEqual(summarise([4, 1, 2, 3]), { count: 4, min: 1, p25: 1, median: 2.5, p75: 3, p99: 4, max: 4 });
});

test('nothing has no summary and no median', () => {
  assert.equal(summarise([]), undefined);
  assert.throws(() => median([]), RangeError);
});
