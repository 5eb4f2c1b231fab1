import { type Bar, judge } from '../case.ts';
import type { SoakFigures } from '../soak.ts';
import type { Sample } from './sample.ts';
import { change, growthPerMinute, lowest, type TimePoint } from './trend.ts';

const MIB = 2 ** 20;
/** What heaps hold after two collections of garbage differs by 1 to 2 MiB; the longer the run, the less that is per minute. */
const GROWTH_MAX_MIB = 4;
/** Longer than from one collection of a whole heap to the next: 85 to 115 s in the worker, up to 150 s in the supervisor. */
const COLLECTED_WITHIN_S = 200;
/** A router may be on its way out or in when a sample is taken. */
const DESCRIPTORS_MAX = 4;
/** With less time the heaps do not come to rest: in three runs the worker's rose for the last time in the fifth minute. */
const MINUTES_MIN = 10;
const WARM_UP = 0.3;
const WARM_UP_MIN_S = 300;

/** Seconds of a run that are not judged: code is compiled, and heaps grow to what they need. */
export function warmUpOf(seconds: number): number {
  return seconds < MINUTES_MIN * 60 ? seconds * WARM_UP : Math.max(seconds * WARM_UP, WARM_UP_MIN_S);
}

export function soakBars({ minutes, warmUp, loads, samples }: SoakFigures): readonly Bar[] {
  const isJudged = ([seconds]: TimePoint) => seconds >= warmUp;
  const whole = (of: (sample: Sample) => number): readonly TimePoint[] =>
    samples.map((sample) => [sample.seconds, of(sample)] as const);
  const line = (of: (sample: Sample) => number) => whole(of).filter(isJudged);
  // Each by itself: they do not collect at the same moments. At the beginning they look back into the warm-up.
  const left = (of: (sample: Sample) => number) => lowest(whole(of), COLLECTED_WITHIN_S).filter(isJudged);
  const ofWorkers = left(({ workers }) => workers.pss);
  const memory = left(({ supervisor }) => supervisor.pss).map(
    ([at, value], index) => [at, value + (ofWorkers[index]?.[1] ?? 0)] as const,
  );
  const [asked, ok] = [sum(loads.map(({ started }) => started)), sum(loads.map((load) => load.ok))];
  return [
    memoryBar(memory, minutes),
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

/** The trend over the time that is judged. */
function memoryBar(memory: readonly TimePoint[], minutes: number): Bar {
  const bar = {
    name: 'growth of memory after the warm-up (PSS of supervisor and workers after collections)',
    limit: GROWTH_MAX_MIB,
    unit: 'MiB',
  };
  const [first, last] = [memory[0], memory.at(-1)];
  if (minutes < MINUTES_MIN || first === undefined || last === undefined)
    return judge({ ...bar, note: `takes ${MINUTES_MIN} minutes` }, undefined);
  const perMinute = growthPerMinute(memory) / MIB;
  return judge({ ...bar, note: `${perMinute.toFixed(3)} MiB per minute` }, (perMinute * (last[0] - first[0])) / 60);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
