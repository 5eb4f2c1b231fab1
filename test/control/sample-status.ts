import type { HistogramDocument, StatusDocument, TrafficDocument } from '../../src/control/status-document.ts';
import { DURATION_BOUNDS, Histogram } from '../../src/metrics/histogram.ts';

export const OWNER = '7d3c0a1e-52b7-4f0e-9a3b-1f0f3c2d4e5f';

/** A histogram of times in milliseconds. */
export function sampleTimes(...ms: readonly number[]): HistogramDocument {
  const histogram = new Histogram();
  for (const each of ms) histogram.observe(each);
  return { bounds: DURATION_BOUNDS, ...histogram.counted };
}

export function sampleTraffic(changes: Partial<TrafficDocument> = {}): TrafficDocument {
  return {
    packets: { steer_syn: 2, pass_other_address: 1000, drop_source_rate: 3, restore_reply: 15, guard_passed: 4 },
    connections: 3,
    requests: 7,
    bytes: 700,
    responses: { '2xx': 6, '4xx': 1 },
    refused: { 'rate-limited': 1 },
    total_seconds: sampleTimes(2, 3, 40),
    queue_seconds: sampleTimes(0, 0, 1),
    agent_seconds: sampleTimes(2, 3, 39),
    ...changes,
  };
}

/** A daemon with one port that is steered and one that is not. */
export function sampleStatus(changes: Partial<StatusDocument> = {}): StatusDocument {
  const port = {
    port: 0,
    owner: OWNER,
    owner_kind: 'router' as const,
    namespace: `qrouter-${OWNER}`,
    interface: 'qr-1f0f3c2d-4e',
    device: 'ms0',
    state: 'steering' as const,
    attachment: 'tcx' as const,
    reason: null,
    connections: 1,
    requests: 7,
    refused: {},
    flows: 1,
    taking_over: false,
    shield: 'off' as const,
    neighbours: 1,
    neighbours_evicted: 0,
    counters: { steer_syn: 2, steer_data: 20, restore_reply: 15, pass_other_address: 1000 },
  };
  return {
    daemon: {
      pid: 100,
      version: '0.1.0',
      uptime_seconds: 60,
      namespace: 'metasteer',
      limits: {
        source_rate: 100,
        source_burst: 512,
        source_connections: 512,
        port_rate: 2000,
        port_burst: 16384,
        port_connections: 8192,
      },
      neighbours: 1,
      flows: 1,
      shield_switches: 0,
      ports_max: 1024,
      workers_wanted: 2,
      workers_lost: 0,
      workers_lost_by_reason: { breach: 0, message: 0, silent: 0, denied: 0, signal: 0, exit: 0 },
      config: '/etc/metasteer.yaml',
      needs_restart: [],
      store: { state: 'off', descriptors: 0, max: 0 },
    },
    ports: [
      port,
      { ...port, port: null, interface: 'qr-x', state: 'failed', attachment: null, reason: 'no macvlan', counters: {} },
    ],
    no_port: {},
    broken: [{ namespace: 'qrouter-broken', reason: 'EINVAL' }],
    weaknesses: [],
    vacancies: [],
    events: [],
    workers: [{ pid: 101, user: 'neutron', state: 'running', connections: 1, requests: 7 }],
    agent: {
      socket: '/run/agent.sock',
      state: 'answering',
      generation: 'one-shot',
      exchanges_open: 1,
      queued: 3,
      last_error: null,
    },
    traffic: sampleTraffic(),
    ...changes,
  };
}
