import { type Column, table } from '../../src/cli/table.ts';
import type { FloodFigures, Troubled } from '../flood.ts';

const COLUMNS: readonly Column<Troubled>[] = [
  { title: 'shield', cell: ({ shield }) => shield },
  { title: 'what the other tenant does', cell: ({ trouble }) => trouble },
  { title: 'how much', align: 'right', cell: ({ amount }) => (amount.median === 0 ? '-' : amount.median) },
  { title: 'requests', align: 'right', cell: ({ requests }) => requests },
  { title: 'answered', align: 'right', cell: ({ success }) => `${(success * 100).toFixed(2)} %` },
  { title: 'p50', align: 'right', cell: ({ p50Us }) => ms(p50Us.median) },
  { title: 'p99', align: 'right', cell: ({ p99Us }) => ms(p99Us.median) },
  { title: 'p99, quiet = 1', align: 'right', cell: ({ p99Ratio }) => p99Ratio.median.toFixed(2) },
  { title: 'min', align: 'right', cell: ({ p99Ratio }) => p99Ratio.min.toFixed(2) },
  { title: 'max', align: 'right', cell: ({ p99Ratio }) => p99Ratio.max.toFixed(2) },
];

/** The table for the terminal. */
export function floodSummary({ rate, seconds, rounds, troubled }: FloodFigures): readonly string[] {
  const amount = `${rate} requests per second for ${seconds} s, ${rounds} rounds; medians of the rounds`;
  return [
    `One tenant asks, the other makes trouble: ${amount}`,
    ...table(COLUMNS, troubled).map((line) => `  ${line}`),
  ];
}

function ms(us: number): string {
  return `${(us / 1000).toFixed(2)} ms`;
}
