/** Many requests on each connection, as agents in instances ask that poll. */
import { type Bar, type BenchCase, type BenchContext, type CaseResult, judge, scaled } from './case.ts';
import { ratioOf, sidesOf } from './contest/figures.ts';
import { atShare, CONTEST_PLANS, SATURATED, saturated, WARM_UP_SECONDS } from './contest/loads.ts';
import { contestPlots } from './contest/plots.ts';
import { contestSummary } from './contest/summary.ts';
import { CONTEST_TOOLS, type ContestFigures, holdContest } from './contest.ts';

export const keepalive: BenchCase = {
  name: 'keepalive',
  about: 'many requests on each connection: throughput, latency and CPU beside haproxy',
  tools: CONTEST_TOOLS,
  run,
  plots: (figures: ContestFigures) => contestPlots(figures, 'connections kept'),
};

const ADDRESSES = 32;
const SHARE = 0.6;

async function run(context: BenchContext): Promise<CaseResult> {
  const { pairs, seconds } = scaled(context.options, CONTEST_PLANS);
  const kept = saturated(seconds);
  const figures = await holdContest(context, {
    name: 'keepalive',
    pairs,
    addresses: ADDRESSES,
    warmUp: { ...saturated(WARM_UP_SECONDS), keepAlive: true },
    // As many connections with a rate as without.
    loads: (capacity) => [
      { name: SATURATED, ...kept, keepAlive: true },
      { ...atShare(SHARE, capacity, seconds), clients: kept.clients, keepAlive: true },
    ],
  });
  return { figures, bars: keepaliveBars(figures), summary: contestSummary(figures.compared), notMeasured: ['IPv6'] };
}

export function keepaliveBars({ compared }: ContestFigures): readonly Bar[] {
  const perSecond = ratioOf(compared, SATURATED, 'perSecond');
  return [
    judge(
      {
        name: 'requests per second, haproxy = 1',
        kind: 'at least',
        limit: 1.5,
        unit: '',
        headline: 'requests per second, connections kept',
        ...sidesOf(compared, SATURATED, 'perSecond', '/s'),
        ifMissed:
          'Tried, with figures in docs/performance.md: batches handed over whatever waits, the front’s thread as any other, two workers. ' +
          'Needed: fewer hops between the front’s thread and the worker’s.',
      },
      perSecond,
    ),
  ];
}
