/**
 * The daemon's metrics. Names are parallel to those of haproxy's own exporter where the meaning is the same, so that what
 * is known of one is known of the other. docs/metrics.md lists exactly these (a test holds the two equal).
 */
import { byLabel, byState, type Family, histogram, type Sample, single } from '../metrics/family.ts';
import { type ProcessFigures, processFamilies } from '../metrics/process.ts';
import type { HistogramDocument, StatusDocument } from './status-document.ts';
import type { OwnerTraffic } from './traffic.ts';

/** What metrics are made of. */
export interface MetricsSource {
  readonly status: StatusDocument;
  /** By UUID, or `other`; empty when owners are not told apart. */
  readonly owners: ReadonlyMap<string, OwnerTraffic>;
  /** Of the supervisor's process. */
  readonly process: ProcessFigures;
}

const WORDS = { prefix: 'metasteer', program: 'the daemon', process: 'the supervisor' } as const;
const PORT_STATES = ['steering', 'attaching', 'failed'] as const;
const WORKER_STATES = ['starting', 'running', 'stopping'] as const;
const AGENT_STATES = ['unknown', 'answering', 'absent'] as const;
const GENERATIONS = ['unknown', 'keep-alive', 'one-shot'] as const;

export function metricFamilies(source: MetricsSource): readonly Family[] {
  return [
    ...daemonFamilies(source),
    ...requestFamilies(source.status),
    ...agentFamilies(source.status),
    ...packetFamilies(source.status),
    ...ownerFamilies(source.owners),
  ];
}

function daemonFamilies({ status, process: own }: MetricsSource): readonly Family[] {
  const { daemon, ports, workers, broken } = status;
  return [
    ...processFamilies({ ...WORDS, version: daemon.version }, own),
    byState('metasteer_ports', 'Router interfaces by what becomes of them.', PORT_STATES, ports),
    single('gauge', 'metasteer_ports_max', 'Router interfaces that can be steered at once.', daemon.ports_max),
    single('gauge', 'metasteer_broken_namespaces', 'Namespaces of owners that cannot be read.', broken.length),
    byState('metasteer_workers', 'Worker processes by state.', WORKER_STATES, workers),
    single('gauge', 'metasteer_workers_wanted', 'Worker processes there should be.', daemon.workers_wanted),
    byLabel(
      'counter',
      'metasteer_workers_lost_total',
      'Worker processes that ended unasked and were replaced.',
      'reason',
      daemon.workers_lost_by_reason,
    ),
  ];
}

function requestFamilies({ traffic, workers }: StatusDocument): readonly Family[] {
  const open = workers.reduce((total, worker) => total + worker.connections, 0);
  return [
    single('gauge', 'metasteer_current_connections', 'Client connections open now.', open),
    single('counter', 'metasteer_connections_total', 'Client connections accepted.', traffic.connections),
    single('counter', 'metasteer_http_requests_total', 'Requests passed on to the agent.', traffic.requests),
    byLabel(
      'counter',
      'metasteer_http_responses_total',
      'Responses by class of their status.',
      'code',
      traffic.responses,
    ),
    byLabel('counter', 'metasteer_http_refused_total', 'Requests refused, by reason.', 'reason', traffic.refused),
    single(
      'counter',
      'metasteer_http_rate_limited_total',
      'Requests refused for their rate, also among those refused.',
      traffic.refused['rate-limited'] ?? 0,
    ),
    single('counter', 'metasteer_response_bytes_total', 'Bytes of bodies of responses.', traffic.bytes),
    times('metasteer_request_duration_seconds', 'From a request’s first byte to its end.', traffic.total_seconds),
    times(
      'metasteer_queue_duration_seconds',
      'Of a request’s time, what it waited for the agent.',
      traffic.queue_seconds,
    ),
    times('metasteer_agent_duration_seconds', 'Of a request’s time, what the agent took.', traffic.agent_seconds),
  ];
}

function agentFamilies({ agent }: StatusDocument): readonly Family[] {
  return [
    byState('metasteer_agent_state', 'What is known of the agent: 1 for what it is.', AGENT_STATES, [agent]),
    flags('metasteer_agent_generation', 'How the agent uses connections: 1 for what it is.', GENERATIONS, agent),
    single('gauge', 'metasteer_current_queue', 'Requests that wait for the agent now.', agent.queued),
    single('gauge', 'metasteer_current_exchanges', 'Requests the agent works on now.', agent.exchanges_open),
  ];
}

/** Of a verdict's name the first word tells the program (docs/verdicts.md). */
function packetFamilies({ daemon, traffic }: StatusDocument): readonly Family[] {
  const samples = Object.entries(traffic.packets).map(([verdict, value]): Sample => {
    const [stage = ''] = verdict.split('_', 1);
    const program = stage === 'restore' || stage === 'guard' ? stage : 'steer';
    return { labels: { program, verdict }, value };
  });
  return [
    { name: 'metasteer_packets_total', help: 'Packets by verdict of the BPF programs.', type: 'counter', samples },
    single('gauge', 'metasteer_neighbours', 'Client addresses known on the node.', daemon.neighbours),
    single('gauge', 'metasteer_flows', 'Client connections known on the node.', daemon.flows),
    single(
      'counter',
      'metasteer_shield_switches_total',
      'Times the XDP shield went up or down.',
      daemon.shield_switches,
    ),
  ];
}

/** Only where owners are told apart (`metrics.owner_label`). */
function ownerFamilies(owners: ReadonlyMap<string, OwnerTraffic>): readonly Family[] {
  const by = (of: (traffic: OwnerTraffic) => number) =>
    Object.fromEntries([...owners].map(([owner, traffic]) => [owner, of(traffic)]));
  return [
    byLabel(
      'counter',
      'metasteer_owner_requests_total',
      'Requests by owner of the port.',
      'owner',
      by(({ requests }) => requests),
    ),
    byLabel(
      'counter',
      'metasteer_owner_refused_total',
      'Requests refused, by owner of the port.',
      'owner',
      by(({ refused }) => refused),
    ),
    byLabel(
      'gauge',
      'metasteer_owner_current_connections',
      'Client connections open now, by owner of the port.',
      'owner',
      by(({ connections }) => connections),
    ),
    byLabel(
      'counter',
      'metasteer_owner_packets_dropped_total',
      'Packets dropped on the way in, by owner of the port.',
      'owner',
      by(({ dropped }) => dropped),
    ),
  ];
}

function flags(
  name: string,
  help: string,
  known: readonly string[],
  { generation }: { readonly generation: string },
): Family {
  const values = Object.fromEntries(known.map((each) => [each, each === generation ? 1 : 0] as const));
  return byLabel('gauge', name, help, 'generation', values);
}

function times(name: string, help: string, { bounds, counts, sum }: HistogramDocument): Family {
  return histogram(name, help, bounds, { counts, sum });
}
