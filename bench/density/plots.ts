import type { LinePlot, LineSeries, Mark, Plot } from '../plot.ts';
import { type DensityFigures, incumbentCurve } from './bars.ts';
import { breakEven, estimateAt } from './curve.ts';
import type { FirstAnswers } from './plan.ts';

const MIB = 2 ** 20;
const EVEN_MOST = 100_000;
/** Further than this, the line through the measured points is not drawn. */
const STEPS = 24;

export function densityPlots(figures: DensityFigures): readonly Plot[] {
  return [memory(figures), readiness(figures), start(figures), idle(figures)];
}

function memory({ incumbent, metasteer }: DensityFigures): LinePlot {
  const theirs = incumbentCurve(incumbent);
  const measured = theirs.at(-1)?.routers ?? 0;
  const most = metasteer.at(-1)?.routers ?? 0;
  const even = theirs.length < 2 ? undefined : breakEven(metasteer, theirs, EVEN_MOST);
  const marks: Mark[] =
    even === undefined || even.routers > most
      ? []
      : [{ axis: 'x', at: even.routers, name: `the same at ${even.routers} routers` }];
  return {
    kind: 'lines',
    title: 'Memory against the number of routers',
    note: `Processes (PSS) and kernel together. Points are measured${
      most > measured ? `; the dotted line continues haproxy’s beyond ${measured} by its last two points` : ''
    }.`,
    x: { name: 'routers', scale: 'log' },
    y: { name: 'MiB', scale: 'log' },
    marks,
    series: [
      { name: 'haproxy', who: 'haproxy', points: theirs.map(({ routers, bytes }) => [routers, bytes / MIB]) },
      ...continued(theirs, measured, most),
      { name: 'metasteer', who: 'metasteer', points: metasteer.map(({ routers, bytes }) => [routers, bytes / MIB]) },
    ],
  };
}

/** A straight line bends on logarithmic axes, so it has many points. */
function continued(theirs: ReturnType<typeof incumbentCurve>, from: number, to: number): readonly LineSeries[] {
  if (theirs.length < 2 || to <= from) return [];
  const sizes = Array.from({ length: STEPS + 1 }, (_, step) => from * (to / from) ** (step / STEPS));
  const points = sizes.map((size) => [size, estimateAt(theirs, size).bytes / MIB] as const);
  return [{ name: 'haproxy, calculated', who: 'haproxy', isCalculated: true, points }];
}

function readiness({ incumbent, metasteer }: DensityFigures): LinePlot {
  const theirs = incumbent.points.map(({ haproxies, firstAnswers }) => [haproxies, firstAnswers] as const);
  const ours = metasteer.flatMap(({ routers, firstAnswers }) =>
    firstAnswers === undefined ? [] : [[routers, firstAnswers] as const],
  );
  return {
    kind: 'lines',
    title: 'From an interface that comes up to the first answer in an instance',
    note: 'haproxy is started in the same moment. With fewer than 100 trials the p99 is the slowest of them.',
    x: { name: 'routers that are served meanwhile', scale: 'log' },
    y: { name: 'milliseconds', scale: 'log' },
    marks: [{ axis: 'y', at: 100, name: 'bar of the median from 500 routers on: 100 ms' }],
    series: [
      { name: 'haproxy, median', who: 'haproxy', points: times(theirs, 'median') },
      { name: 'haproxy, p99', who: 'haproxy', variant: 1, points: times(theirs, 'p99') },
      { name: 'metasteer, median', who: 'metasteer', points: times(ours, 'median') },
      { name: 'metasteer, p99', who: 'metasteer', variant: 1, points: times(ours, 'p99') },
    ],
  };
}

function times(answers: readonly (readonly [routers: number, answers: FirstAnswers])[], of: 'median' | 'p99') {
  return answers.flatMap(([routers, { summary }]) => (summary === undefined ? [] : [[routers, summary[of]] as const]));
}

function start({ incumbent: { spawnMs }, metasteer }: DensityFigures): LinePlot {
  const sizes = metasteer.filter(({ routers }) => routers > 0);
  return {
    kind: 'lines',
    title: 'Start until all routers are served',
    note: 'haproxies: the median time of one, one after the other as Neutron starts them.',
    x: { name: 'routers', scale: 'log' },
    y: { name: 'seconds', scale: 'log' },
    series: [
      ...(spawnMs === undefined
        ? []
        : [
            {
              name: 'haproxy, calculated from one start',
              who: 'haproxy' as const,
              points: sizes.map(({ routers }) => [routers, (routers * spawnMs.median) / 1000] as const),
            },
          ]),
      {
        name: 'metasteer',
        who: 'metasteer',
        points: sizes.map(({ routers, startMs }) => [routers, startMs / 1000]),
      },
    ],
  };
}

function idle({ incumbent, metasteer }: DensityFigures): LinePlot {
  return {
    kind: 'lines',
    title: 'Processor time while nobody asks anything',
    note: 'Of one core. The regular look at every router is among metasteer’s.',
    x: { name: 'routers', scale: 'log' },
    y: { name: '% of one core' },
    marks: [{ axis: 'y', at: 1, name: 'bar at 1,000 routers: 1 %' }],
    series: [
      {
        name: 'haproxy',
        who: 'haproxy',
        points: incumbent.points.map(({ haproxies, idleCpuPercent }) => [haproxies, idleCpuPercent]),
      },
      {
        name: 'metasteer',
        who: 'metasteer',
        points: metasteer.map(({ routers, idleCpuPercent }) => [routers, idleCpuPercent]),
      },
    ],
  };
}
