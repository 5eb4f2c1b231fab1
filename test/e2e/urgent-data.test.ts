// Needs root: network namespaces and BPF. A guest that sends urgent data, which ends reads early, at a worker that is kept busy.
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Daemon } from '../../src/demo/daemon.ts';
import { packageRoot } from '../../src/kernel/paths.ts';
import { KeepAliveAgent, reply } from '../kit/agents.ts';
import { curl, METADATA_V4, needsRoot, TestNode } from '../kit/node.ts';
import { NO_LIMITS } from '../kit/steady-load.ts';

const GUEST = join(packageRoot, 'test/kit/urgent-guest.py');
const ATTEMPTS = 2000;
/** That run at once. */
const GUESTS = 2;
const LONGEST_MS = 120_000;

describe(`a guest that sends urgent data in ${ATTEMPTS} attempts`, needsRoot, () => {
  let node: TestNode;
  let agent: KeepAliveAgent;
  let daemon: Daemon;

  before(async () => {
    node = await TestNode.build();
    agent = await KeepAliveAgent.start(node.runDir.file('echo-agent.sock'), () => reply('ok'));
    chmodSync(agent.path, 0o666);
    node.undo('agent', () => agent.stop());
    daemon = await node.startSteering({ agent: { socket: agent.path }, ...NO_LIMITS });
  });
  after(() => node.remove());

  it('ends no worker, and asks the agent nothing in another’s name', { timeout: LONGEST_MS }, async (test) => {
    const { workers: before } = await daemon.status();
    const { namespace } = node.green.instance;
    const seeds = Array.from({ length: GUESTS }, (_, index) => String(index + 1));
    const attack = (seed: string) =>
      namespace
        .run('/usr/bin/python3', [GUEST, String(ATTEMPTS / GUESTS), seed])
        .then((said) => said.split(' ').map(Number));
    const [said] = await Promise.all([Promise.all(seeds.map(attack)), askMeanwhile()]);
    const sums = said.reduce(([made = 0, urgent = 0], [more = 0, bytes = 0]) => [made + more, urgent + bytes], [0, 0]);
    test.diagnostic(`${sums[0]} attempts with ${sums[1]} urgent bytes`);
    assert.ok((sums[0] ?? 0) > 0.99 * ATTEMPTS && (sums[1] ?? 0) > ATTEMPTS, String(sums));
    const { workers, daemon: about } = await daemon.status();
    assert.equal(about.workers_lost, 0);
    assert.deepEqual(
      workers.map(({ pid }) => pid),
      before.map(({ pid }) => pid),
    );
    // Its own bytes may be requests of its own.
    const own = `${node.green.router.uuid} ${node.green.instance.address}`;
    assert.deepEqual(
      namesOf(agent).filter((name) => name !== own),
      [`${node.blue.router.uuid} ${node.blue.instance.address}`],
    );
  });

  /** Another tenant asks all the while, and is answered. */
  async function askMeanwhile(): Promise<void> {
    for (let count = 0; count < 20; count += 1)
      assert.equal((await curl(node.blue, `${METADATA_V4}/blue`)).status, 200);
  }
});

/** In whose name the agent was asked. */
function namesOf({ received }: KeepAliveAgent): readonly string[] {
  const names = received.map((request) =>
    [request.values('x-neutron-router-id'), request.values('x-forwarded-for')].join(' '),
  );
  return [...new Set(names)].sort();
}
