// What is said of storms, by made up boots.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram } from '../../bench/histogram.ts';
import { type Storm, stormFigures } from '../../bench/storm/figures.ts';
import type { Boot } from '../../bench/storm/guests.ts';
import { stormSummary } from '../../bench/storm/summary.ts';
import { stormBars } from '../../bench/storm.ts';

const GOOD = (seconds: number): Boot => ({ ok: true, seconds, attempts: 28 });
const BAD = (seconds: number, why: string, document: number): Boot => ({
  ok: false,
  seconds,
  attempts: document + 1,
  why,
  document,
});

function stormOf(guests: readonly Boot[], what: Partial<Pick<Storm, 'agent' | 'contender' | 'manners'>> = {}): Storm {
  const result = { started: 99, seconds: 5, statuses: { 200: 90 }, failures: { reset: 2, refused: 0 } };
  return stormFigures(
    { agent: 'one-shot', contender: 'metasteer', manners: 'wait', ...what },
    {
      guests,
      ...result,
      latency: new Histogram([
        [1000, 98],
        [9000, 2],
      ]),
    },
  );
}

test('boots are counted, with the reasons of those that failed, and in the order in which they ended', () => {
  const storm = stormOf([GOOD(3), BAD(1, '503', 0), GOOD(2), BAD(5, 'timeout', 7), BAD(4, '503', 0)]);
  assert.deepEqual([storm.guests, storm.failed, storm.lastGoodSeconds, storm.seconds], [5, 3, 3, 5]);
  assert.deepEqual(storm.reasons, { '503 at the probe': 2, 'timeout at document 7': 1 });
  assert.deepEqual(storm.over, [
    [1, 0, 1],
    [2, 1, 1],
    [3, 2, 1],
    [4, 2, 2],
    [5, 2, 3],
  ]);
  assert.deepEqual([storm.p50Us, storm.p99Us, storm.failures], [1000, 9000, { reset: 2 }]);
});

test('where no boot was good there is no last one', () => {
  const storm = stormOf([BAD(1, 'refused', 0)]);
  assert.equal('lastGoodSeconds' in storm, false);
  assert.match(stormSummary([storm]).join('\n'), /metasteer +1 +- +99 .* 1× refused at the probe/);
});

test('the table tells what failed at the probe, and what later', () => {
  const storm = stormOf([BAD(1, '503', 0), BAD(1, '503', 4), BAD(1, '503', 5)]);
  assert.match(stormSummary([storm]).join('\n'), / 2× 503 later, 1× 503 at the probe$/);
});

test('the bar is about the worst storm, and shows the incumbent’s beside', () => {
  const theirs = stormOf([BAD(1, '503', 0), BAD(1, '503', 0)], { contender: 'haproxy' });
  const keepAlive = (contender: Storm['contender']) => stormOf([GOOD(1)], { agent: 'keep-alive', contender });
  const others = [theirs, keepAlive('haproxy'), keepAlive('metasteer')];
  const verdicts = (storms: readonly Storm[]) =>
    stormBars({ storms: [...storms, ...others] }).map(({ verdict, value, note }) => [verdict, value, note]);
  assert.deepEqual(verdicts([stormOf([GOOD(1)]), stormOf([GOOD(1)], { manners: 'give-up' })]), [
    ['met', 0, 'haproxy: 2'],
    ['met', 0, 'haproxy: 0'],
  ]);
  assert.deepEqual(verdicts([stormOf([GOOD(1)]), stormOf([BAD(1, '503', 0)], { manners: 'give-up' })])[0], [
    'missed',
    1,
    'haproxy: 2',
  ]);
});
