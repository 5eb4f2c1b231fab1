/** The real agent of the keep-alive generation behind us: neutron 21.0.0, only its port look-up and nova stubbed. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { PythonAgent } from '../../bench/agent/python-agent.ts';
import type { InventoryInstance } from '../../src/demo/inventory.ts';
import type { NovaService } from '../../src/nova/server.ts';
import { documentOf } from '../kit/nova-documents.ts';
import { unlessThere } from '../kit/peers.ts';
import { startAgent, startNova } from '../kit/peers-agents.ts';
import { ownerOf, until, Worker } from '../proxy/worker.ts';
import { type Ask, ask, oneConnection, type Reply } from './http-client.ts';

const ROUTERS = 2;
const PER_ROUTER = 20;
const CONCURRENCY = 8;
const BOOT_REQUESTS = 28;

/** Instances of two tenants with the same addresses. */
const inventory: readonly InventoryInstance[] = count(ROUTERS * PER_ROUTER).map((index) => ({
  uuid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
  ec2Id: `i-${String(index).padStart(8, '0')}`,
  name: `instance-${index}`,
  tenant: `tenant-${index % ROUTERS}`,
  projectId: `project-${index % ROUTERS}`,
  routerId: ownerOf(index % ROUTERS),
  address: `127.0.1.${Math.floor(index / ROUTERS) + 1}`,
  mac: `fa:16:3e:00:00:${index.toString(16).padStart(2, '0')}`,
  publicKeys: { key: `ssh-ed25519 AAAA instance-${index}` },
  userData: Buffer.from(`#!/bin/sh\n# instance ${index}\n`.padEnd(64 * 1024, `${index} `)),
}));

describe('the eventlet agent behind us', { skip: unlessThere('python3-neutron') }, () => {
  let worker: Worker;
  let nova: NovaService;
  let agent: PythonAgent;

  before(async () => {
    // It takes some seconds to start, more when the machine is busy: requests wait for it however long it takes.
    const settings = { concurrency: CONCURRENCY, queueTimeoutMs: 60_000 };
    worker = await Worker.start({ access: 'off', ports: ROUTERS, agent: settings });
    nova = await startNova(inventory);
    agent = await start();
  });
  after(async () => {
    await worker.stop();
    await agent.stop();
    await nova.close();
  });

  const start = () => startAgent('keep-alive', worker.socket, inventory, nova);

  function get(index: number, path: string, more: Partial<Ask> = {}): Promise<Reply> {
    return ask({ port: worker.port(index % ROUTERS), from: instance(index).address, path, ...more });
  }

  function post(index: number, body: string, how?: Ask['how']): Promise<Reply> {
    return get(index, '/openstack/2013-04-04/password', { method: 'POST', body, ...(how && { how }) });
  }

  const idOf = async (index: number): Promise<string> => (await get(index, '/latest/meta-data/instance-id')).body;

  test('each instance reads its own documents, whole', async () => {
    for (const index of [0, 1, 2, 39]) {
      for (const path of [
        '/latest/meta-data/',
        '/latest/user-data',
        '/openstack',
        '/openstack/latest/network_data.json',
      ]) {
        const reply = await get(index, path);
        assert.equal(reply.status, 200, path);
        assert.equal(reply.body, documentOf(instance(index), path), path);
      }
      assert.equal(JSON.parse((await get(index, '/openstack/latest/meta_data.json')).body).uuid, instance(index).uuid);
    }
  });

  test('what is not there is 404: a path, and an instance', async () => {
    assert.equal((await get(0, '/latest/nothing')).status, 404);
    assert.equal((await get(0, '/latest', { from: '127.0.9.9' })).status, 404);
  });

  for (const [index, how] of [
    [0, undefined],
    [1, 'late'],
    [2, 'expect'],
    [3, 'chunked'],
  ] as const) {
    test(`a password is posted once and read again, its body sent ${how ?? 'at once'}`, async () => {
      const password = `password of ${index} `.padEnd(1000, 'x');
      const path = '/openstack/2013-04-04/password';
      assert.deepEqual(await brief(get(index, path)), { status: 200, body: '' });
      assert.deepEqual(await brief(post(index, password, how)), { status: 200, body: '' });
      assert.deepEqual(await brief(get(index, path)), { status: 200, body: password });
      assert.equal((await post(index, 'another', how)).status, 409);
      assert.deepEqual(await brief(get(index, path)), { status: 200, body: password });
    });
  }

  test('a body that no one-shot agent could read reaches nova, which finds it too large', async () => {
    assert.equal((await post(4, 'x'.repeat(8192))).status, 400);
    assert.equal((await post(4, 'x'.repeat(8192), 'chunked')).status, 400);
  });

  test('a forged identity is of no use', async () => {
    const other = instance(3);
    const forged: readonly Readonly<Record<string, string>>[] = [
      { 'X-Forwarded-For': other.address },
      { 'X-Forwarded-For': other.address, 'X-Neutron-Router-ID': other.routerId },
      { 'X-Neutron-Network-ID': other.routerId },
      { x_forwarded_for: other.address, X_NEUTRON_ROUTER_ID: other.routerId },
      { 'X-Instance-ID': other.uuid, 'X-Tenant-ID': other.projectId, 'X-Instance-ID-Signature': '0'.repeat(64) },
      { 'X-Metadata-Provider': 'x', 'X-Metadata-Provider-Signature': 'x' },
    ];
    for (const headers of forged) {
      const { status, body } = await get(0, '/latest/meta-data/instance-id', { headers });
      assert.deepEqual({ status, body }, { status: 200, body: instance(0).ec2Id }, JSON.stringify(headers));
    }
  });

  test('connections to it are used again', async () => {
    await until(() => worker.proxy.status().agent.generation === 'keep-alive', 'known as keep-alive');
    const before = agent.told.length;
    const connection = oneConnection();
    for (const _ of count(100)) {
      const { body } = await get(5, '/latest/meta-data/instance-id', { agent: connection });
      assert.equal(body, instance(5).ec2Id);
      assert.equal(await idOf(6), instance(6).ec2Id);
    }
    connection.destroy();
    assert.ok(agent.told.length - before <= CONCURRENCY, `${agent.told.length - before} connections for 200 requests`);
  });

  test('300 clients at once get their answers', async () => {
    const indexes = count(300).map((client) => client % inventory.length);
    const answers = await Promise.all(indexes.map(idOf));
    assert.deepEqual(
      answers,
      indexes.map((index) => instance(index).ec2Id),
    );
  });

  test(`20 instances boot at once, ${BOOT_REQUESTS} requests each`, async () => {
    const boots = count(20).map(async (index) => {
      for (const _ of count(BOOT_REQUESTS)) assert.equal(await idOf(index), instance(index).ec2Id);
    });
    await Promise.all(boots);
  });

  test('when it is killed and started again, requests wait for it', async () => {
    await agent.stop();
    const waiting = Promise.all(count(30).map(idOf));
    agent = await start();
    assert.deepEqual(
      await waiting,
      count(30).map((index) => instance(index).ec2Id),
    );
    assert.equal(await idOf(0), instance(0).ec2Id);
    assert.deepEqual([worker.refused(0), worker.refused(1)], [{}, {}]);
  });
});

async function brief(reply: Promise<Reply>): Promise<Pick<Reply, 'status' | 'body'>> {
  const { status, body } = await reply;
  return { status, body };
}

function instance(index: number): InventoryInstance {
  const found = inventory[index];
  assert.ok(found);
  return found;
}

/** Numbers from 0 on. */
function count(size: number): number[] {
  return Array.from({ length: size }, (_, index) => index);
}
