import { type Column, table } from '../../src/cli/table.ts';
import type { PacketFigures } from '../packet.ts';
import type { AttachLoss } from './attach-loss.ts';
import type { Bystander } from './bystander.ts';
import type { ProgramRun } from './runs.ts';

const RUN_COLUMNS: readonly Column<ProgramRun>[] = [
  { title: 'program', cell: ({ program }) => `ms_${program}` },
  { title: 'packet', cell: ({ name }) => name },
  { title: 'ns, median', align: 'right', cell: ({ ns }) => ns.median },
  { title: 'min', align: 'right', cell: ({ ns }) => ns.min },
  { title: 'max', align: 'right', cell: ({ ns }) => ns.max },
];

const BYSTANDER_COLUMNS: readonly Column<Bystander>[] = [
  { title: 'on the interface', cell: ({ mode }) => mode },
  { title: 'Gbit/s, median', align: 'right', cell: ({ gbitPerSecond }) => gbitPerSecond.median.toFixed(1) },
  { title: 'nothing attached', align: 'right', cell: ({ nothingGbitPerSecond: { median } }) => median.toFixed(1) },
  { title: 'ratio, median', align: 'right', cell: ({ ratio }) => ratio.median.toFixed(3) },
  { title: 'quartiles', align: 'right', cell: ({ ratio: { p25, p75 } }) => `${p25.toFixed(3)} to ${p75.toFixed(3)}` },
  { title: 'pairs', align: 'right', cell: ({ ratio }) => ratio.count },
];

const LOSS_COLUMNS: readonly Column<AttachLoss>[] = [
  { title: 'attached and detached', cell: ({ mode, times }) => (times === 0 ? 'nothing' : `${mode}, ${times} times`) },
  { title: 'packets', align: 'right', cell: ({ packets }) => packets },
  { title: 'lost', align: 'right', cell: ({ lost }) => lost },
  { title: 'attach', align: 'right', cell: ({ times, attachMs }) => (times === 0 ? '-' : `${attachMs.toFixed(1)} ms`) },
  { title: 'detach', align: 'right', cell: ({ times, detachMs }) => (times === 0 ? '-' : `${detachMs.toFixed(1)} ms`) },
];

/** The tables for the terminal. */
export function packetSummary({ runs, bystanders, attachLoss }: PacketFigures): readonly string[] {
  return [
    'One packet in each program (BPF_PROG_TEST_RUN)',
    ...indented(table(RUN_COLUMNS, runs)),
    '',
    'TCP of others through a router interface, in turn with one that has nothing attached',
    ...indented(table(BYSTANDER_COLUMNS, bystanders)),
    '',
    'UDP from the router interface while a program is attached and detached',
    ...indented(table(LOSS_COLUMNS, attachLoss)),
  ];
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}
