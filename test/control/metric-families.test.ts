import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { metricFamilies } from '../../src/control/metric-families.ts';
import { Traffic } from '../../src/control/traffic.ts';
import type { WorkerReport } from '../../src/control/workers.ts';
import { render } from '../../src/metrics/render.ts';
import type { PortStatus } from '../../src/proxy/messages.ts';
import { docRows } from '../kit/metrics.ts';
import { OWNER, sampleStatus, sampleTimes } from './sample-status.ts';

const OWN = { startedAtSeconds: 1_700_000_000, cpuSeconds: 1.5, residentBytes: 50_000_000 };
const OTHER = '0a1b2c3d-0000-4000-8000-00000000beef';
const THIRD = '0a1b2c3d-0000-4000-8000-000000000003';

function families(owners: Parameters<typeof metricFamilies>[0]['owners'] = new Map()) {
  return metricFamilies({ status: sampleStatus(), owners, process: OWN });
}

describe('metrics', () => {
  test('say what the status says', async () => {
    const lines = (await render(families())).split('\n');
    for (const line of [
      'metasteer_ports{state="steering"} 1',
      'metasteer_ports{state="failed"} 1',
      'metasteer_ports{state="attaching"} 0',
      'metasteer_workers{state="running"} 1',
      'metasteer_agent_generation{generation="one-shot"} 1',
      'metasteer_agent_generation{generation="keep-alive"} 0',
      'metasteer_agent_state{state="answering"} 1',
      'metasteer_current_queue 3',
      'metasteer_http_responses_total{code="2xx"} 6',
      'metasteer_http_refused_total{reason="rate-limited"} 1',
      'metasteer_http_rate_limited_total 1',
      'metasteer_packets_total{program="steer",verdict="pass_other_address"} 1000',
      'metasteer_packets_total{program="restore",verdict="restore_reply"} 15',
      'metasteer_packets_total{program="guard",verdict="guard_passed"} 4',
      'metasteer_request_duration_seconds_bucket{le="0.0025"} 1',
      'metasteer_request_duration_seconds_bucket{le="0.005"} 2',
      'metasteer_request_duration_seconds_count 3',
    ])
      assert.ok(lines.includes(line), line);
  });

  test('have one prefix, base units and the endings of their kinds', () => {
    for (const { name, type, help } of families(
      new Map([['other', { requests: 1, refused: 0, connections: 0, dropped: 2 }]]),
    )) {
      assert.match(name, /^metasteer_[a-z_]+$/);
      assert.equal(name.endsWith('_total'), type === 'counter', name);
      if (type === 'histogram') assert.match(name, /_seconds$/);
      assert.match(help, /\.$/, name);
    }
  });

  test('have labels by owner only where owners are told apart', () => {
    const by = (list: ReturnType<typeof families>) =>
      list.filter(({ samples }) => samples.some(({ labels }) => 'owner' in labels)).map(({ name }) => name);
    assert.deepEqual(by(families()), []);
    assert.equal(by(families(new Map([[OWNER, { requests: 1, refused: 0, connections: 0, dropped: 2 }]]))).length, 4);
  });

  test('are those of docs/metrics.md, with the same words', () => {
    const expected = families().map(({ name, type, help }) => `| \`${name}\` | ${type} | ${help}`);
    assert.deepEqual(docRows('Metrics of the daemon'), expected);
  });
});

function report(pid: number, ports: readonly PortStatus[], requests = 0): WorkerReport {
  const agent = { state: 'answering', generation: 'one-shot', exchangesOpen: 0, queued: 0 } as const;
  const times = sampleTimes(2);
  const counted = { counts: times.counts, sum: times.sum };
  const counts = { accepted: 1, bytes: 2, responses: { '2xx': requests }, refused: {} };
  const status = {
    ports,
    connections: 0,
    requests,
    agent,
    counts: { ...counts, total: counted, queue: counted, agent: counted },
  };
  return { pid, user: 'nobody', state: 'running', status };
}

/** Ports by their numbers, with what the BPF programs dropped at each. */
function owned(...ports: readonly (readonly [portId: number, owner: string, dropped?: number])[]) {
  return new Map(
    ports.map(([portId, owner, dropped = 0]) => [
      portId,
      { owner, packets: () => ({ pass_other_address: 9, guard_passed: 9, drop_port_rate: dropped }) },
    ]),
  );
}

function port(portId: number, requests: number): PortStatus {
  return { portId, requests, connections: 1, refused: { evicted: 1 } };
}

describe('traffic', () => {
  test('is the sum of the workers’, and stays when one of them ends', () => {
    const traffic = new Traffic(0);
    traffic.take([report(1, [], 5), report(2, [], 7)], new Map());
    traffic.take([report(2, [], 8)], new Map());
    traffic.take([report(2, [], 8), report(3, [], 1)], new Map());
    const { requests, responses, connections, total_seconds: times } = traffic.document();
    assert.deepEqual([requests, responses, connections], [14, { '2xx': 14 }, 3]);
    assert.equal(times.counts[1], 3);
  });

  test('by owner has no more owners than it may, and the rest together', () => {
    const traffic = new Traffic(2);
    const owners = owned([0, OWNER, 5], [1, OTHER], [2, THIRD, 7], [3, OWNER, 1]);
    traffic.take([report(1, [port(0, 1), port(1, 2), port(2, 4), port(3, 8)])], owners);
    assert.deepEqual(
      [...traffic.owners()].map(([owner, { requests, refused, connections, dropped }]) => [
        owner,
        requests,
        refused,
        connections,
        dropped,
      ]),
      [
        [OWNER, 9, 2, 2, 6],
        [OTHER, 2, 1, 1, 0],
        ['other', 4, 1, 1, 7],
      ],
    );
  });

  test('by owner gives the place of one that is gone to another', () => {
    const traffic = new Traffic(1);
    traffic.take([report(1, [port(0, 5), port(1, 2)])], owned([0, OWNER], [1, OTHER]));
    traffic.take([report(1, [port(1, 3)])], owned([1, OTHER]));
    const owners = traffic.owners();
    assert.equal(owners.has(OWNER), false);
    assert.equal(owners.get(OTHER)?.requests, 1);
    assert.equal(owners.get('other')?.requests, 2);
  });

  test('by owner goes on when a port gets a slot anew, which counts from nothing', () => {
    const traffic = new Traffic(1);
    const totals = [owned([0, OWNER, 5]), owned([0, OWNER, 8]), owned([0, OWNER, 2]), owned([1, OWNER, 1])].map(
      (ports) => {
        traffic.take([], ports);
        return traffic.owners().get(OWNER)?.dropped;
      },
    );
    assert.deepEqual(totals, [5, 8, 10, 11]);
  });

  test('is not told by owner unless it is asked for', () => {
    const traffic = new Traffic(0);
    traffic.take([report(1, [port(0, 5)])], owned([0, OWNER]));
    assert.equal(traffic.owners().size, 0);
  });
});
