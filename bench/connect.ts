/** One connection per request, as instances ask when they boot: how many, how fast, at what price. */
import { type Bar, type BenchCase, type BenchContext, type CaseResult, judge, scaled } from './case.ts';
import { ratioOf, sidesOf } from './contest/figures.ts';
import { atShare, CONTEST_PLANS, SATURATED, saturated, shareName, WARM_UP_SECONDS } from './contest/loads.ts';
import { contestPlots } from './contest/plots.ts';
import { contestSummary } from './contest/summary.ts';
import { CONTEST_TOOLS, type ContestFigures, holdContest } from './contest.ts';

export const connect: BenchCase = {
  name: 'connect',
  about: 'one connection per request: throughput, latency and CPU beside haproxy',
  tools: CONTEST_TOOLS,
  run,
  plots: (figures: ContestFigures) => contestPlots(figures, 'one connection each'),
};

const ADDRESSES = 100;
const SHARES = [0.6, 0.9] as const;
const AT_60 = shareName(0.6);

async function run(context: BenchContext): Promise<CaseResult> {
  const { pairs, seconds } = scaled(context.options, CONTEST_PLANS);
  const figures = await holdContest(context, {
    name: 'connect',
    pairs,
    addresses: ADDRESSES,
    warmUp: saturated(WARM_UP_SECONDS),
    loads: (capacity) => [
      { name: SATURATED, ...saturated(seconds) },
      ...SHARES.map((share) => atShare(share, capacity, seconds)),
    ],
  });
  return { figures, bars: connectBars(figures), summary: contestSummary(figures.compared), notMeasured: NOT_MEASURED };
}

/** Of docs/performance.md, which has the figures. */
const IF_HOPS =
  'Needed: fewer hops between the front’s thread and the worker’s. What was tried is in docs/performance.md, with figures.';
const IF_LATE =
  'Tried, with figures in docs/performance.md: a larger young generation, V8 with one thread for collecting, two workers, shorter ' +
  'slices of the scheduler. Needed: fewer objects per request, for fewer and shorter pauses of the collector.';

const NOT_MEASURED: readonly string[] = [
  'IPv6',
  'an agent that needs time: both have the same one, which answers at once (see the cases agent and storm)',
];

export function connectBars({ compared }: ContestFigures): readonly Bar[] {
  const at = (load: string, figure: Parameters<typeof ratioOf>[2]) => ratioOf(compared, load, figure);
  const softirq = at(SATURATED, 'machineSoftirq');
  return [
    judge(
      {
        name: 'requests per second, haproxy = 1',
        kind: 'at least',
        limit: 1.15,
        unit: '',
        headline: 'requests per second, one connection each',
        ...sidesOf(compared, SATURATED, 'perSecond', '/s'),
        ifMissed: IF_HOPS,
      },
      at(SATURATED, 'perSecond'),
    ),
    judge(
      {
        name: 'CPU of the machine per request, haproxy = 1',
        limit: 0.9,
        unit: '',
        headline: 'processor time of the machine per request',
        ...sidesOf(compared, SATURATED, 'machineTotal', 'µs'),
        ifMissed: IF_HOPS,
      },
      at(SATURATED, 'machineTotal'),
    ),
    judge(
      {
        name: 'softirq per request, haproxy = 1',
        limit: 0.8,
        unit: '',
        ...sidesOf(compared, SATURATED, 'machineSoftirq', 'µs'),
        ifMissed: IF_HOPS,
      },
      softirq,
    ),
    judge(
      {
        name: 'p99 at 60 % of haproxy’s capacity, haproxy = 1',
        limit: 1.2,
        unit: '',
        headline: 'p99 at 60 % of haproxy’s capacity',
        ...sidesOf(compared, AT_60, 'p99', 'µs'),
        ifMissed: IF_LATE,
      },
      at(AT_60, 'p99'),
    ),
  ];
}
