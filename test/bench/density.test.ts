import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BenchOptions } from '../../bench/case.ts';
import { type DensityFigures, densityBars } from '../../bench/density/bars.ts';
import { breakEven, estimateAt, lessCertain } from '../../bench/density/curve.ts';
import { idleSettings, idleTime, withLook } from '../../bench/density/idle.ts';
import { planOf } from '../../bench/density/plan.ts';
import { densitySummary } from '../../bench/density/summary.ts';
import { sampleFigures } from './sample-figures.ts';

const MIB = 2 ** 20;
const theirs = [
  { routers: 0, bytes: 0 },
  { routers: 10, bytes: 40 },
  { routers: 100, bytes: 310 },
];

describe('memory at a number of routers', () => {
  const cases: readonly [routers: number, bytes: number, origin: string][] = [
    [0, 0, 'measured'],
    [10, 40, 'measured'],
    [5, 20, 'interpolated'],
    [40, 130, 'interpolated'],
    [1000, 3010, 'extrapolated'],
  ];
  for (const [routers, bytes, origin] of cases) {
    test(`is ${origin} at ${routers}`, () => assert.deepEqual(estimateAt(theirs, routers), { bytes, origin }));
  }

  test('cannot be said from one point, nor below the first', () => {
    assert.throws(() => estimateAt(theirs.slice(0, 1), 5), RangeError);
    assert.throws(() => estimateAt(theirs.slice(1), 5), RangeError);
  });
});

describe('break-even', () => {
  const ours = [
    { routers: 0, bytes: 70 },
    { routers: 100, bytes: 90 },
  ];

  test('is the first number of routers at which ours needs no more', () => {
    // 70 + 0.2 n against 40 + 3 (n - 10): from 60 / 2.8 = 21.4 on.
    assert.deepEqual(breakEven(ours, theirs, 1000), { routers: 22, origin: 'interpolated' });
  });

  test('says when it lies beyond what was measured', () => {
    const heavy = ours.map(({ routers, bytes }) => ({ routers, bytes: bytes + 300 }));
    assert.equal(breakEven(heavy, theirs, 1000)?.origin, 'extrapolated');
  });

  test('may never come', () => {
    assert.equal(
      breakEven(
        ours,
        [
          { routers: 0, bytes: 0 },
          { routers: 9, bytes: 1 },
        ],
        1000,
      ),
      undefined,
    );
  });
});

test('of two origins the one further from a measurement counts', () => {
  assert.equal(lessCertain('measured', 'interpolated'), 'interpolated');
  assert.equal(lessCertain('extrapolated', 'interpolated'), 'extrapolated');
  assert.equal(lessCertain('measured', 'measured'), 'measured');
});

describe('the plan', () => {
  const cases: readonly [
    title: string,
    options: BenchOptions,
    routers: readonly number[],
    haproxies: readonly number[],
  ][] = [
    ['starts no more than 100 haproxies', { quick: false }, [10, 100, 1000], [10, 100]],
    ['is smaller when it shall be quick', { quick: true }, [10, 50], [10, 50]],
    ['takes other numbers', { quick: false, routers: [20, 300] }, [20, 300], [20, 100]],
    ['starts as many haproxies as it may', { quick: false, haproxies: 1000 }, [10, 100, 1000], [10, 100, 1000]],
    ['starts fewer haproxies than routers', { quick: true, haproxies: 5 }, [10, 50], [5]],
  ];
  for (const [title, options, routers, haproxies] of cases) {
    test(title, () => {
      const plan = planOf(options);
      assert.deepEqual([plan.routers, plan.haproxies], [routers, haproxies]);
    });
  }
});

describe('with many routers the regular look at all of them is counted:', () => {
  const sizes = [0, 100, 500, 1000];
  const standard = planOf({ quick: false });
  const thorough = planOf({ quick: false, thorough: true });

  test('it is had sooner than in service', () => {
    assert.deepEqual(
      sizes.map((routers) => idleTime(standard, routers)),
      [5, 5, 32, 32],
    );
    const settings = sizes.map((routers) => idleSettings(standard, routers));
    assert.deepEqual(settings, [{}, {}, { discovery: { rescan: '36s' } }, { discovery: { rescan: '36s' } }]);
  });

  test('or waited for when there is time', () => {
    assert.deepEqual(
      sizes.map((routers) => idleTime(thorough, routers)),
      [30, 30, 300, 300],
    );
    assert.deepEqual(idleSettings(thorough, 1000), {});
  });

  test('one that came sooner is shared out to the time between two looks in service', () => {
    // 2 ms per second in quiet, and 25 s with a look of 300 ms.
    const idle = withLook(2, 350, 25);
    assert.deepEqual(idle, { idleCpuPercent: 0.2 + 0.1, quietCpuPercent: 0.2, lookCpuMs: 300 });
  });

  test('a look that cost less than the noise of the rest counts as nothing', () => {
    assert.deepEqual(withLook(2, 49, 25), { idleCpuPercent: 0.2, quietCpuPercent: 0.2, lookCpuMs: 0 });
  });
});

describe('the bars', () => {
  const verdicts = (figures: DensityFigures) => densityBars(figures).map(({ verdict }) => verdict);

  test('are met by figures on the right side of them', () => {
    const bars = densityBars(sampleFigures());
    assert.deepEqual(verdicts(sampleFigures()), ['met', 'met', 'met', 'met', 'met']);
    assert.equal(bars[1]?.value, (150 * MIB) / (3500 * MIB));
    assert.equal(bars[1]?.note, 'extrapolated');
    assert.equal(bars[2]?.note, 'at 1000');
  });

  test('are missed by figures on the wrong side', () => {
    const slow = { startMs: 20_001, idleCpuPercent: 1.5, bytes: 200 * MIB, median: 101 };
    assert.deepEqual(verdicts(sampleFigures(slow)), ['met', 'missed', 'missed', 'missed', 'missed']);
  });

  test('a router that was not answered leaves readiness without a value', () => {
    assert.equal(verdicts(sampleFigures({ unanswered: 1 }))[2], 'not measured');
  });

  test('without 1,000 routers nothing is said about them', () => {
    const { metasteer, ...rest } = sampleFigures();
    const few = { ...rest, metasteer: metasteer.filter(({ routers }) => routers < 500) };
    assert.deepEqual(verdicts(few), ['met', ...Array.from({ length: 4 }, () => 'not measured')]);
  });

  test('without haproxies nothing is compared', () => {
    const { incumbent, ...rest } = sampleFigures();
    const alone = { ...rest, incumbent: { ...incumbent, points: [] } };
    assert.deepEqual(verdicts(alone).slice(0, 2), ['not measured', 'not measured']);
  });
});

test('the summary marks what is extrapolated, and only that', () => {
  const lines = densitySummary(sampleFigures());
  const row = (routers: number) => lines.find((line) => line.trimStart().startsWith(`${routers} `)) ?? '';
  assert.match(row(1000), /3500 MiB\*/);
  assert.doesNotMatch(row(100), /\*/);
  assert.ok(lines.includes('  * extrapolated from 100 haproxies'));
  assert.doesNotMatch(lines.join('\n'), /NaN|undefined|Infinity/);
});

test('idle time in which others made namespaces is marked in the table and at the bar', () => {
  const figures = sampleFigures({ idleUndisturbed: false });
  assert.match(densitySummary(figures).join('\n'), /0\.3 %~/);
  assert.equal(densityBars(figures)[3]?.note, 'others made or removed namespaces');
});

test('the summary says why there are fewer haproxies', () => {
  const { incumbent, ...rest } = sampleFigures();
  const lines = densitySummary({ ...rest, incumbent: { ...incumbent, stoppedBecause: 'no memory was left' } });
  assert.ok(lines.includes('  fewer haproxies: no memory was left'));
});
