// What is said of a soak, by made up samples.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { soakBars, warmUpOf } from '../../bench/soak/bars.ts';
import type { Sample } from '../../bench/soak/sample.ts';
import { soakSummary } from '../../bench/soak/summary.ts';
import { change, growthPerMinute, lowest } from '../../bench/soak/trend.ts';

const MIB = 2 ** 20;

describe('growth', () => {
  test('of a straight line is its slope', () => {
    const line = Array.from({ length: 20 }, (_, n) => [n * 5, 100 + n] as const);
    assert.ok(Math.abs(growthPerMinute(line) - 12) < 1e-9);
  });

  test('does not follow the saw teeth of garbage collection', () => {
    const teeth = Array.from({ length: 100 }, (_, n) => [n * 5, 100 + (n % 10) * 3] as const);
    assert.ok(Math.abs(growthPerMinute(teeth)) < 0.5, String(growthPerMinute(teeth)));
  });

  test('is seen through the teeth', () => {
    const teeth = Array.from({ length: 100 }, (_, n) => [n * 5, 100 + (n % 10) * 3 + n] as const);
    assert.ok(growthPerMinute(teeth) > 10, String(growthPerMinute(teeth)));
  });

  test('of what is left after collections is flat wherever the run begins and ends between two', () => {
    for (let phase = 0; phase < 21; phase += 1) {
      const teeth = Array.from({ length: 60 }, (_, n) => [n * 5, 100 + ((n + phase) % 21)] as const);
      const left = lowest(teeth, 130).filter(([at]) => at >= 130);
      assert.ok(Math.abs(growthPerMinute(left)) < 1e-9, `${phase}: ${growthPerMinute(left)}`);
    }
  });

  test('of what is left after collections is seen', () => {
    const teeth = Array.from({ length: 60 }, (_, n) => [n * 5, 100 + (n % 21) + n] as const);
    const left = lowest(teeth, 130).filter(([at]) => at >= 130);
    assert.ok(growthPerMinute(left) > 9, String(growthPerMinute(left)));
  });

  test('needs two moments', () => {
    assert.throws(() => growthPerMinute([[1, 1]]), RangeError);
  });
});

test('change is the last quarter less the first, by their medians', () => {
  const points = [1, 1, 50, 7, 7, 7, 3, 3, 90].map((value, index) => [index, value] as const);
  assert.equal(change(points), 2);
});

interface Growth {
  readonly pss?: number;
  readonly descriptors?: number;
  readonly maps?: number;
}

/** Samples every five seconds; what grows is told in bytes, descriptors and maps a minute. */
function samplesOf({ pss = 0, descriptors = 0, maps = 0 }: Growth, minutes = 10): readonly Sample[] {
  return Array.from({ length: minutes * 12 }, (_, n) => {
    const minute = n / 12;
    const warm = Math.min(1, minute / 2) * 30 * MIB;
    const process = { pss: 60 * MIB + warm + (pss * minute) / 2, descriptors: 40 + Math.round(descriptors * minute) };
    const bpf = { maps: 12 + Math.round(maps * minute), mapBytes: MIB, programs: 5 };
    return { seconds: n * 5, remade: n * 2, supervisor: process, workers: process, processes: 2, ...bpf, kernel: MIB };
  });
}

function verdicts(growth: Growth, { minutes = 10, ok = 1000 } = {}) {
  const load = { name: 'any', started: 1000, ok, p50Us: 1, p99Us: 1, failures: {}, statuses: {}, latency: [] };
  const figures = {
    minutes,
    warmUp: warmUpOf(minutes * 60),
    routers: 20,
    loads: [load],
    samples: samplesOf(growth, minutes),
  };
  return soakBars(figures).map(({ verdict }) => verdict);
}

describe('the bars of a soak', () => {
  test('are met where nothing grows but what warms up', () => {
    assert.deepEqual(verdicts({}), ['met', 'met', 'met', 'met']);
  });

  test('see memory, descriptors and maps that leak, and requests that fail', () => {
    assert.deepEqual(verdicts({ pss: MIB }), ['missed', 'met', 'met', 'met']);
    assert.deepEqual(verdicts({ descriptors: 1 }), ['met', 'missed', 'met', 'met']);
    assert.deepEqual(verdicts({ maps: 1 }), ['met', 'met', 'missed', 'met']);
    assert.deepEqual(verdicts({}, { ok: 999 }), ['met', 'met', 'met', 'missed']);
  });

  test('let a long run grow no more than a short one', () => {
    assert.equal(verdicts({ pss: MIB / 2 })[0], 'met');
    assert.equal(verdicts({ pss: MIB / 2 }, { minutes: 30 })[0], 'missed');
  });

  test('do not judge memory by a few minutes', () => {
    assert.deepEqual(verdicts({ pss: MIB }, { minutes: 1 }), ['not measured', 'met', 'met', 'met']);
  });
});

test('the table shows the first sample, the last, and some between', () => {
  const lines = soakSummary({ minutes: 10, warmUp: 180, routers: 20, loads: [], samples: samplesOf({}) });
  const moments = lines.flatMap((line) => /^ +(\d+) s /.exec(line)?.[1] ?? []);
  assert.deepEqual(moments, ['0', '85', '170', '255', '340', '425', '510', '595']);
});
