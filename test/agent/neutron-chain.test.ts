/** The agent as it runs, between a proxy's requests and real HTTP servers that speak as Keystone, Neutron and nova do. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, beforeEach, describe, test } from 'node:test';
import { type Answer, json, startCloud } from '../../bench/agent/openstack.ts';
import { runAgent } from '../../src/agent/run.ts';
import { parseAgentSettings } from '../../src/agent/settings/load.ts';
import { readSecretFile } from '../../src/agent/settings/secret.ts';
import { openResolver } from '../../src/agent/sources.ts';
import { createLogger } from '../../src/log.ts';
import { NovaService } from '../../src/nova/server.ts';
import { socketDirectory } from '../kit/agents.ts';
import { exchangeRaw } from '../kit/raw-client.ts';
import { INSTANCE, NETWORK, port, ROUTER, routerPort, uuid } from './sample-cloud.ts';
import { SHARED_SECRET } from './setup.ts';

const OTHER_ROUTER = uuid(101);
const PATH = '/openstack/latest/meta_data.json';

describe('the agent over Neutron', async () => {
  const directory = socketDirectory();
  const stop = new AbortController();
  const cloud = await startCloud();
  const ports = [routerPort(NETWORK), port({})];
  cloud.ports = ports;
  const project = ports[1]?.project_id ?? '';
  const nova = await NovaService.start({
    inventory: { instances: [{ id: INSTANCE, project, ports: [] }] },
    secret: Buffer.from(SHARED_SECRET),
  });
  const socket = `${directory.path}/agent`;
  const text = `
socket: ${socket}
admin: { socket: ${socket}-admin }
nova: { addresses: [${nova.url}] }
keystone: { url: ${cloud.keystone.url}, username: metasteer, project: service, timeout: 500ms }
neutron: { timeout: 500ms }
resolver: { ttl: 0s, negative_ttl: 0s }
`;
  const environment = { METASTEER_SHARED_SECRET: SHARED_SECRET, METASTEER_KEYSTONE_PASSWORD: 'secret' };
  const surroundings = { environment, readText: () => '', readSecret: readSecretFile };
  const settings = parseAgentSettings(text, 'test.yaml', surroundings);
  const agent = runAgent({
    settings,
    log: createLogger('error', {}, { write: () => {} }),
    openResolver,
    signal: stop.signal,
  });
  await untilListening();

  after(async () => {
    stop.abort('the end of the tests');
    await agent;
    await Promise.all([nova.close(), cloud.close()]);
    directory.remove();
  });
  beforeEach(() => {
    cloud.keystone.say = cloud.says.keystone;
    cloud.neutron.say = cloud.says.neutron;
    cloud.ports = ports;
  });

  async function ask(router = ROUTER, address = '10.0.0.5'): Promise<string> {
    const head = `X-Neutron-Router-ID: ${router}\r\nX-Forwarded-For: ${address}\r\nConnection: close\r\n\r\n`;
    return exchangeRaw({ path: socket }, [`GET ${PATH} HTTP/1.1\r\nHost: a\r\n${head}`]);
  }

  async function statusOf(reply: Promise<string>): Promise<number> {
    return Number(/^HTTP\/1\.1 (\d{3}) /.exec(await reply)?.[1]);
  }

  test('an instance that Neutron knows gets its own metadata', async () => {
    const reply = await ask();
    assert.match(reply, /^HTTP\/1\.1 200 /);
    assert.ok(reply.includes(INSTANCE));
  });

  test('who is not there, or behind another router, or there twice, is nobody', async () => {
    assert.equal(await statusOf(ask(ROUTER, '10.0.0.6')), 404);
    assert.equal(await statusOf(ask(OTHER_ROUTER)), 404);
    cloud.ports = [...ports, port({ device_id: uuid(301) })];
    assert.equal(await statusOf(ask()), 404);
  });

  test('a token that has ended is renewed', async () => {
    assert.equal(await statusOf(ask()), 200);
    const logins = cloud.keystone.asked.length;
    cloud.tokens.clear();
    assert.equal(await statusOf(ask()), 200);
    assert.equal(cloud.keystone.asked.length, logins + 1);
  });

  const failures: Readonly<Record<string, () => Answer | undefined>> = {
    'refuses us (403)': () => json(403, { NeutronError: { message: 'rule:get_port is disallowed' } }),
    'fails (500)': () => json(500, {}),
    'is away (503)': () => ({ status: 503, body: 'no server is available' }),
    'says half of it': () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: '{"ports": [' }),
    'says what is no list': () => json(200, { ports: { device_id: INSTANCE } }),
    'names another address than was asked for': () =>
      json(200, { ports: [{ ...port({ ip: '10.0.0.77' }), network_id: NETWORK }] }),
    'does not answer': () => undefined,
  };
  for (const [what, answer] of Object.entries(failures)) {
    test(`when Neutron ${what}, nobody gets metadata, and the reply says to try again`, async () => {
      cloud.neutron.say = answer;
      const reply = await ask();
      assert.match(reply, /^HTTP\/1\.1 503 /);
      assert.match(reply, /^retry-after: \d+\r$/im);
      assert.ok(!reply.includes(INSTANCE));
    });
  }

  async function untilListening(): Promise<void> {
    for (;;) {
      const listens = await new Promise<boolean>((resolve) => {
        const client = connect(socket, () => resolve(true)).once('error', () => resolve(false));
        client.once('connect', () => client.destroy());
      });
      if (listens) return;
      await Promise.race([agent, new Promise((resolve) => setTimeout(resolve, 20))]);
    }
  }
});
