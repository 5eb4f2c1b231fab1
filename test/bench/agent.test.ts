import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentBars, chainFigures } from '../../bench/agent.ts';
import type { LoadRun } from '../../bench/contest/run.ts';

const CHAINS = [
  'haproxy → one-shot',
  'haproxy → keep-alive',
  'haproxy → metasteer agent',
  'metasteer → metasteer agent',
] as const;

function round(...perSecond: readonly [number, number, number, number]): (LoadRun & { chain: string })[] {
  const cpu = { user: 100, system: 200, total: 300 };
  const times = { p50Us: 1, p90Us: 2, p99Us: 3, p999Us: 4 };
  return CHAINS.map((chain, index) => ({
    ...{ chain, load: 'saturated', started: 100, ok: 99, perSecond: perSecond[index] ?? 0, failures: {}, latency: [] },
    ...{ ...times, proxyCpu: cpu, agentCpu: cpu, machineCpu: { ...cpu, softirq: 0 }, memory: 1 },
  }));
}

test('chains are compared with the first of their round, and bars with the agents of Neutron', () => {
  const runs = [...round(300, 800, 900, 1500), ...round(200, 500, 900, 900), ...round(400, 1000, 900, 2400)];
  const chains = chainFigures(runs);
  assert.deepEqual(
    chains.map(({ name, ratio, failed }) => [name, ratio.median, failed]),
    [
      [CHAINS[0], 1, 3],
      [CHAINS[1], 2.5, 3],
      [CHAINS[2], 3, 3],
      [CHAINS[3], 5, 3],
    ],
  );
  const bars = agentBars({ chains, runs, lookUps: { requests: 28, neutron: 3, keystone: 1 } });
  assert.deepEqual(
    bars.map(({ value, verdict }) => [value, verdict]),
    [
      [5, 'met'],
      [1.875, 'missed'],
      [300, 'met'],
      [3, 'missed'],
    ],
  );
});
