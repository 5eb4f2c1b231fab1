import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { table } from '../src/cli/table.ts';
import { packageRoot } from '../src/kernel/paths.ts';
import type { Bar, BenchOptions, CaseResult } from './case.ts';
import type { Machine, Surroundings } from './machine.ts';
import { bytesText } from './units.ts';

/** What one run of the harness found out, as it is written to the JSON file. */
export interface Report {
  readonly format: 1;
  readonly started: string;
  readonly finished: string;
  readonly options: BenchOptions;
  readonly machine: Machine;
  readonly surroundings: Surroundings;
  readonly disturbances: readonly string[];
  readonly cases: readonly ReportedCase[];
}

export type ReportedCase = CaseResult & { readonly name: string };

/** Machine and versions, a line each. */
export function headLines({ machine }: Report): readonly string[] {
  const changed = machine.commit?.changed === true ? ', changed' : '';
  const commit = machine.commit === null ? '' : ` (${machine.commit.id.slice(0, 10)}${changed})`;
  return [
    `${machine.cpu}, ${machine.cores} cores, ${bytesText(machine.memoryBytes)}`,
    `metasteer ${machine.metasteer}${commit}, Node ${machine.node}, ${machine.haproxy ?? 'no haproxy'}`,
  ];
}

/** The report for people. */
export function reportText(report: Report): string {
  const { machine, disturbances, cases } = report;
  const [hardware = '', ...software] = headLines(report);
  const head = [`${hardware}, Linux ${machine.kernel}`, ...software, ...disturbances];
  const bodies = cases.flatMap(({ name, summary, bars, notMeasured }) => [
    '',
    `== ${name}`,
    '',
    ...summary,
    '',
    'Bars',
    ...[...barLines(bars), ...missedLines(bars)].map((line) => `  ${line}`),
    '',
    'Not measured',
    ...notMeasured.map((line) => `  ${line}`),
  ]);
  return `${[...head, ...bodies].join('\n')}\n`;
}

/** One line per bar: its verdict, what it is about, the value and the limit. */
export function barLines(bars: readonly Bar[]): readonly string[] {
  return table(
    [
      { title: 'verdict', cell: ({ verdict }) => verdict },
      { title: 'what', cell: ({ name }) => name },
      {
        title: 'value',
        align: 'right',
        cell: ({ value, unit }) => (value === undefined ? '-' : figureText(value, unit)),
      },
      { title: 'bar', cell: limitText },
      { title: 'note', cell: ({ note = '' }) => note },
    ],
    bars,
  );
}

/** For each bar that was missed: by how much, and what is known of it. */
export function missedLines(bars: readonly Bar[]): readonly string[] {
  return bars.flatMap(({ name, verdict, value, limit, unit, ifMissed }) => {
    if (verdict !== 'missed' || value === undefined) return [];
    const by = `${name}: missed by ${figureText(Math.abs(value - limit), unit)}.`;
    return [ifMissed === undefined ? by : `${by} ${ifMissed}`];
  });
}

/** bench/out/<time>.json in the package. */
export function defaultPath({ started }: Report): string {
  return `${packageRoot}/bench/out/${started.replaceAll(/[:.]/g, '-')}.json`;
}

/** Writes the figures. @returns the whole path */
export function writeReport(report: Report, file: string): string {
  const path = resolve(file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
  return path;
}

/** As in `at most 20 s`. */
export function limitText({ limit, unit, kind = 'at most' }: Bar): string {
  return `${kind} ${figureText(limit, unit)}`;
}

/** Three digits that matter; whole numbers as they are. */
export function figureText(value: number, unit: string): string {
  const text = Number.isInteger(value) ? String(value) : Number(value.toPrecision(3)).toString();
  return unit === '' ? text : `${text} ${unit}`;
}
