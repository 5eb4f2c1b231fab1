import { type Column, table } from '../../src/cli/table.ts';
import { bytesText, millisecondsText } from '../units.ts';
import { type DensityFigures, incumbentCurve } from './bars.ts';
import { estimateAt } from './curve.ts';
import type { IncumbentPoint } from './incumbent.ts';
import type { MetasteerPoint } from './metasteer.ts';
import { type FirstAnswers, RESCAN_SECONDS } from './plan.ts';

export const NOT_MEASURED: readonly string[] = [
  'memory under load: nobody asks anything while memory is read',
  'kernel memory that is neither slab, per-CPU, page tables nor vmalloc, such as whole pages of socket buffers',
  'the second that Neutron loses when its first look after starting a haproxy comes too early (contract.md 1.4)',
  'IPv6, isolated networks and OVN networks',
];

/** The tables for the terminal. */
export function densitySummary(figures: DensityFigures): readonly string[] {
  return [
    'Memory: PSS of all processes, and what the kernel needs on top',
    ...indented(memoryTable(figures)),
    ...(figures.incumbent.stoppedBecause === null ? [] : [`  fewer haproxies: ${figures.incumbent.stoppedBecause}`]),
    '',
    'From an interface that comes up to the first answer in an instance (haproxy: started in that moment)',
    ...indented(readinessTable(figures)),
    '',
    'Daemon and BPF',
    ...indented(table(DAEMON_COLUMNS, figures.metasteer)),
    ...(figures.metasteer.every(({ idleUndisturbed }) => idleUndisturbed)
      ? []
      : ['  ~ namespaces came or went meanwhile that are not of this run, and the daemon had to look at them']),
    ...lookLines(figures),
    `  haproxy: ${spawnText(figures)}`,
  ];
}

interface MemoryRow {
  readonly ours: MetasteerPoint;
  readonly theirs: IncumbentPoint | undefined;
  /** Bytes of the haproxies, measured or not; none without routers. */
  readonly total: number | undefined;
  readonly mark: string;
}

const MEMORY_COLUMNS: readonly Column<MemoryRow>[] = [
  { title: 'routers', align: 'right', cell: ({ ours }) => ours.routers },
  { title: 'haproxy PSS', align: 'right', cell: ({ theirs }) => sizeText(theirs?.memory.pss) },
  { title: 'USS', align: 'right', cell: ({ theirs }) => sizeText(theirs?.memory.uss) },
  { title: 'kernel', align: 'right', cell: ({ theirs }) => sizeText(theirs?.kernel.total) },
  { title: 'together', align: 'right', cell: ({ total, mark }) => `${sizeText(total)}${mark}` },
  { title: 'metasteer PSS', align: 'right', cell: ({ ours }) => bytesText(ours.memory.pss) },
  { title: 'USS', align: 'right', cell: ({ ours }) => bytesText(ours.memory.uss) },
  { title: 'kernel', align: 'right', cell: ({ ours }) => bytesText(ours.kernel.total) },
  { title: 'together', align: 'right', cell: ({ ours }) => bytesText(ours.bytes) },
  { title: 'kernel per port', align: 'right', cell: ({ ours }) => sizeText(perPort(ours)) },
  { title: 'ratio', align: 'right', cell: ({ ours, total }) => (total ? (ours.bytes / total).toFixed(3) : '-') },
];

function memoryTable({ incumbent, metasteer }: DensityFigures): readonly string[] {
  const curve = incumbentCurve(incumbent);
  const rows = metasteer.map((ours): MemoryRow => {
    const theirs = incumbent.points.find(({ haproxies }) => haproxies === ours.routers);
    if (ours.routers === 0 || curve.length < 2) return { ours, theirs, total: undefined, mark: '' };
    const { bytes, origin } = estimateAt(curve, ours.routers);
    return { ours, theirs, total: bytes, mark: origin === 'measured' ? '' : '*' };
  });
  const marked = rows.some(({ mark }) => mark !== '');
  const most = incumbent.points.at(-1)?.haproxies;
  return [...table(MEMORY_COLUMNS, rows), ...(marked ? [`* extrapolated from ${most} haproxies`] : [])];
}

interface ReadinessRow {
  readonly who: string;
  readonly among: number;
  readonly answers: FirstAnswers;
}

const READINESS_COLUMNS: readonly Column<ReadinessRow>[] = [
  { title: 'who', cell: ({ who }) => who },
  { title: 'routers', align: 'right', cell: ({ among }) => among },
  { title: 'trials', align: 'right', cell: ({ answers }) => answers.summary?.count ?? 0 },
  ...(['min', 'median', 'p75', 'p99', 'max'] as const).map(
    (key): Column<ReadinessRow> => ({
      title: key,
      align: 'right',
      cell: ({ answers: { summary } }) => (summary === undefined ? '-' : millisecondsText(summary[key])),
    }),
  ),
  { title: 'unanswered', align: 'right', cell: ({ answers }) => answers.unanswered },
];

function readinessTable({ incumbent, metasteer }: DensityFigures): readonly string[] {
  return table(READINESS_COLUMNS, [
    ...incumbent.points.map(({ haproxies, firstAnswers }) => ({
      who: 'haproxy',
      among: haproxies,
      answers: firstAnswers,
    })),
    ...metasteer.flatMap(({ routers, firstAnswers }) =>
      firstAnswers === undefined ? [] : [{ who: 'metasteer', among: routers, answers: firstAnswers }],
    ),
  ]);
}

const DAEMON_COLUMNS: readonly Column<MetasteerPoint>[] = [
  { title: 'routers', align: 'right', cell: ({ routers }) => routers },
  { title: 'processes', align: 'right', cell: ({ processes }) => processes },
  { title: 'start', align: 'right', cell: ({ startMs }) => millisecondsText(startMs) },
  {
    title: 'stop',
    align: 'right',
    cell: ({ stopMs, stoppedByItself }) => `${millisecondsText(stopMs)}${stoppedByItself ? '' : ' (killed)'}`,
  },
  {
    title: 'CPU when idle',
    align: 'right',
    cell: (point) => `${point.idleCpuPercent.toFixed(1)} %${disturbed(point)}`,
  },
  { title: 'maps', align: 'right', cell: ({ bpf }) => `${bpf.maps}, ${bytesText(bpf.mapBytes)}` },
  {
    title: 'programs',
    align: 'right',
    cell: ({ bpf }) => `${bpf.programs}, ${bytesText(bpf.programBytes + bpf.machineCodeBytes)}`,
  },
];

function spawnText({ incumbent: { spawnMs, spawnTotalMs, points } }: DensityFigures): string {
  if (spawnMs === undefined) return 'none was started';
  const idle = points.map(({ haproxies, idleCpuPercent }) => `${idleCpuPercent.toFixed(1)} % with ${haproxies}`);
  return (
    `start ${millisecondsText(spawnMs.median)} each (median; ${millisecondsText(spawnTotalMs)} for ` +
    `${spawnMs.count}), CPU when idle ${idle.join(', ')}`
  );
}

/** How the regular look came to be among the CPU when idle. */
function lookLines({ metasteer }: DensityFigures): readonly string[] {
  return metasteer.flatMap(({ routers, lookCpuMs, quietCpuPercent }) =>
    lookCpuMs === undefined || quietCpuPercent === undefined
      ? []
      : [
          `  CPU when idle with ${routers} routers: ${quietCpuPercent.toFixed(2)} % between regular looks, and one look of ` +
            `${millisecondsText(lookCpuMs)} in ${RESCAN_SECONDS} s`,
        ],
  );
}

/** The difference the daemon makes to the kernel, shared out to its ports. */
function perPort({ routers, kernel }: MetasteerPoint): number | undefined {
  return routers === 0 ? undefined : kernel.total / routers;
}

function disturbed({ idleUndisturbed }: MetasteerPoint): string {
  return idleUndisturbed ? '' : '~';
}

function sizeText(bytes: number | undefined): string {
  return bytes === undefined ? '-' : bytesText(bytes);
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}
