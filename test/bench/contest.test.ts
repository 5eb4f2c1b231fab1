import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectBars } from '../../bench/connect.ts';
import { compare, type Pair, ratioOf } from '../../bench/contest/figures.ts';
import type { LoadRun } from '../../bench/contest/run.ts';
import { contestSummary } from '../../bench/contest/summary.ts';
import { difference, parseMachineCpu } from '../../bench/cpu.ts';

function run(load: string, perSecond: number, failed = 0): LoadRun {
  const machineCpu = { user: 20, system: 60, softirq: 20, total: 1e6 / perSecond };
  const proxyCpu = { user: 10, system: 30, total: 40 };
  const times = { p50Us: 100, p90Us: 200, p99Us: perSecond / 10, p999Us: 400 };
  const counts = { started: 1000, ok: 1000 - failed, perSecond, failures: {}, latency: [] };
  return { load, ...counts, ...times, proxyCpu, machineCpu, memory: 2 ** 20 };
}

function pair(load: string, theirs: number, ours: number): Pair {
  return { haproxy: [run(load, theirs)], metasteer: [run(load, ours)] };
}

describe('a comparison', () => {
  const compared = compare([pair('fast', 1000, 1200), pair('fast', 2000, 2200), pair('fast', 500, 800)]);

  test('is made pair by pair: its median need not be the ratio of the medians', () => {
    assert.equal(ratioOf(compared, 'fast', 'perSecond'), 1.2);
    const [first] = compared;
    assert.deepEqual(
      [first?.haproxy.median, first?.metasteer.median, first?.ratio?.min, first?.ratio?.max],
      [1000, 1200, 1.1, 1.6],
    );
  });

  test('with nothing has no ratio', () => {
    assert.equal(ratioOf(compared, 'fast', 'failed'), undefined);
    assert.equal(ratioOf(compared, 'slow', 'perSecond'), undefined);
  });

  test('of a load that only one of them had is an error', () => {
    const half: Pair = { haproxy: [run('fast', 1), run('slow', 1)], metasteer: [] };
    assert.throws(() => compare([half]), RangeError);
  });

  test('is a table per load, with medians, ratio and spread', () => {
    const lines = contestSummary(compare([pair('fast', 1000, 1200), pair('fast', 1000, 1100)]));
    assert.equal(lines[0], 'fast');
    assert.match(lines[2] ?? '', /requests per second +1000 +1150 +1\.15 +1\.10–1\.20$/);
  });
});

test('the bars of connect are of the saturated load, and of the p99 at 60 %', () => {
  const saturated = 'as fast as 32 clients can';
  const at60 = 'at 60 % of what haproxy can';
  const pairs: Pair[] = [
    {
      haproxy: [run(saturated, 1000), run(at60, 600)],
      metasteer: [run(saturated, 1250), run(at60, 900)],
    },
  ];
  assert.deepEqual(
    connectBars({ pairs, compared: compare(pairs) }).map(({ value, verdict }) => [value, verdict]),
    [
      [1.25, 'met'],
      [0.8, 'met'],
      [1, 'missed'],
      [1.5, 'missed'],
    ],
  );
});

test('/proc/stat: nice counts as user, interrupts as softirq, idle and steal as nothing', () => {
  const cpu = parseMachineCpu('cpu  10 2 30 1000 5 1 4 7 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n');
  assert.deepEqual(cpu, { user: 120_000, system: 300_000, softirq: 50_000, total: 470_000 });
  assert.deepEqual(difference(cpu, { user: 20_000, system: 0, softirq: 0, total: 20_000 }), {
    user: 100_000,
    system: 300_000,
    softirq: 50_000,
    total: 450_000,
  });
  assert.throws(() => parseMachineCpu('intr 1'), Error);
});
