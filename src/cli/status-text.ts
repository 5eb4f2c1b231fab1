import type { AgentStatusDocument, PortStatusDocument, StatusDocument } from '../control/status-document.ts';
import type { VerdictName } from '../kernel/layout.gen.ts';
import { type Column, table } from './table.ts';

const PORT_COLUMNS: readonly Column<PortStatusDocument>[] = [
  { title: 'PORT', align: 'right', cell: (port) => port.port ?? '-' },
  { title: 'OWNER', cell: (port) => port.owner },
  { title: 'NAMESPACE', cell: (port) => port.namespace },
  { title: 'INTERFACE', cell: (port) => port.interface },
  { title: 'STATE', cell: (port) => port.state },
  { title: 'NEW-CONNECTIONS', align: 'right', cell: (port) => sum(port, ['steer_syn', 'steer_syn_moved']) },
  { title: 'PACKETS', align: 'right', cell: (port) => sum(port, ['steer_syn', 'steer_syn_moved', 'steer_data']) },
  { title: 'REPLIES', align: 'right', cell: (port) => sum(port, ['restore_reply']) },
  { title: 'REQUESTS', align: 'right', cell: (port) => port.requests },
];

const WORKER_COLUMNS: readonly Column<StatusDocument['workers'][number]>[] = [
  { title: 'WORKER', align: 'right', cell: (worker) => worker.pid },
  { title: 'USER', cell: (worker) => worker.user },
  { title: 'STATE', cell: (worker) => worker.state },
  { title: 'CONNECTIONS', align: 'right', cell: (worker) => worker.connections },
  { title: 'REQUESTS', align: 'right', cell: (worker) => worker.requests },
];

/** `--json` has more. */
const EVENTS_SHOWN = 10;

/** The status for people: ports, what is wrong with any, workers, agent, what happened lately. */
export function statusText({
  daemon,
  ports,
  broken,
  workers,
  weaknesses,
  vacancies,
  agent,
  events,
}: StatusDocument): string {
  const reasons = ports.flatMap(({ state, reason }) => (reason === null ? [] : [`${state}: ${reason}`]));
  const parts = [
    [
      `metasteer ${daemon.version}, pid ${daemon.pid}, up ${daemon.uptime_seconds} s, namespace ${daemon.namespace}`,
      ...(daemon.needs_restart.length === 0 ? [] : [`after a restart only: ${daemon.needs_restart.join(', ')}`]),
      ...(daemon.store.state === 'full' ? [`the service manager's store is too small, nothing is kept in it`] : []),
    ],
    ports.length === 0 ? ['no ports: no router interface was found'] : table(PORT_COLUMNS, ports),
    reasons,
    broken.map(({ namespace, reason }) => `namespace ${namespace} cannot be read: ${reason}`),
    workers.length === 0 ? ['no workers'] : table(WORKER_COLUMNS, workers),
    weaknesses.map((weakness) => `weaker than need be: ${weakness}`),
    vacancies.map(({ reason, held, again_in_ms: ms }) => {
      return `no worker: ${reason}; ${held ? 'held' : 'again'} for ${Math.ceil(ms / 1000)} s`;
    }),
    [agentLine(agent)],
    events.slice(-EVENTS_SHOWN).map(({ at, event }) => `${at} ${event}`),
  ];
  const text = parts.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  return `${printable(text.join('\n\n'))}\n`;
}

function agentLine(agent: AgentStatusDocument): string {
  const generation = agent.generation === 'unknown' ? '' : ` (${agent.generation})`;
  const load = `${agent.exchanges_open} exchanges open, ${agent.queued} queued`;
  const error = agent.last_error === null ? '' : `; last error: ${agent.last_error}`;
  return `agent ${agent.socket}: ${agent.state}${generation}, ${load}${error}`;
}

function sum(port: PortStatusDocument, verdicts: readonly VerdictName[]): number {
  return verdicts.reduce((total, verdict) => total + (port.counters[verdict] ?? 0), 0);
}

/** An interface may be named with any byte but `/` and white space: none of them may command the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n]/gu, '?');
}
