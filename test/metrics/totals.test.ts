import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RunningTotals } from '../../src/metrics/totals.ts';

describe('running totals', () => {
  test('add up what several sources counted', () => {
    const totals = new RunningTotals();
    totals.take('a', [['requests', 5]]);
    totals.take('b', [['requests', 7]]);
    totals.take('a', [['requests', 6]]);
    assert.equal(totals.get('requests'), 13);
  });

  test('do not shrink when a source is gone or begins anew', () => {
    const totals = new RunningTotals();
    totals.take('a', [['requests', 5]]);
    totals.keepSources(new Set());
    assert.equal(totals.get('requests'), 5);
    totals.take('a', [['requests', 4]]);
    assert.equal(totals.get('requests'), 9);
    totals.take('a', [['requests', 1]]);
    assert.equal(totals.get('requests'), 10);
  });

  test('are zero for what nobody counted, and can be listed by the beginning of their names', () => {
    const totals = new RunningTotals();
    totals.take('a', [
      ['refused queue-full', 2],
      ['refused evicted', 1],
      ['requests', 9],
    ]);
    assert.equal(totals.get('bytes'), 0);
    assert.deepEqual(totals.under('refused '), { 'queue-full': 2, evicted: 1 });
  });

  test('forget names that are no longer wanted', () => {
    const totals = new RunningTotals();
    totals.take('a', [
      ['x', 2],
      ['y', 1],
    ]);
    totals.keepNames((name) => name === 'y');
    assert.deepEqual(totals.under(''), { y: 1 });
  });
});
