import type { Config } from '../config/config.ts';
import { limitsDocument } from '../config/limits.ts';
import type { MapsReading, SteeringMaps } from '../kernel/maps.ts';
import type { PortStatus, ProxyStatus } from '../proxy/messages.ts';
import { packageVersion } from '../version.ts';
import type { DescriptorStore } from './descriptor-store.ts';
import type { History } from './history.ts';
import type { LiveConfig } from './live-config.ts';
import type { FoundInterface, Port } from './port.ts';
import type { Reconciler } from './reconcile.ts';
import type { Reloader } from './reload.ts';
import type { SharedSettings } from './shared-settings.ts';
import type { Shield } from './shield.ts';
import type { AgentStatusDocument, PortStatusDocument, StatusDocument } from './status-document.ts';
import type { Sweeper } from './sweeper.ts';
import type { Traffic } from './traffic.ts';
import type { WorkerReport, Workers } from './workers.ts';

export interface StatusContext {
  readonly config: LiveConfig;
  readonly reloader: Reloader;
  readonly history: History;
  readonly maps: SteeringMaps;
  readonly workers: Workers;
  readonly reconciler: Reconciler;
  readonly settings: SharedSettings;
  readonly sweeper: Sweeper;
  readonly shield: Shield;
  readonly traffic: Traffic;
  readonly store: DescriptorStore;
}

/** Puts together what supervisor, workers and BPF programs know. */
export async function statusDocument(context: StatusContext): Promise<StatusDocument> {
  const { history, maps, workers, reconciler, reloader, settings, sweeper, shield, traffic, store } = context;
  const config = context.config.current;
  const reports = await workers.report();
  const reading = await maps.read();
  const ports = [...reconciler.ports, ...reconciler.draining];
  traffic.take(
    reports,
    new Map(ports.map(({ id, owner }) => [id, { owner: owner.id, packets: () => reading.counters(id) }])),
  );
  return {
    daemon: {
      pid: process.pid,
      version: packageVersion(),
      uptime_seconds: Math.round(process.uptime()),
      namespace: config.namespace,
      limits: limitsDocument(settings.limits),
      neighbours: sweeper.last.neighbours,
      flows: sweeper.last.flows,
      ports_max: config.steering.portsMax,
      workers_wanted: workers.wanted,
      workers_lost: Object.values(workers.lost).reduce((total, count) => total + count, 0),
      workers_lost_by_reason: { ...workers.lost },
      shield_switches: shield.switches,
      config: reloader.loaded.path,
      needs_restart: reloader.needsRestart,
      store: store.status,
    },
    ports: [
      ...reconciler.ports.map((port) => steeringPort(port, reading, reports, shield)),
      ...reconciler.draining.map((port) => ({
        ...steeringPort(port, reading, reports, shield),
        state: 'draining' as const,
      })),
      ...reconciler.drained.map((found) => idlePort(found, 'drained', 'an operator asked: `metasteer undrain`')),
      ...reconciler.attaching.map((found) => idlePort(found, 'attaching', null)),
      ...reconciler.failures.all.map(({ found, error }) =>
        idlePort(found, 'failed', `${error.code}: ${error.message}`),
      ),
    ],
    no_port: Object.fromEntries(Object.entries(reading.counters(maps.noPort)).filter(([, packets]) => packets > 0)),
    broken: [...reconciler.broken].map(([namespace, reason]) => ({ namespace, reason })),
    workers: reports.map(({ pid, user, state, status }) => ({
      pid,
      user,
      state,
      connections: status?.connections ?? 0,
      requests: status?.requests ?? 0,
    })),
    weaknesses: workers.weaknesses,
    vacancies: workers.vacancies.map(({ reason, held, until }) => ({
      reason,
      held,
      again_in_ms: Math.max(0, until - performance.now()),
    })),
    agent: agentStatus(config, workers, reports),
    traffic: { ...traffic.document(), packets: reading.total },
    events: history.events,
  };
}

function steeringPort(
  port: Port,
  reading: MapsReading,
  reports: readonly WorkerReport[],
  shield: Shield,
): PortStatusDocument {
  const statuses = reports.flatMap(({ status }) => status?.ports.filter((each) => each.portId === port.id) ?? []);
  return {
    ...idlePort(port.found, 'steering', null),
    port: port.id,
    device: port.device.link.name,
    attachment: port.attachment.mode,
    connections: sum(statuses, (status) => status.connections),
    requests: requestsOf(port, reports),
    refused: sumByReason(statuses),
    flows: reading.port(port.id).open,
    taking_over: Number(process.hrtime.bigint() / 1_000_000n) < port.takingOverUntil,
    shield: shield.modeOf(port.id) ?? 'off',
    neighbours: reading.port(port.id).neighbours,
    neighbours_evicted: reading.port(port.id).evicted,
    counters: reading.counters(port.id),
  };
}

/** Requests of a port's clients, those that daemons before this one served among them. */
export function requestsOf(port: Port, reports: readonly WorkerReport[]): number {
  const statuses = reports.flatMap(({ status }) => status?.ports.filter((each) => each.portId === port.id) ?? []);
  return port.requestsBefore + sum(statuses, (status) => status.requests);
}

function idlePort(
  found: FoundInterface,
  state: PortStatusDocument['state'],
  reason: string | null,
): PortStatusDocument {
  return {
    port: null,
    owner: found.owner.id,
    owner_kind: found.owner.kind,
    namespace: found.namespace,
    interface: found.link.name,
    device: null,
    state,
    attachment: null,
    reason,
    connections: 0,
    flows: 0,
    taking_over: false,
    shield: 'off',
    requests: 0,
    refused: {},
    neighbours: 0,
    neighbours_evicted: 0,
    counters: {},
  };
}

function sum(statuses: readonly PortStatus[], of: (status: PortStatus) => number): number {
  return statuses.reduce((total, status) => total + of(status), 0);
}

function sumByReason(statuses: readonly PortStatus[]): Readonly<Record<string, number>> {
  const total: Record<string, number> = {};
  for (const { refused } of statuses)
    for (const [reason, count] of Object.entries(refused)) total[reason] = (total[reason] ?? 0) + count;
  return total;
}

/** What the file system shows explains more than the error of a failed connect, so it comes first. */
function agentStatus(config: Config, workers: Workers, reports: readonly WorkerReport[]): AgentStatusDocument {
  const agents = reports.flatMap(({ status }) => (status === undefined ? [] : [status.agent]));
  const [first] = agents;
  const problem = workers.agentProblem;
  return {
    socket: config.agent.socket,
    state: problem !== undefined ? 'absent' : stateOf(agents),
    generation: first?.generation ?? 'unknown',
    exchanges_open: agents.reduce((total, agent) => total + agent.exchangesOpen, 0),
    queued: agents.reduce((total, agent) => total + agent.queued, 0),
    last_error: problem?.message ?? first?.lastError ?? null,
  };
}

function stateOf(agents: readonly ProxyStatus['agent'][]): AgentStatusDocument['state'] {
  return agents.find((agent) => agent.state !== 'unknown')?.state ?? 'unknown';
}
