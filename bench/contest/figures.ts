/** What pairs of runs come to: for each load and figure, medians of both and the ratio pair by pair. */
import type { Sides } from '../case.ts';
import { needed, type Summary } from '../statistics.ts';
import type { LoadRun } from './run.ts';

/** The runs of both contenders, one after the other. */
export interface Pair {
  readonly haproxy: readonly LoadRun[];
  readonly metasteer: readonly LoadRun[];
}

/** What can be said of a run in one number. */
export const FIGURES = {
  perSecond: { name: 'requests per second', of: ({ perSecond }: LoadRun) => perSecond },
  p50: { name: 'p50, µs', of: ({ p50Us }: LoadRun) => p50Us },
  p90: { name: 'p90, µs', of: ({ p90Us }: LoadRun) => p90Us },
  p99: { name: 'p99, µs', of: ({ p99Us }: LoadRun) => p99Us },
  p999: { name: 'p99.9, µs', of: ({ p999Us }: LoadRun) => p999Us },
  proxyUser: { name: 'CPU of the proxy, user, µs per request', of: ({ proxyCpu }: LoadRun) => proxyCpu.user },
  proxySystem: { name: 'CPU of the proxy, system, µs per request', of: ({ proxyCpu }: LoadRun) => proxyCpu.system },
  machineTotal: { name: 'CPU of the machine, µs per request', of: ({ machineCpu }: LoadRun) => machineCpu.total },
  machineUser: { name: '  user', of: ({ machineCpu }: LoadRun) => machineCpu.user },
  machineSystem: { name: '  system', of: ({ machineCpu }: LoadRun) => machineCpu.system },
  machineSoftirq: { name: '  softirq', of: ({ machineCpu }: LoadRun) => machineCpu.softirq },
  failed: { name: 'requests without a good answer', of: ({ started, ok }: LoadRun) => started - ok },
  memory: { name: 'memory of the proxy (PSS), MiB', of: ({ memory }: LoadRun) => memory / 2 ** 20 },
} as const;

export type FigureName = keyof typeof FIGURES;

/** One figure under one load. */
export interface Compared {
  readonly load: string;
  readonly figure: FigureName;
  readonly haproxy: Summary;
  readonly metasteer: Summary;
  /** Ours over theirs, pair by pair; absent where theirs was 0. */
  readonly ratio?: Summary;
}

/** Compares every figure under every load that both had in every pair. @throws {RangeError} without pairs */
export function compare(pairs: readonly Pair[]): readonly Compared[] {
  const loads = [...new Set(pairs.flatMap(({ haproxy }) => haproxy.map(({ load }) => load)))];
  return loads.flatMap((load) => {
    const runs = pairs.flatMap(({ haproxy, metasteer }) => {
      const theirs = haproxy.find((run) => run.load === load);
      const ours = metasteer.find((run) => run.load === load);
      return theirs === undefined || ours === undefined ? [] : [{ theirs, ours }];
    });
    return (Object.keys(FIGURES) as FigureName[]).map((figure): Compared => {
      const { of } = FIGURES[figure];
      const ratios = runs.map(({ theirs, ours }) => of(ours) / of(theirs)).filter(Number.isFinite);
      return {
        load,
        figure,
        haproxy: needed(runs.map(({ theirs }) => of(theirs))),
        metasteer: needed(runs.map(({ ours }) => of(ours))),
        ...(ratios.length < runs.length ? {} : { ratio: needed(ratios) }),
      };
    });
  });
}

/** The median ratio of a figure; undefined when it was not measured. */
export function ratioOf(compared: readonly Compared[], load: string, figure: FigureName): number | undefined {
  return compared.find((each) => each.load === load && each.figure === figure)?.ratio?.median;
}

/** The medians of both for a bar, in the unit of the figure; nothing when it was not measured. */
export function sidesOf(
  compared: readonly Compared[],
  load: string,
  figure: FigureName,
  unit: string,
): { readonly sides?: Sides } {
  const found = compared.find((each) => each.load === load && each.figure === figure);
  if (found === undefined) return {};
  return { sides: { haproxy: found.haproxy.median, metasteer: found.metasteer.median, unit } };
}
