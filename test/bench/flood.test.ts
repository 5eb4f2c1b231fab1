import assert from 'node:assert/strict';
import { test } from 'node:test';
import { floodBars, type Troubled } from '../../bench/flood.ts';
import { needed } from '../../bench/statistics.ts';

function troubled(shield: Troubled['shield'], success: number, p99Ratios: readonly number[]): Troubled {
  const [amount, p50Us, p99Us] = [needed([1]), needed([1]), needed([1])];
  return { shield, trouble: 'some', amount, requests: 1000, success, p50Us, p99Us, p99Ratio: needed(p99Ratios) };
}

test('the bars are of the worst trouble without the shield, and of its median round', () => {
  const bars = floodBars({
    rate: 1,
    seconds: 1,
    rounds: 3,
    troubled: [troubled('off', 1, [1]), troubled('off', 0.999, [9, 1.5, 1]), troubled('generic', 0, [100])],
  });
  assert.deepEqual(
    bars.map(({ value, verdict }) => [value, verdict]),
    [
      [99.9, 'missed'],
      [1.5, 'met'],
    ],
  );
});
