import type { StatusDocument } from '../control/status-document.ts';
import { printable } from './status-text.ts';
import { type Column, table } from './table.ts';
import type { PortFigures, TopFigures } from './top-figures.ts';

/** What ports can be sorted by, with the key that does it. */
export const SORTS = {
  requests: 'r',
  drops: 'd',
  connections: 'c',
  refused: 'f',
  syns: 's',
  owner: 'o',
} as const;

export type SortKey = keyof typeof SORTS;

/** A picture of the daemon for a terminal of that size. */
export interface TopView {
  readonly columns: number;
  /** Absent: as many as there are, and no line of keys. */
  readonly rows?: number;
  readonly sort: SortKey;
}

const VALUES: Readonly<Record<Exclude<SortKey, 'owner'>, (port: PortFigures) => number>> = {
  requests: ({ requests }) => requests,
  drops: ({ drops }) => drops,
  connections: ({ connections }) => connections,
  refused: ({ refused }) => refused,
  syns: ({ synsPerSecond }) => synsPerSecond,
};

const COLUMNS: readonly Column<PortFigures>[] = [
  { title: 'PORT', align: 'right', cell: ({ port }) => port ?? '-' },
  { title: 'OWNER', cell: ({ owner }) => owner.slice(0, 8) },
  { title: 'INTERFACE', cell: (port) => port.interface },
  { title: 'STATE', cell: ({ state }) => state },
  { title: 'REQ/S', align: 'right', cell: ({ requests }) => perSecond(requests) },
  { title: 'REF/S', align: 'right', cell: ({ refused }) => perSecond(refused) },
  { title: 'SYN/S', align: 'right', cell: ({ synsPerSecond }) => perSecond(synsPerSecond) },
  { title: 'DROP/S', align: 'right', cell: ({ drops }) => perSecond(drops) },
  { title: 'CONN', align: 'right', cell: ({ connections }) => connections },
];

/** The lines of a frame: in a terminal, none longer than it is wide, and as many as it is high. */
export function topFrame(status: StatusDocument, figures: TopFigures, view: TopView): string[] {
  const lines = [...header(status, figures), '', ...portLines(figures, view)];
  if (view.rows === undefined) return lines.map((line) => printable(line).trimEnd());
  const sorts = Object.entries(SORTS).map(([name, key]) => `${key} ${name}${name === view.sort ? '*' : ''}`);
  const keys = `q quit; sort by ${sorts.join(', ')}`;
  const room = Math.max(1, view.rows - 1);
  const shown = lines.slice(0, room);
  while (shown.length < room) shown.push('');
  return [...shown, keys].slice(0, view.rows).map((line) => printable(line).slice(0, view.columns));
}

/** The same for programs. */
export function topDocument(status: StatusDocument, figures: TopFigures): Readonly<Record<string, unknown>> {
  const { daemon, agent, workers } = status;
  return {
    time: new Date().toISOString(),
    seconds: Math.round(figures.seconds * 1000) / 1000,
    requests_per_second: figures.requestsPerSecond,
    refused_per_second: figures.refusedPerSecond,
    drops_per_second: figures.dropsPerSecond,
    p50_ms: figures.p50 ?? null,
    p99_ms: figures.p99 ?? null,
    agent_p99_ms: figures.agentP99 ?? null,
    queued: agent.queued,
    exchanges_open: agent.exchanges_open,
    agent_state: agent.state,
    workers: workers.length,
    flows: daemon.flows,
    ports: figures.ports.map(({ synsPerSecond, requests, refused, drops, ...port }) => ({
      ...port,
      requests_per_second: requests,
      refused_per_second: refused,
      syns_per_second: synsPerSecond,
      drops_per_second: drops,
    })),
  };
}

function header({ daemon, ports, workers, agent }: StatusDocument, figures: TopFigures): string[] {
  const steered = ports.filter(({ state }) => state === 'steering').length;
  const running = workers.filter(({ state }) => state === 'running').length;
  const connections = workers.reduce((total, worker) => total + worker.connections, 0);
  const generation = agent.generation === 'unknown' ? '' : ` (${agent.generation})`;
  return [
    `metasteer ${daemon.version}, up ${duration(daemon.uptime_seconds)}, ${steered} of ${ports.length} ports steered, ${running} of ${daemon.workers_wanted} workers`,
    `requests ${perSecond(figures.requestsPerSecond)}/s   p50 ${ms(figures.p50)}   p99 ${ms(figures.p99)}   agent p99 ${ms(figures.agentP99)}`,
    `refused ${perSecond(figures.refusedPerSecond)}/s   drops ${perSecond(figures.dropsPerSecond)}/s   connections ${connections}   clients ${daemon.neighbours}`,
    `agent ${agent.state}${generation}   queue ${agent.queued}   with the agent ${agent.exchanges_open}${agent.last_error === null ? '' : `   ${agent.last_error}`}`,
  ];
}

function portLines({ ports }: TopFigures, { sort }: TopView): string[] {
  if (ports.length === 0) return ['no ports'];
  const sorted = ports.toSorted((a, b) => {
    const byValue = sort === 'owner' ? 0 : VALUES[sort](b) - VALUES[sort](a);
    return byValue || a.owner.localeCompare(b.owner) || a.interface.localeCompare(b.interface);
  });
  return table(COLUMNS, sorted);
}

function perSecond(value: number): string {
  return value >= 100 || value === 0 ? String(Math.round(value)) : value.toFixed(1);
}

function ms(value: number | undefined): string {
  if (value === undefined) return '-';
  return value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${value.toFixed(1)} ms`;
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
