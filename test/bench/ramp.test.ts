// What is said of the ramp, by made up points.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContenderName } from '../../bench/contest/contenders.ts';
import type { LoadRun } from '../../bench/contest/run.ts';
import { rampBars } from '../../bench/ramp/bars.ts';
import { type Axis, planOf, type RampPoint } from '../../bench/ramp/plan.ts';
import { rampSummary } from '../../bench/ramp/summary.ts';

const plan = planOf({ quick: false });

function runOf(proxyUs: number): LoadRun {
  const machineCpu = { user: 60, system: 120, softirq: 20, total: 200 };
  const times = { p50Us: 900, p90Us: 1500, p99Us: 3000, p999Us: 9000, latency: [] };
  const counts = { load: 'any', started: 2000, ok: 1999, perSecond: 500, failures: {} };
  return { ...counts, ...times, proxyCpu: { user: 0, system: proxyUs, total: proxyUs }, machineCpu, memory: 2 ** 26 };
}

function point(axis: Axis, contender: ContenderName, amount: number, proxyUs: number): RampPoint {
  return { axis, contender, amount, run: runOf(proxyUs) };
}

const POINTS = [
  point('ports', 'haproxy', 1, 150),
  point('ports', 'haproxy', 100, 300),
  point('ports', 'metasteer', 1, 100),
  point('ports', 'metasteer', 10, 900),
  point('ports', 'metasteer', 1000, 120),
  point('idle', 'metasteer', 0, 100),
  { ...point('idle', 'metasteer', 10_000, 200), open: 9_999 },
];

test('the far end of what grows is judged by the near one, metasteer alone', () => {
  const bars = rampBars({ plan, points: POINTS });
  assert.deepEqual(
    bars.map(({ name, value, verdict }) => [name, value, verdict]),
    [
      ['CPU of metasteer per request with 1,000 routers, with 1 router = 1', 1.2, 'met'],
      ['CPU of metasteer per request with 10,000 idle connections, with 0 idle connections = 1', 2, 'missed'],
    ],
  );
});

test('where nothing grew there is nothing to judge', () => {
  const points = [point('ports', 'metasteer', 1, 100), point('idle', 'haproxy', 0, 100)];
  assert.deepEqual(
    rampBars({ plan, points }).map(({ verdict }) => verdict),
    ['not measured', 'not measured'],
  );
});

test('the tables have a row for each point, by amount, and tell connections that were lost', () => {
  const lines = rampSummary({ plan, points: POINTS });
  const rows = lines.filter((line) => /haproxy|metasteer/.test(line)).map((line) => line.trim().split(/ {2,}/));
  assert.deepEqual(
    rows.map(([amount, contender, cpu]) => [amount, contender, cpu]),
    [
      ['1', 'haproxy', '150 µs'],
      ['1', 'metasteer', '100 µs'],
      ['10', 'metasteer', '900 µs'],
      ['100', 'haproxy', '300 µs'],
      ['1000', 'metasteer', '120 µs'],
      ['0', 'metasteer', '100 µs'],
      ['10000 (9999 at the end)', 'metasteer', '200 µs'],
    ],
  );
});
