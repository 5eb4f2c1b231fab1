/** Many requests on each connection, as agents in instances ask that poll. */
import { type Bar, type BenchCase, type BenchContext, type CaseResult, judge, scaled } from './case.ts';
import { ratioOf, sidesOf } from './contest/figures.ts';
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

const PLANS = {
  quick: { pairs: 2, seconds: 1 },
  standard: { pairs: 4, seconds: 2.5 },
  thorough: { pairs: 9, seconds: 5 },
};
const CLIENTS = 32;
const ADDRESSES = 32;
const SATURATED = 'as fast as 32 clients can';
const SHARE = 0.6;

async function run(context: BenchContext): Promise<CaseResult> {
  const { pairs, seconds } = scaled(context.options, PLANS);
  const figures = await holdContest(context, {
    name: 'keepalive',
    pairs,
    addresses: ADDRESSES,
    warmUp: { clients: CLIENTS, seconds: 2, keepAlive: true },
    loads: (capacity) => [
      { name: SATURATED, clients: CLIENTS, seconds, keepAlive: true },
      {
        name: 'at 60 % of what haproxy can',
        rate: Math.max(1, Math.round(SHARE * capacity)),
        clients: CLIENTS,
        seconds,
        keepAlive: true,
      },
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
      },
      perSecond,
    ),
  ];
}
