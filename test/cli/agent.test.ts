/** `metasteer agent` and `agent-status` as people run them. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { AgentStatusDocument } from '../../src/agent/status-document.ts';
import { agentStatusText } from '../../src/cli/agent-status.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { builtFile } from '../../src/kernel/paths.ts';
import { CLIENT, endAfterEach, INSTANCE, ROUTER, SHARED_SECRET, statusOf, TestNova, WHO } from '../agent/setup.ts';
import { socketDirectory } from '../kit/agents.ts';
import { curlOver } from '../kit/metrics.ts';
import { exchangeRaw, RawClient } from '../kit/raw-client.ts';
import { cli } from './run-cli.ts';

endAfterEach();

const MAIN = builtFile('main');
const INVENTORY = `instances: [{ id: ${INSTANCE.instanceId}, project: p, ports: [{ router: ${ROUTER}, addresses: [${CLIENT}] }] }]\n`;

let directory: ReturnType<typeof socketDirectory>;
let socket: string;
let config: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  directory = socketDirectory();
  socket = `${directory.path}/agent`;
  config = `${directory.path}/agent.yaml`;
  writeFileSync(`${directory.path}/inventory.yaml`, INVENTORY);
  writeFileSync(`${directory.path}/secret`, `${SHARED_SECRET}\n`, { mode: 0o600 });
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
  directory.remove();
});

function write(novaUrl: string, more = ''): void {
  writeFileSync(
    config,
    `socket: ${socket}
socket_mode: '0600'
resolver: { source: inventory }
inventory: { file: ${directory.path}/inventory.yaml }
nova: { addresses: ["${novaUrl}"], shared_secret_file: ${directory.path}/secret }
admin: { socket: ${directory.path}/admin }
log: { level: trace, access: all }
${more}`,
  );
}

interface Running {
  readonly child: ChildProcess;
  /** All it writes, once it has ended. */
  readonly output: Promise<string>;
}

/** Starts it and waits until it listens. */
async function start(environment: NodeJS.ProcessEnv = {}): Promise<Running> {
  const child = spawn(process.execPath, [MAIN, 'agent', '-c', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  children.push(child);
  const output = Promise.all([text(child.stdout), text(child.stderr)]).then(([out, err]) => out + err);
  let hasEnded = false;
  child.once('exit', () => {
    hasEnded = true;
  });
  while (!existsSync(socket)) {
    if (hasEnded) assert.fail(await output);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { child, output };
}

async function end({ child }: Running, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  const exited = once(child, 'exit');
  child.kill(signal);
  const [code] = (await exited) as [number | null];
  return code;
}

const GET = `GET /latest/meta-data/instance-id?token=query HTTP/1.1\r\n${WHO}Connection: close\r\n\r\n`;

test('serves until SIGTERM, takes its sockets away, and logs requests but no secret and no query', async () => {
  const nova = await TestNova.start();
  const metrics = `${directory.path}/metrics`;
  write(nova.url, `metrics: { socket: ${metrics} }\n`);
  const running = await start();
  assert.equal(lstatSync(socket).mode & 0o777, 0o600);
  assert.equal(statusOf(await exchangeRaw({ path: socket }, [GET])), 200);
  const scraped = await curlOver(metrics);
  assert.match(scraped, /^metasteer_metadata_agent_http_requests_total\{result="reply"\} 1$/m);
  const status = await cli('agent-status', '--json', '-c', config);
  const shown = await cli('agent-status', '--socket', `${directory.path}/admin`);
  assert.equal(await end(running), 0);
  for (const path of [socket, `${directory.path}/admin`, metrics]) assert.ok(!existsSync(path), path);

  const output = await running.output;
  const lines = output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    ['started', 'request', 'stopping', 'stopped'],
  );
  const { time: _time, pid: _pid, level: _level, total_ms: _total, nova_ms: _nova, ...request } = lines[1] ?? {};
  assert.deepEqual(request, {
    role: 'agent',
    owner: ROUTER,
    owner_kind: 'router',
    client: CLIENT,
    instance: INSTANCE.instanceId,
    method: 'GET',
    path: '/latest/meta-data/instance-id',
    status: 200,
    bytes: 5,
    msg: 'request',
  });
  const signature = nova.got[0]?.headers['x-instance-id-signature'] ?? '';
  assert.match(signature, /^[0-9a-f]{64}$/);
  for (const hidden of [SHARED_SECRET, signature, 'token=query']) {
    assert.ok(!output.includes(hidden));
    assert.ok(!(status.stdout + shown.stdout + scraped).includes(hidden));
  }

  assert.deepEqual([status.code, shown.code, status.stderr + shown.stderr], [0, 0, '']);
  const document = JSON.parse(status.stdout) as AgentStatusDocument;
  assert.deepEqual(document.requests, { total: 1, by_status: { 200: 1 }, by_reason: {} });
  assert.equal(document.nova.addresses[0]?.state, 'answering');
  assert.equal(document.resolver.counters['lookups'], 1);
  assert.match(shown.stdout, /^metasteer agent /);
});

test('no secret is logged or shown when everything goes wrong', async () => {
  const nova = await TestNova.start(
    (_, response) => void response.writeHead(403).end('Invalid proxy request signature.'),
  );
  const passwords = ['keystone password', 'credential secret'];
  write(nova.url, 'neutron_files: []\n');
  const running = await start({
    METASTEER_KEYSTONE_PASSWORD: 'keystone password',
    METASTEER_APPLICATION_CREDENTIAL_SECRET: 'credential secret',
  });
  for (const request of [GET, 'nonsense\r\n\r\n', GET.replace(CLIENT, 'x'), GET.replace(CLIENT, '10.0.0.6')])
    await exchangeRaw({ path: socket }, [request]);
  await nova.stop();
  assert.equal(statusOf(await exchangeRaw({ path: socket }, [GET])), 503);
  const status = await cli('agent-status', '--json', '-c', config);
  await end(running);
  const output = await running.output;
  assert.match(output, /nova cannot be connected to/);
  for (const hidden of [SHARED_SECRET, ...passwords]) assert.ok(!(output + status.stdout).includes(hidden));
});

test('finishes what is open when it is told to stop, and takes nothing new', async () => {
  let answer: () => void = () => undefined;
  const nova = await TestNova.start((_, response) => {
    answer = () => response.end('late');
  });
  write(nova.url);
  const running = await start();
  const client = await RawClient.open({ path: socket });
  await client.send(`GET / HTTP/1.1\r\n${WHO}\r\n`);
  while (nova.got.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const idle = await RawClient.open({ path: socket });
  running.child.kill('SIGTERM');
  while (existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 5));
  await assert.rejects(RawClient.open({ path: socket }), /ENOENT/);
  await idle.untilClosed();
  const exited = once(running.child, 'exit');
  answer();
  await client.untilClosed();
  assert.match(client.text, /^HTTP\/1\.1 200 .*\r\nConnection: close\r\n.*late$/s);
  assert.deepEqual(await exited, [0, null]);
});

test('waits no longer than `drain` for what is open', async () => {
  const nova = await TestNova.start(() => undefined);
  write(nova.url, 'drain: 50ms\n');
  const running = await start();
  const client = await RawClient.open({ path: socket });
  await client.send(`GET / HTTP/1.1\r\n${WHO}\r\n`);
  while (nova.got.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(await end(running), 0);
  await client.untilClosed();
  assert.equal(client.text, '');
});

describe('it does not start, and says what to do, when', () => {
  test('another agent answers on the socket, which goes on', async () => {
    const nova = await TestNova.start();
    write(nova.url);
    await start();
    write(nova.url, '');
    const second = `${directory.path}/second.yaml`;
    writeFileSync(second, readFileSync(config, 'utf8').replace('/admin }', '/admin2 }'));
    const result = await cli('agent', '-c', second);
    assert.equal(result.code, 1);
    assert.match(result.stderr, /another process answers there\n {2}what to do: .* \(agent-socket-taken\)\n$/);
    assert.equal(statusOf(await exchangeRaw({ path: socket }, [GET])), 200);
  });

  const rows: readonly [title: string, prepare: () => void, code: ErrorCode, exit: number][] = [
    ['there is a file at the socket’s name', () => writeFileSync(socket, 'precious'), 'agent-socket-failed', 1],
    [
      'the socket’s owner does not exist',
      () => write('http://127.0.0.1:1', 'socket_owner: nobody-of-that-name\n'),
      'agent-socket-failed',
      1,
    ],
    [
      'others may read the secret',
      () => writeFileSync(`${directory.path}/secret2`, 's', { mode: 0o644 }),
      'config-secret-exposed',
      2,
    ],
    [
      'there is no inventory',
      () => writeFileSync(`${directory.path}/inventory.yaml`, 'instances: 7'),
      'inventory-invalid',
      2,
    ],
  ];
  for (const [title, prepare, code, exit] of rows) {
    test(title, async () => {
      write('http://127.0.0.1:1');
      prepare();
      if (code === 'config-secret-exposed') {
        writeFileSync(config, readFileSync(config, 'utf8').replace('/secret }', '/secret2 }'));
      }
      const result = await cli('agent', '-c', config);
      assert.equal(result.code, exit, result.stderr);
      assert.ok(result.stderr.endsWith(` (${code})\n`), result.stderr);
      assert.equal(existsSync(`${directory.path}/admin`), false);
    });
  }
});

describe('agent --check', () => {
  test('says that good settings are valid, and starts nothing', async () => {
    write('http://127.0.0.1:1');
    assert.deepEqual(await cli('agent', '--check', '-c', config), {
      code: 0,
      stdout: `${config} is valid\n`,
      stderr: '',
    });
    assert.equal(existsSync(socket), false);
  });

  test('asks neither Keystone nor Neutron', async () => {
    writeFileSync(
      config,
      'keystone: { url: "http://127.0.0.1:1", username: u, project: p, password_file: PW }\nnova: { shared_secret_file: PW }\n'.replaceAll(
        'PW',
        `${directory.path}/secret`,
      ),
    );
    assert.deepEqual(await cli('agent', '--check', '-c', config), {
      code: 0,
      stdout: `${config} is valid\n`,
      stderr: '',
    });
  });

  const rows: readonly [title: string, more: string, code: ErrorCode][] = [
    ['a misspelt key', 'conections: 1\n', 'config-unknown-key'],
    ['a file of Neutron that is not there', 'neutron_files: [/no/such/file]\n', 'config-unreadable'],
  ];
  for (const [title, more, code] of rows) {
    test(`finds ${title}`, async () => {
      write('http://127.0.0.1:1', more);
      const { code: exit, stdout, stderr } = await cli('agent', '--check', '-c', config);
      assert.deepEqual([exit, stdout], [2, '']);
      assert.ok(stderr.endsWith(` (${code})\n`), stderr);
    });
  }

  test('finds a certificate that is none', async () => {
    write('https://127.0.0.1:1');
    const text = readFileSync(config, 'utf8').replace('/secret }', `/secret, ca_file: ${directory.path}/secret }`);
    writeFileSync(config, text);
    const { code, stderr } = await cli('agent', '--check', '-c', config);
    assert.equal(code, 2);
    assert.ok(stderr.endsWith(' (tls-files)\n'), stderr);
  });
});

describe('agent-status', () => {
  test('without an agent says so, with exit code 1', async () => {
    const { code, stderr } = await cli('agent-status', '--socket', `${directory.path}/none`);
    assert.equal(code, 1);
    assert.match(stderr, /^metasteer: no agent is listening on .*\(agent-not-running\)\n$/s);
  });

  test('shows tables to people, and nothing that commands a terminal', () => {
    const document: AgentStatusDocument = {
      agent: {
        pid: 7,
        version: '0.1.0',
        uptime_seconds: 60,
        socket: '/run/\u001b[2Ja',
        connections: 2,
        requests_open: 1,
        owners: 3,
      },
      requests: { total: 12, by_status: { 200: 11, 503: 1 }, by_reason: { 'nova-absent': 1 } },
      resolver: { source: 'neutron', counters: { hits: 3, lookups: 2 } },
      nova: {
        requests_open: 1,
        queued: 0,
        addresses: [
          { url: 'http://10.0.0.1:8775', state: 'answering', requests: 11, connect_failures: 0, last_error: null },
          { url: 'http://10.0.0.2:8775', state: 'aside', requests: 1, connect_failures: 1, last_error: 'ECONNREFUSED' },
        ],
      },
      response_cache: { enabled: true, hits: 1, entries: 2, bytes: 3 },
    };
    assert.equal(
      agentStatusText(document),
      `\
metasteer agent 0.1.0, pid 7, up 60 s, socket /run/?[2Ja
2 connections, 1 requests open, 12 served
answering for the 3 routers and networks of this node alone
instances from neutron: 3 hits, 2 lookups
response cache: 2 replies, 3 bytes, 1 hits

ENDED-WITH   REQUESTS
200                11
503                 1
nova-absent         1

NOVA                  STATE      REQUESTS  REFUSED  LAST-ERROR
http://10.0.0.1:8775  answering        11        0  -
http://10.0.0.2:8775  aside             1        1  ECONNREFUSED
1 requests to nova open, 0 queued
`,
    );
  });
});
