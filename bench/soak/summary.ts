import { type Column, table } from '../../src/cli/table.ts';
import type { SoakFigures } from '../soak.ts';
import { bytesText } from '../units.ts';
import type { Sample } from './sample.ts';

/** What came of one of the loads. */
export interface SoakLoad {
  readonly name: string;
  readonly started: number;
  readonly ok: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly statuses: Readonly<Record<string, number>>;
  readonly latency: readonly (readonly [us: number, count: number])[];
}

const LINES = 8;

const MOMENTS: readonly Column<Sample>[] = [
  { title: 'at', align: 'right', cell: ({ seconds }) => `${Math.round(seconds)} s` },
  { title: 'routers remade', align: 'right', cell: ({ remade }) => remade },
  { title: 'supervisor', align: 'right', cell: ({ supervisor }) => bytesText(supervisor.pss) },
  { title: 'workers', align: 'right', cell: ({ workers }) => bytesText(workers.pss) },
  {
    title: 'descriptors',
    align: 'right',
    cell: ({ supervisor, workers }) => `${supervisor.descriptors} + ${workers.descriptors}`,
  },
  { title: 'maps', align: 'right', cell: ({ maps }) => maps },
  { title: 'programs', align: 'right', cell: ({ programs }) => programs },
  { title: 'kernel, all', align: 'right', cell: ({ kernel }) => bytesText(kernel) },
];

const LOADS: readonly Column<SoakLoad>[] = [
  { title: 'load', cell: ({ name }) => name },
  { title: 'requests', align: 'right', cell: ({ started }) => started },
  { title: 'failed', align: 'right', cell: ({ started, ok }) => started - ok },
  { title: 'p50', align: 'right', cell: ({ p50Us }) => `${(p50Us / 1000).toFixed(2)} ms` },
  { title: 'p99', align: 'right', cell: ({ p99Us }) => `${(p99Us / 1000).toFixed(2)} ms` },
];

/** Some of the samples, and the loads, for the terminal. */
export function soakSummary({ minutes, routers, loads, samples }: SoakFigures): readonly string[] {
  return [
    `${minutes} minutes, one of ${routers} routers removed and made anew every other second`,
    ...table(MOMENTS, some(samples)).map((line) => `  ${line}`),
    '',
    ...table(LOADS, loads).map((line) => `  ${line}`),
  ];
}

/** The first, the last, and some between, at equal distances. */
function some(samples: readonly Sample[]): readonly Sample[] {
  const last = samples.length - 1;
  const indexes = Array.from({ length: LINES }, (_, n) => Math.round((n * last) / (LINES - 1)));
  return [...new Set(indexes)].flatMap((index) => samples[index] ?? []);
}
