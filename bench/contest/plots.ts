/** What both contenders did under each load, drawn. */
import type { ContestFigures } from '../contest.ts';
import { Histogram } from '../histogram.ts';
import type { BarPlot, BarSeries, LinePlot, Plot } from '../plot.ts';
import type { ContenderName } from './contenders.ts';
import type { FigureName } from './figures.ts';
import type { LoadRun } from './run.ts';

const NAMES: readonly ContenderName[] = ['haproxy', 'metasteer'];
const PARTS = ['user', 'system', 'softirq'] as const;
const PART_FIGURES = { user: 'machineUser', system: 'machineSystem', softirq: 'machineSoftirq' } as const;
/** Shares in parts of 100, the rarer the closer together, so that a curve is smooth on its axis. */
const CURVE = Array.from({ length: 121 }, (_, step) => 100 * (1 - 10 ** (-step / 40)));
/** What is left of a histogram where it was not kept. */
const KEPT = [
  [50, 'p50Us'],
  [90, 'p90Us'],
  [99, 'p99Us'],
  [99.9, 'p999Us'],
] as const;

/** @param what of the requests, for titles, as in `one connection per request` */
export function contestPlots(figures: ContestFigures, what: string): readonly Plot[] {
  const loads = [...new Set(figures.compared.map(({ load }) => load))];
  return [
    perSecond(figures, loads, what),
    cpuPerRequest(figures, loads, what),
    ...loads.map((load) => latency(figures, load, what)),
  ];
}

function perSecond({ compared }: ContestFigures, loads: readonly string[], what: string): BarPlot {
  const [first = ''] = loads;
  const found = compared.find(({ load, figure }) => load === first && figure === 'perSecond');
  return {
    kind: 'bars',
    title: `Requests answered per second, ${what}`,
    note: 'Bars are medians of the pairs, whiskers the least and the most.',
    categories: [first],
    values: { name: 'requests per second' },
    series: NAMES.map((who): BarSeries => {
      const summary = found?.[who];
      return { name: who, who, values: [summary?.median], spread: [summary && [summary.min, summary.max]] };
    }),
  };
}

function cpuPerRequest({ compared }: ContestFigures, loads: readonly string[], what: string): BarPlot {
  const median = (who: ContenderName, load: string, figure: FigureName) =>
    compared.find((each) => each.load === load && each.figure === figure)?.[who].median;
  return {
    kind: 'bars',
    title: `Processor time of the whole machine per request, ${what}`,
    note: 'Left of each pair is haproxy. Client, agent and kernel are in it, the same ones for both. Medians of the pairs.',
    categories: loads,
    values: { name: 'µs per request' },
    series: NAMES.flatMap((who) =>
      PARTS.map((part, variant): BarSeries => {
        const values = loads.map((load) => median(who, load, PART_FIGURES[part]));
        return { name: `${who}: ${part}`, who, variant, stack: who, values };
      }),
    ),
  };
}

function latency({ pairs }: ContestFigures, load: string, what: string): LinePlot {
  return {
    kind: 'lines',
    title: `Time to the whole answer, ${what}, ${load}`,
    note: 'So many of 100 requests took no longer. All pairs together.',
    x: { name: 'share of the requests', scale: 'log', min: 1, max: 1000, tick: percentTick },
    y: { name: 'milliseconds', scale: 'log' },
    series: NAMES.map((who) => ({
      name: who,
      who,
      points: curveOf(pairs.flatMap((pair) => pair[who].filter((run) => run.load === load))),
    })),
  };
}

/** Points of the percentile curve: one over the share that took longer, and milliseconds. */
export function curveOf(runs: readonly LoadRun[]): readonly (readonly [number, number])[] {
  const all = runs.reduce((sum, { latency: buckets = [] }) => sum.merge(new Histogram(buckets)), new Histogram());
  if (all.total > 0) return CURVE.slice(1).map((percent) => [rarity(percent), all.percentile(percent) / 1000]);
  if (runs.length === 0) return [];
  return KEPT.map(([percent, key]) => [
    rarity(percent),
    runs.reduce((sum, run) => sum + run[key], 0) / runs.length / 1000,
  ]);
}

function rarity(percent: number): number {
  return 100 / (100 - percent);
}

function percentTick(value: number): string {
  return `${Number((100 - 100 / value).toFixed(3))} %`;
}
