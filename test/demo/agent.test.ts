import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { MetadataAgent, resolveInstance } from '../../src/demo/agent.ts';
import { novaInventory } from '../../src/demo/inventory.ts';
import { NovaService } from '../../src/nova/server.ts';
import { INVENTORY, ROUTER_A, ROUTER_B } from './sample-inventory.ts';

const SECRET = Buffer.from('shared secret');
const directory = mkdtempSync(join(tmpdir(), 'metasteer-agent-'));
const socketPath = join(directory, 'agent.sock');
let nova: NovaService;
let agent: MetadataAgent;

before(async () => {
  nova = await NovaService.start({ inventory: novaInventory(INVENTORY), secret: SECRET });
  agent = await MetadataAgent.start({ socket: socketPath, inventory: INVENTORY, secret: SECRET, novaUrl: nova.url });
});
after(async () => {
  await agent.close();
  await nova.close();
  rmSync(directory, { recursive: true });
});

type Identity = Readonly<Record<string, readonly string[]>>;
const router = 'x-neutron-router-id';
const network = 'x-neutron-network-id';
const client = 'x-forwarded-for';

const identities: readonly (readonly [string, Identity, string | number])[] = [
  ['the router and the address of an instance', { [router]: [ROUTER_A], [client]: ['10.0.0.5'] }, 'instance-a'],
  ['another router and the same address', { [router]: [ROUTER_B], [client]: ['10.0.0.5'] }, 'instance-b'],
  ['an IPv4-mapped address', { [router]: [ROUTER_A], [client]: ['::ffff:10.0.0.5'] }, 'instance-a'],
  ['a link-local address made of a MAC', { [router]: [ROUTER_A], [client]: ['fe80::f816:3eff:fe00:a'] }, 'instance-a'],
  ['the same in another spelling', { [router]: [ROUTER_A], [client]: ['FE80:0::F816:3eff:fe00:000a'] }, 'instance-a'],
  [
    'a link-local address of a MAC behind another router',
    { [router]: [ROUTER_B], [client]: ['fe80::f816:3eff:fe00:a'] },
    404,
  ],
  ['a link-local address with a zone', { [router]: [ROUTER_A], [client]: ['fe80::f816:3eff:fe00:a%eth0'] }, 500],
  ['an unknown address', { [router]: [ROUTER_A], [client]: ['10.0.0.6'] }, 404],
  ['an unknown router', { [router]: ['33333333-3333-4333-8333-333333333333'], [client]: ['10.0.0.5'] }, 404],
  ['an address that two instances have', { [router]: [ROUTER_B], [client]: ['10.0.0.7'] }, 404],
  ['a network', { [network]: [ROUTER_A], [client]: ['10.0.0.5'] }, 404],
  ['both a router and a network', { [router]: [ROUTER_A], [network]: [ROUTER_A], [client]: ['10.0.0.5'] }, 404],
  ['two routers', { [router]: [ROUTER_A, ROUTER_B], [client]: ['10.0.0.5'] }, 404],
  ['neither router nor network', { [client]: ['10.0.0.5'] }, 500],
  ['no address', { [router]: [ROUTER_A] }, 500],
  ['two addresses in two lines', { [router]: [ROUTER_A], [client]: ['10.0.0.5', '10.0.0.5'] }, 500],
  ['two addresses in one line', { [router]: [ROUTER_A], [client]: ['1.2.3.4, 10.0.0.5'] }, 500],
  ['something that is no address', { [router]: [ROUTER_A], [client]: ['blue-web'] }, 500],
];

for (const [what, headers, expected] of identities) {
  test(`a request that names ${what} is for ${expected}`, () => {
    const headersDistinct = Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, [...values]]));
    const found = resolveInstance(INVENTORY, { headersDistinct });
    assert.equal('status' in found ? found.status : found.name, expected);
  });
}

interface Ask {
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly body?: string;
  readonly connections?: Agent;
}

async function ask(path: string, { headers, method = 'GET', body, connections }: Ask = {}) {
  const identity = { 'X-Neutron-Router-ID': ROUTER_A, 'X-Forwarded-For': '10.0.0.5' };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request({
      socketPath,
      path,
      method,
      headers: { ...identity, ...headers },
      agent: connections ?? false,
    });
    asked.once('response', resolve).once('error', reject).end(body);
  });
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

test('the answer of the metadata service comes through with status, type and body', async () => {
  const answer = await ask('/openstack/latest/meta_data.json');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.equal((JSON.parse(answer.body) as { name: string }).name, 'instance-a');
});

test('a 404 of the metadata service comes through', async () => {
  assert.equal((await ask('/latest/api/token', { method: 'PUT' })).status, 404);
});

test('user data of 64 KiB comes through whole', async () => {
  const answer = await ask('/latest/user-data');
  assert.equal(answer.headers['content-length'], '65536');
  assert.equal(answer.body, Buffer.from(INVENTORY[0]?.userData ?? []).toString());
});

test('a body goes on to the metadata service', async () => {
  assert.equal((await ask('/openstack/latest/password', { method: 'POST', body: 'secret' })).status, 200);
  assert.equal((await ask('/openstack/latest/password')).body, 'secret');
});

test('what a client sends as its own identity does not reach the metadata service', async () => {
  const headers = { 'X-Instance-ID': INVENTORY[1]?.uuid ?? '', 'X-Tenant-ID': 'project-b' };
  assert.equal((await ask('/latest/meta-data/instance-id', { headers })).body, 'i-0000000a');
});

test('a connection serves many requests', async () => {
  const connections = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<unknown>();
  connections.on('free', (socket: unknown) => ports.add(socket));
  for (let round = 0; round < 3; round++) {
    assert.equal((await ask('/latest/meta-data/instance-id', { connections })).status, 200);
  }
  connections.destroy();
  assert.equal(ports.size, 1);
});

test('anybody may connect to the socket, as a worker without privileges has to', () => {
  assert.equal(statSync(socketPath).mode & 0o777, 0o666);
});

test('without a metadata service the agent answers 503', async () => {
  const gone = await NovaService.start({ inventory: novaInventory(INVENTORY), secret: SECRET });
  const novaUrl = gone.url;
  await gone.close();
  const socket = join(directory, 'lonely.sock');
  const lonely = await MetadataAgent.start({ socket, inventory: INVENTORY, secret: SECRET, novaUrl });
  try {
    const status = await new Promise((resolve, reject) => {
      const headers = { 'X-Neutron-Router-ID': ROUTER_A, 'X-Forwarded-For': '10.0.0.5' };
      const asked = request({ socketPath: socket, path: '/', headers, agent: false });
      asked
        .once('response', (response) => resolve(response.resume().statusCode))
        .once('error', reject)
        .end();
    });
    assert.equal(status, 503);
  } finally {
    await lonely.close();
  }
});
