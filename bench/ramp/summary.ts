import { type Column, table } from '../../src/cli/table.ts';
import { AXES, type Axis, type RampFigures, type RampPoint } from './plan.ts';

const COLUMNS: readonly Column<RampPoint>[] = [
  { title: 'proxy', cell: ({ contender }) => contender },
  { title: 'CPU of the proxy', align: 'right', cell: ({ run }) => us(run.proxyCpu.total) },
  { title: 'p50', align: 'right', cell: ({ run }) => ms(run.p50Us) },
  { title: 'p99', align: 'right', cell: ({ run }) => ms(run.p99Us) },
  { title: 'failed', align: 'right', cell: ({ run }) => run.started - run.ok },
  { title: 'memory (PSS)', align: 'right', cell: ({ run }) => `${(run.memory / 2 ** 20).toFixed(1)} MiB` },
];

/** A table for each thing that grows. */
export function rampSummary({ plan, points }: RampFigures): readonly string[] {
  return [
    `One tenant asks ${plan.rate} times per second for ${plan.seconds} s, a connection for each; CPU per request`,
    ...(Object.keys(AXES) as Axis[]).flatMap((axis) => [
      '',
      ...table(
        [
          { title: AXES[axis], align: 'right', cell: ({ amount, open = amount }) => amountText(amount, open) },
          ...COLUMNS,
        ],
        points
          .filter((point) => point.axis === axis)
          .toSorted((a, b) => a.amount - b.amount || a.contender.localeCompare(b.contender)),
      ).map((line) => `  ${line}`),
    ]),
  ];
}

function amountText(amount: number, open: number): string {
  return open === amount ? String(amount) : `${amount} (${open} at the end)`;
}

function us(time: number): string {
  return `${Math.round(time)} µs`;
}

function ms(time: number): string {
  return `${(time / 1000).toFixed(2)} ms`;
}
