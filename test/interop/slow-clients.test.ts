// Needs root: network namespaces and BPF. Clients that are slow on purpose, hundreds of them, in one instance.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { Daemon } from '../../src/demo/daemon.ts';
import { readProcess } from '../../src/demo/probe.ts';
import { isRoot, METADATA_V4, portOf, TestNode, until, whoAmI } from '../kit/node.ts';
import { unlessThere } from '../kit/peers.ts';

const ATTACKERS = 300;
const ATTACK_SECONDS = 6;
/** Connections to the agent that may rest in the pool: `agent.concurrency`. */
const POOLED_MAX = 8;
/** Less than what the attackers were sent: 300 times 64 KiB. */
const MEMORY_SLACK_BYTES = 16 * 1024 * 1024;
/** User data fetched to have the worker's garbage collected. */
const ORDINARY_REQUESTS = 600;

/** Options of slowhttptest by mode. */
const MODES = {
  'slow headers': ['-H', '-i', '1', '-u', `${METADATA_V4}/openstack`],
  'slow bodies': ['-B', '-i', '1', '-s', '4096', '-u', `${METADATA_V4}/openstack/2013-04-04/password`],
  'slow reads': ['-X', '-n', '1', '-w', '10', '-y', '20', '-z', '32', '-u', `${METADATA_V4}/latest/user-data`],
} as const;

const skip = isRoot ? unlessThere('slowhttptest') : 'needs root';

/** What was seen of an attack by one instance while the other went on asking. */
interface Seen {
  /** Most connections of the attacking instance at once. */
  connections: number;
  /** Answers to the other instance, all of them right, while the attackers were connected. */
  answers: number;
}

/** What is asked here is what the worker does with slow clients, so the data plane lets them all come. */
const UNGUARDED = { source_connections: 1000, source_burst: 1000 } as const;

/** Lets one instance attack, and asks from the other for as long as that lasts. */
async function attack(node: TestNode, daemon: Daemon, options: readonly string[]): Promise<Seen> {
  const seen: Seen = { connections: 0, answers: 0 };
  const all = ['-c', String(ATTACKERS), '-r', String(ATTACKERS), '-l', String(ATTACK_SECONDS), ...options];
  let running = true;
  const ended = node.blue.instance.namespace.try('slowhttptest', all, { timeoutMs: 60_000 }).then((result) => {
    running = false;
    return result;
  });
  while (running) {
    const { connections } = await portOf(daemon, node.blue);
    seen.connections = Math.max(seen.connections, connections);
    assert.equal(await whoAmI(node.green), node.green.known.uuid);
    if (connections > ATTACKERS / 4) seen.answers += 1;
  }
  const { status, stderr } = await ended;
  assert.equal(status, 0, stderr);
  return seen;
}

describe('300 slow clients in one instance', { skip }, () => {
  let node: TestNode;
  let daemon: Daemon;
  let pid: number;

  before(async () => {
    node = await TestNode.build();
    daemon = await node.startSteering({ guard: UNGUARDED });
    pid = (await daemon.status()).workers[0]?.pid ?? 0;
    for (const tenant of [node.blue, node.green]) await whoAmI(tenant);
  });
  after(() => node.remove());

  const connections = async () => (await portOf(daemon, node.blue)).connections;
  const descriptors = () => readdirSync(`/proc/${pid}/fd`).length;
  /** Its memory once it has served ordinary requests for a while. */
  const memory = async () => {
    const url = `${METADATA_V4}/latest/user-data?[1-${ORDINARY_REQUESTS}]`;
    await node.green.instance.namespace.run('curl', ['-sS', '-o', '/dev/null', url], { timeoutMs: 60_000 });
    return (await readProcess(pid)).memoryBytes;
  };

  for (const [mode, options] of Object.entries(MODES)) {
    test(`${mode}: the other instance is served meanwhile, and nothing stays behind`, async () => {
      const memoryBefore = await memory();
      const descriptorsBefore = descriptors();
      const seen = await attack(node, daemon, options);
      assert.ok(seen.connections > ATTACKERS * 0.9, `${seen.connections} connections`);
      assert.ok(seen.answers > 10, `${seen.answers} answers`);
      assert.deepEqual((await portOf(daemon, node.green)).refused, {});

      await until('no connection is left', async () => (await connections()) === 0);
      await until('descriptors are back', () => descriptors() <= descriptorsBefore + POOLED_MAX);
      await until('memory is back', async () => (await memory()) <= memoryBefore + MEMORY_SLACK_BYTES, 40_000);
    });
  }

  test('the worker is still the same process', async () => {
    assert.deepEqual(
      (await daemon.status()).workers.map((worker) => worker.pid),
      [pid],
    );
  });
});

describe('more slow clients in one instance than connections are allowed', { skip }, () => {
  let node: TestNode;
  let daemon: Daemon;

  before(async () => {
    node = await TestNode.build();
    daemon = await node.startSteering({
      guard: UNGUARDED,
      limits: { connections: 100 },
      metadata_haproxy: { timeout_http_request: 2, timeout_client: 2 },
    });
  });
  after(() => node.remove());

  test('the other instance gets room, and the slow ones are ended', async () => {
    const seen = await attack(node, daemon, MODES['slow headers']);
    assert.ok(seen.connections >= 90, `${seen.connections} connections`);
    const { refused } = await portOf(daemon, node.blue);
    for (const reason of ['connections-exhausted', 'request-timeout', 'evicted']) {
      assert.ok((refused[reason] ?? 0) > 0, `${reason} in ${JSON.stringify(refused)}`);
    }
    assert.deepEqual((await portOf(daemon, node.green)).refused, {});
  });
});
