import { type Column, table } from '../../src/cli/table.ts';
import type { Summary } from '../statistics.ts';
import { type Compared, FIGURES } from './figures.ts';

const COLUMNS: readonly Column<Compared>[] = [
  { title: 'median of the pairs', cell: ({ figure }) => FIGURES[figure].name },
  { title: 'haproxy', align: 'right', cell: ({ haproxy }) => digits(haproxy.median) },
  { title: 'metasteer', align: 'right', cell: ({ metasteer }) => digits(metasteer.median) },
  { title: 'ratio', align: 'right', cell: ({ ratio }) => (ratio === undefined ? '-' : ratio.median.toFixed(2)) },
  { title: 'of the pairs', cell: ({ ratio }) => (ratio === undefined ? '' : spread(ratio)) },
];

/** A table per load for the terminal. */
export function contestSummary(compared: readonly Compared[]): readonly string[] {
  const loads = [...new Set(compared.map(({ load }) => load))];
  return loads.flatMap((load, index) => [
    ...(index === 0 ? [] : ['']),
    load,
    ...table(
      COLUMNS,
      compared.filter((each) => each.load === load),
    ).map((line) => `  ${line}`),
  ]);
}

function digits(value: number): string {
  if (value === 0) return '0';
  return value >= 100 ? Math.round(value).toString() : value.toPrecision(3);
}

function spread({ min, max }: Summary): string {
  return `${min.toFixed(2)}–${max.toFixed(2)}`;
}
