import { type Bar, judge } from '../case.ts';
import type { SoakFigures } from '../soak.ts';
import type { Sample } from './sample.ts';
import { change, growthPerMinute, type TimePoint } from './trend.ts';

const MIB = 2 ** 20;
/** Memory of supervisor and workers, after the warm-up. */
const GROWTH_MAX = 0.25;
/** A router may be on its way out or in when a sample is taken. */
const DESCRIPTORS_MAX = 4;
/** With less time the heaps have not come to rest. */
const MINUTES_MIN = 5;

export function soakBars({ minutes, warmUp, loads, samples }: SoakFigures): readonly Bar[] {
  const judged = samples.filter(({ seconds }) => seconds >= warmUp);
  const line = (of: (sample: Sample) => number): readonly TimePoint[] =>
    judged.map((sample) => [sample.seconds, of(sample)] as const);
  const memory = line(({ supervisor, workers }) => supervisor.pss + workers.pss);
  const [asked, ok] = [sum(loads.map(({ started }) => started)), sum(loads.map((load) => load.ok))];
  return [
    judge(
      {
        name: 'growth of memory after the warm-up (PSS of supervisor and workers)',
        limit: GROWTH_MAX,
        unit: 'MiB per minute',
        ...(minutes < MINUTES_MIN ? { note: `takes ${MINUTES_MIN} minutes` } : {}),
      },
      minutes < MINUTES_MIN ? undefined : growthPerMinute(memory) / MIB,
    ),
    judge(
      { name: 'descriptors more at the end than after the warm-up', limit: DESCRIPTORS_MAX, unit: '' },
      change(line(({ supervisor, workers }) => supervisor.descriptors + workers.descriptors)),
    ),
    judge(
      { name: 'BPF maps more at the end than after the warm-up', limit: 0, unit: '' },
      change(line(({ maps }) => maps)),
    ),
    judge({ name: 'requests answered', kind: 'at least', limit: 100, unit: '%' }, (ok / asked) * 100),
  ];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
