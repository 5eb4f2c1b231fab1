/** Debian's haproxy, configured as Neutron's agents do it, in front of the agent, and the embedded nova behind it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { HAPROXY_MANNERS } from '../../bench/incumbent.ts';
import { parseInventory } from '../../src/agent/inventory.ts';
import { runAgent } from '../../src/agent/run.ts';
import { openResolver } from '../../src/agent/sources.ts';
import { createLogger } from '../../src/log.ts';
import { signInstanceId } from '../../src/nova/authenticate.ts';
import { NovaService } from '../../src/nova/server.ts';
import { socketDirectory } from '../kit/agents.ts';
import { unlessThere } from '../kit/peers.ts';
import { exchangeRaw } from '../kit/raw-client.ts';
import { SHARED_SECRET, settingsOf } from './setup.ts';

const ROUTER = '11111111-1111-4111-8111-111111111111';
const NETWORK = '22222222-2222-4222-8222-222222222222';
const OVN = '33333333-3333-4333-8333-333333333333';
const INSTANCE = 'aaaaaaaa-0000-4000-8000-00000000000a';
const OTHER = 'bbbbbbbb-0000-4000-8000-00000000000b';
const PROJECT = 'b7e0f4c6d9d24d0f8a6f1a2b3c4d5e6f';

const INVENTORY = `
instances:
  - id: ${INSTANCE}
    project: ${PROJECT}
    name: blue-web
    ports:
      - { router: ${ROUTER}, network: ${NETWORK}, ovn_network: ${OVN}, addresses: [127.0.0.1], mac: "fa:16:3e:00:00:0a" }
    metadata:
      public_keys: { key: ssh-ed25519 AAAA }
      user_data: { base64: ${Buffer.from('1f8b0800ff00fe0d0a', 'hex').toString('base64')} }
  - id: ${OTHER}
    project: ${PROJECT}
    ports:
      - { router: ${ROUTER}, network: ${NETWORK}, ovn_network: ${OVN}, addresses: [127.0.0.2], mac: "fa:16:3e:00:00:0b" }
`;

/** What each of Neutron's drivers says of identity (contract.md 1.1 and 1.2). */
const MODES = {
  router: `http-request del-header X-Neutron-Network-ID\n    http-request set-header X-Neutron-Router-ID ${ROUTER}`,
  network: `http-request del-header X-Neutron-Router-ID\n    http-request set-header X-Neutron-Network-ID ${NETWORK}`,
  ovn: `http-request add-header X-OVN-Network-ID ${OVN}`,
} as const;
type Mode = keyof typeof MODES;

/** Neutron's, but in the foreground and with the peer's address as an IPv4 one. */
function haproxyConfig(port: number, agent: string, mode: Mode): string {
  return `global
    maxconn 1024
    nbthread 2

defaults
    mode http
${HAPROXY_MANNERS}

listen listener
    bind 127.0.0.1:${port}
    server metadata ${agent}
    ${MODES[mode]}
`;
}

const EC2 = [
  '',
  'ami-id',
  'hostname',
  'instance-id',
  'local-ipv4',
  'public-ipv4',
  'placement/',
  'public-keys/',
  'public-keys/0/openssh-key',
];
const PATHS = [
  '/',
  '/ec2',
  '/openstack',
  '/openstack/',
  ...['2012-08-10', '2013-04-04', '2018-08-27', '2025-04-04', 'latest'].flatMap((version) => [
    `/openstack/${version}`,
    ...['user_data', 'password', 'vendor_data.json', 'vendor_data2.json', 'network_data.json'].map(
      (name) => `/openstack/${version}/${name}`,
    ),
  ]),
  '/openstack/1999-01-01/user_data',
  '/openstack/latest/nothing',
  '/openstack/content/0000',
  ...['1.0', '2009-04-04', 'latest'].flatMap((version) => [
    `/${version}`,
    `/${version}/user-data`,
    ...EC2.map((name) => `/${version}/meta-data/${name}`),
  ]),
  '/latest/meta-data/nothing?query=%20x&y',
  '//latest///meta-data/instance-id',
  '/latest/api/token',
];

interface Reply {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly body: Buffer;
}

describe('behind haproxy as Neutron configures it', { skip: unlessThere('haproxy') }, () => {
  const directory = socketDirectory();
  const stop = new AbortController();
  const haproxies: ChildProcess[] = [];
  const ports: Record<Mode, number> = { router: 0, network: 0, ovn: 0 };
  let nova: NovaService;
  let agent: Promise<void>;

  before(async () => {
    const file = `${directory.path}/inventory.yaml`;
    writeFileSync(file, INVENTORY);
    nova = await NovaService.start({
      inventory: parseInventory(INVENTORY, file),
      secret: Buffer.from(SHARED_SECRET),
    });
    const settings = settingsOf(`${directory.path}/agent`, [nova.url], 'socket_mode: all');
    const inventory = { ...settings, inventory: { file } };
    agent = runAgent({ settings: inventory, log: createLogger('error'), openResolver, signal: stop.signal });
    await Promise.race([answering({ path: settings.socket.path }), agent]);
    for (const [index, mode] of (['router', 'network', 'ovn'] as const).entries()) {
      ports[mode] = 20_000 + (process.pid % 4000) * 3 + index;
      const config = `${directory.path}/${mode}.conf`;
      writeFileSync(config, haproxyConfig(ports[mode], settings.socket.path, mode));
      const child = spawn('haproxy', ['-f', config], { stdio: ['ignore', 'ignore', 'pipe'] });
      haproxies.push(child);
      const words = text(child.stderr);
      const ended = once(child, 'exit').then(async () => Promise.reject(new Error(`haproxy ended: ${await words}`)));
      ended.catch(() => undefined);
      await Promise.race([answering({ host: '127.0.0.1', port: ports[mode] }), ended]);
    }
  });

  after(async () => {
    for (const child of haproxies) {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    stop.abort('the end of the tests');
    await agent;
    await nova.close();
    directory.remove();
  });

  /** What nova itself says to who can sign. */
  const direct = (path: string, method = 'GET') =>
    ask(nova.url, path, method, {
      'X-Forwarded-For': '127.0.0.1',
      'X-Instance-ID': INSTANCE,
      'X-Tenant-ID': PROJECT,
      'X-Instance-ID-Signature': signInstanceId(Buffer.from(SHARED_SECRET), INSTANCE),
    });
  const guest = (
    mode: Mode,
    path: string,
    method = 'GET',
    headers: Readonly<Record<string, string>> = {},
    body?: string,
  ) => ask(`http://127.0.0.1:${ports[mode]}`, path, method, headers, body);

  for (const path of PATHS) {
    test(`a guest gets for ${path} what nova says, byte for byte`, async () => {
      const expected = await direct(path);
      for (const mode of ['router', 'network', 'ovn'] as const) assert.deepEqual(await guest(mode, path), expected);
    });
  }

  test('a guest gets a meta_data.json of its own, with other random bytes each time', async () => {
    const [first, second] = [
      await guest('router', '/openstack/latest/meta_data.json'),
      await guest('ovn', '/openstack/latest/meta_data.json'),
    ];
    const [a, b] = [first, second].map(
      ({ body }) => JSON.parse(body.toString()) as { uuid: string; random_seed: string },
    );
    assert.deepEqual([a?.uuid, b?.uuid, first.type], [INSTANCE, INSTANCE, 'application/json']);
    assert.notEqual(a?.random_seed, b?.random_seed);
  });

  test('HEAD, a token that nova does not know, and other methods come through', async () => {
    for (const [method, path] of [
      ['HEAD', '/latest/meta-data/instance-id'],
      ['PUT', '/latest/api/token'],
      ['DELETE', '/latest'],
    ] as const)
      assert.deepEqual(await guest('router', path, method), await direct(path, method));
  });

  test('a password that comes after its head is stored, and no second one', async () => {
    const head =
      'POST /openstack/2013-04-04/password HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nConnection: close\r\n\r\n';
    const post = () => exchangeRaw({ host: '127.0.0.1', port: ports.router }, [head, 'sec', 'ret']);
    assert.match(await post(), /^HTTP\/1\.1 200 /);
    assert.equal((await guest('router', '/openstack/latest/password')).body.toString(), 'secret');
    assert.match(await post(), /^HTTP\/1\.1 409 /);
  });

  const forged: readonly [
    title: string,
    headers: Readonly<Record<string, string>>,
    statuses: Readonly<Record<Mode, number>>,
  ][] = [
    [
      'a client that says it is at another address',
      { 'X-Forwarded-For': '10.9.9.9' },
      { router: 400, network: 400, ovn: 400 },
    ],
    // haproxy replaces or deletes what its mode knows; what it leaves stands beside its own and is refused.
    [
      'a client that says it is behind another router',
      { 'X-Neutron-Router-ID': OVN },
      { router: 200, network: 200, ovn: 400 },
    ],
    [
      'a client that says it is on another network',
      { 'X-Neutron-Network-ID': OVN },
      { router: 200, network: 200, ovn: 400 },
    ],
    [
      'a client that says it is on another OVN network',
      { 'X-OVN-Network-ID': ROUTER },
      { router: 400, network: 400, ovn: 400 },
    ],
    // haproxy passes on what the client says of its MAC. It can only deny itself an answer.
    [
      'a client that says it has its own MAC',
      { 'X-Metasteer-Client-MAC': 'fa:16:3e:00:00:0a' },
      { router: 200, network: 200, ovn: 200 },
    ],
    [
      'a client that says it has the MAC of another instance',
      { 'X-Metasteer-Client-MAC': 'fa:16:3e:00:00:0b' },
      { router: 404, network: 404, ovn: 404 },
    ],
    [
      'a client that says its MAC is unknown',
      { 'X-Metasteer-Client-MAC': 'unknown' },
      { router: 503, network: 503, ovn: 503 },
    ],
    ['a client that says its MAC is none', { 'X-Metasteer-Client-MAC': '' }, { router: 400, network: 400, ovn: 400 }],
    [
      'a client that signs for another instance',
      { 'X-Instance-ID': OVN, 'X-Tenant-ID': 'x', 'X-Instance-ID-Signature': 'x', 'X-Metadata-Provider': 'x' },
      { router: 200, network: 200, ovn: 200 },
    ],
  ];
  for (const [title, headers, statuses] of forged) {
    test(`${title} gets its own document or none`, async () => {
      const own = (await direct('/latest/meta-data/instance-id')).body.toString();
      for (const mode of ['router', 'network', 'ovn'] as const) {
        const { status, body } = await guest(mode, '/latest/meta-data/instance-id', 'GET', headers);
        assert.equal(status, statuses[mode], mode);
        assert.equal(body.toString() === own, status === 200);
      }
    });
  }
});

/** Waits until somebody accepts. */
async function answering(
  to: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<void> {
  for (;;) {
    const accepted = await new Promise<boolean>((resolve) => {
      const socket = connect({ ...to, host: '127.0.0.1' });
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (accepted) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function ask(
  base: string,
  path: string,
  method: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
): Promise<Reply> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status, headers: replied } = response;
        resolve({ status, type: replied['content-type'], body: Buffer.concat(chunks) });
      });
    });
    asked.once('error', reject).end(body);
  });
}
