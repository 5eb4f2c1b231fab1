/**
 * The agent's metrics, below a name of their own: `metasteer_agent_…` is what the daemon knows of whichever agent it has.
 * docs/metrics.md lists exactly these (a test holds the two equal).
 */
import { byLabel, byState, type Family, histogram, single } from '../metrics/family.ts';
import { DURATION_BOUNDS, type HistogramCounts } from '../metrics/histogram.ts';
import { type ProcessFigures, processFamilies } from '../metrics/process.ts';
import type { AgentStatusDocument } from './status-document.ts';

/** Times by their length, counted since the start. */
export interface AgentTimes {
  readonly request: HistogramCounts;
  readonly lookup: HistogramCounts;
  readonly queue: HistogramCounts;
  readonly nova: HistogramCounts;
}

/** What metrics are made of. */
export interface AgentMetricsSource {
  readonly status: AgentStatusDocument;
  readonly times: AgentTimes;
  readonly process: ProcessFigures;
}

const PREFIX = 'metasteer_metadata_agent';
const WORDS = { prefix: PREFIX, program: 'the agent', process: 'the agent' } as const;
const NOVA_STATES = ['unknown', 'answering', 'aside'] as const;
/** What answered the question who asks, by the name of its counter in the status. */
const ANSWERS = {
  hits: 'cache',
  negativeHits: 'negative-cache',
  merged: 'joined',
  lookups: 'look-up',
  refused: 'refused',
} as const;

export function agentMetricFamilies(source: AgentMetricsSource): readonly Family[] {
  return [
    ...processFamilies({ ...WORDS, version: source.status.agent.version }, source.process),
    ...requestFamilies(source),
    ...resolverFamilies(source),
    ...novaFamilies(source),
    ...cacheFamilies(source.status),
  ];
}

function requestFamilies({ status: { agent, requests }, times }: AgentMetricsSource): readonly Family[] {
  return [
    single('gauge', `${PREFIX}_current_connections`, 'Connections of proxies open now.', agent.connections),
    single('gauge', `${PREFIX}_current_requests`, 'Requests being served now.', agent.requests_open),
    byLabel(
      'counter',
      `${PREFIX}_http_requests_total`,
      'Requests by how they ended: `reply` is nova’s, all else a reason of docs/agent.md.',
      'result',
      resultsOf(requests),
    ),
    byLabel(
      'counter',
      `${PREFIX}_http_responses_total`,
      'Responses by class of their status; `none` where the proxy got none.',
      'code',
      classesOf(requests.by_status),
    ),
    durations('request_duration_seconds', 'From a request’s head to its end.', times.request),
  ];
}

function resolverFamilies({ status: { resolver }, times }: AgentMetricsSource): readonly Family[] {
  const count = (name: string) => resolver.counters[name] ?? 0;
  const answers = Object.entries(ANSWERS).map(([name, answer]) => [answer, count(name)] as const);
  return [
    byLabel(
      'counter',
      `${PREFIX}_resolutions_total`,
      'Questions which instance asks, by what answered them.',
      'by',
      Object.fromEntries(answers),
    ),
    single(
      'counter',
      `${PREFIX}_lookup_errors_total`,
      'Look-ups of instances that failed or took too long.',
      count('errors'),
    ),
    durations('lookup_duration_seconds', 'Of a look-up of an instance, those that failed among them.', times.lookup),
    single('gauge', `${PREFIX}_current_lookups`, 'Look-ups under way now.', count('underWay')),
    single('gauge', `${PREFIX}_known_clients`, 'Clients remembered.', count('entries')),
  ];
}

function novaFamilies({ status: { nova }, times }: AgentMetricsSource): readonly Family[] {
  const by = (of: (address: (typeof nova.addresses)[number]) => number) =>
    Object.fromEntries(nova.addresses.map((address) => [address.url, of(address)]));
  return [
    durations('queue_duration_seconds', 'Of a request’s time, what it waited for a turn to ask nova.', times.queue),
    durations('nova_duration_seconds', 'From a turn to nova’s reply, or to why there is none.', times.nova),
    single('gauge', `${PREFIX}_current_queue`, 'Requests that wait for a turn to ask nova now.', nova.queued),
    single('gauge', `${PREFIX}_current_exchanges`, 'Requests nova works on now.', nova.requests_open),
    byState(
      `${PREFIX}_nova_addresses`,
      'Addresses of nova by state; `aside`: could not be connected to.',
      NOVA_STATES,
      nova.addresses,
    ),
    byLabel(
      'counter',
      `${PREFIX}_nova_requests_total`,
      'Requests to nova by address, further attempts among them.',
      'nova',
      by(({ requests }) => requests),
    ),
    byLabel(
      'counter',
      `${PREFIX}_nova_connect_failures_total`,
      'Attempts to connect to nova that failed, by address.',
      'nova',
      by((address) => address.connect_failures),
    ),
  ];
}

function cacheFamilies({ response_cache: cache }: AgentStatusDocument): readonly Family[] {
  return [
    single(
      'counter',
      `${PREFIX}_response_cache_hits_total`,
      'Requests answered with a reply that was kept.',
      cache.hits,
    ),
    single('gauge', `${PREFIX}_response_cache_entries`, 'Replies kept.', cache.entries),
    single('gauge', `${PREFIX}_response_cache_bytes`, 'Bytes of replies kept.', cache.bytes),
  ];
}

function durations(name: string, help: string, counted: HistogramCounts): Family {
  return histogram(`${PREFIX}_${name}`, help, DURATION_BOUNDS, counted);
}

/** A request without a reason of ours had nova's reply. */
function resultsOf({ total, by_reason: reasons }: AgentStatusDocument['requests']): Readonly<Record<string, number>> {
  const others = Object.values(reasons).reduce((sum, count) => sum + count, 0);
  return { reply: total - others, ...reasons };
}

function classesOf(byStatus: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const classes: Record<string, number> = {};
  for (const [status, count] of Object.entries(byStatus)) {
    const name = status === '0' ? 'none' : `${status.charAt(0)}xx`;
    classes[name] = (classes[name] ?? 0) + count;
  }
  return classes;
}
