// Needs no privileges. When the XDP shield of a port goes up and down.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextShieldState, SHIELD_DOWN } from '../../src/control/shield-state.ts';

const THRESHOLDS = { on: 1000, calmMs: 3000 };

/** States after each second with so many drops, `U` for up. */
function course(drops: readonly number[]): string {
  let state = SHIELD_DOWN;
  return drops
    .map((count) => {
      state = nextShieldState(state, count, 1000, THRESHOLDS);
      return state.isUp ? 'U' : '-';
    })
    .join('');
}

for (const [title, drops, expected] of [
  ['nothing dropped leaves it down', [0, 0, 0], '---'],
  ['one loud second is not enough', [5000, 0, 0, 0], '----'],
  ['two loud seconds with a pause are not enough', [5000, 0, 5000, 0], '----'],
  ['two loud seconds in a row put it up', [1000, 1000], '-U'],
  ['just below the threshold is not loud', [999, 999, 999], '---'],
  ['it stays up while a quarter is still dropped', [1000, 1000, 250, 250, 250, 250], '-UUUUU'],
  ['it goes down when it was calm for long enough', [1000, 1000, 249, 0, 0, 0], '-UUU--'],
  ['a loud second begins the calm anew', [1000, 1000, 0, 0, 300, 0, 0, 0], '-UUUUUU-'],
  ['it goes up again', [1000, 1000, 0, 0, 0, 1000, 1000], '-UUU--U'],
] as const) {
  test(title, () => assert.equal(course(drops), expected));
}

test('what counts is the rate, however long a look took to come', () => {
  const once = nextShieldState(SHIELD_DOWN, 1999, 2000, THRESHOLDS);
  assert.equal(nextShieldState(once, 1999, 2000, THRESHOLDS).isUp, false);
  const loud = nextShieldState(SHIELD_DOWN, 2000, 2000, THRESHOLDS);
  assert.equal(nextShieldState(loud, 2000, 2000, THRESHOLDS).isUp, true);
});
