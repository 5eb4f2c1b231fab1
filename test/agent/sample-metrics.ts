import { agentMetricFamilies } from '../../src/agent/metric-families.ts';
import type { AgentStatusDocument } from '../../src/agent/status-document.ts';
import { Histogram, type HistogramCounts } from '../../src/metrics/histogram.ts';

/** An agent that has served a few requests, with two addresses of nova of which one is away. */
export function sampleAgentStatus(): AgentStatusDocument {
  return {
    agent: {
      pid: 1,
      version: '0.1.0',
      uptime_seconds: 60,
      socket: '/s',
      connections: 2,
      requests_open: 1,
      owners: null,
    },
    requests: {
      total: 10,
      by_status: { 0: 1, 200: 5, 206: 1, 404: 2, 503: 1 },
      by_reason: { 'client-left': 1, 'instance-unknown': 2, 'source-failed': 1 },
    },
    resolver: {
      source: 'neutron',
      counters: {
        hits: 5,
        negativeHits: 1,
        misses: 4,
        merged: 1,
        refused: 0,
        lookups: 3,
        errors: 1,
        entries: 2,
        underWay: 0,
      },
    },
    nova: {
      requests_open: 1,
      queued: 4,
      addresses: [
        { url: 'http://10.0.0.1:8775', state: 'answering', requests: 6, connect_failures: 0, last_error: null },
        { url: 'http://10.0.0.2:8775', state: 'aside', requests: 1, connect_failures: 1, last_error: 'refused' },
      ],
    },
    response_cache: { enabled: true, hits: 1, entries: 1, bytes: 700 },
  };
}

export function sampleAgentFamilies() {
  const times = { request: counted(2, 3, 40), lookup: counted(5, 700), queue: counted(0, 0), nova: counted(2, 39) };
  const process = { startedAtSeconds: 1_700_000_000, cpuSeconds: 1.5, residentBytes: 50_000_000 };
  return agentMetricFamilies({ status: sampleAgentStatus(), times, process });
}

function counted(...ms: readonly number[]): HistogramCounts {
  const histogram = new Histogram();
  for (const each of ms) histogram.observe(each);
  return histogram.counted;
}
