import assert from 'node:assert/strict';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import type { ProxySettings } from '../../src/proxy/messages.ts';
import { type KeepAliveAgent, OneShotAgent, type Received, reply } from '../kit/agents.ts';
import { parseResponse, RawClient } from '../kit/raw-client.ts';
import { endAfterEach, startKeepAlive, startOneShot, startWorker } from './setup.ts';
import { OWNER, until, type Worker } from './worker.ts';

endAfterEach();

const GET = 'GET /openstack HTTP/1.1\r\nHost: 169.254.169.254\r\nConnection: close\r\n\r\n';
const POST = 'POST /password HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc';

async function get(worker: Worker, target = '/'): Promise<ReturnType<typeof parseResponse>> {
  return parseResponse(await worker.raw(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`));
}

function generation(worker: Worker): string {
  return worker.proxy.status().agent.generation;
}

test('a GET reaches a keep-alive agent with identity lines first, and the reply comes back', async () => {
  const worker = await startWorker();
  const agent = await startKeepAlive(worker);
  const response = parseResponse(await worker.raw(GET));
  assert.equal(response?.status, 200);
  assert.deepEqual(agent.received[0]?.raw.split('\r\n'), [
    'GET /openstack HTTP/1.1',
    'X-Forwarded-For: 127.0.0.1',
    `X-Neutron-Router-ID: ${OWNER}`,
    'Host: 169.254.169.254',
    '',
    '',
  ]);
  assert.equal(response.body, agent.received[0]?.raw);
});

test('a GET reaches a one-shot agent, whose error replies with bare LF come back too', async () => {
  const worker = await startWorker();
  const agent = await startOneShot(worker);
  const found = parseResponse(await worker.raw(GET));
  assert.equal(found?.status, 200);
  assert.equal(JSON.parse(found.body).id, OWNER);
  const missing = await get(worker, '/missing');
  assert.equal(missing?.status, 404);
  assert.equal(missing.headers.get('content-type'), 'text/plain; charset=UTF-8');
  assert.match(missing.body, /Instance was not found/);
  assert.equal(agent.received.length, 2);
});

test('an agent configured as one-shot is told that its connection is not used again', async () => {
  const worker = await startWorker({ agent: { generation: 'one-shot' } });
  const agent = await startKeepAlive(worker);
  await get(worker);
  await get(worker);
  for (const request of agent.received) assert.deepEqual(request.values('connection'), ['close']);
  assert.equal(agent.connections, 2);
});

describe('the generation', () => {
  test('is found to be keep-alive, and connections are used again', async () => {
    const worker = await startWorker();
    const agent = await startKeepAlive(worker);
    await get(worker);
    await until(() => generation(worker) === 'keep-alive', 'found out');
    const before = agent.connections;
    for (let count = 0; count < 20; count += 1) assert.equal((await get(worker))?.status, 200);
    assert.equal(agent.connections, before);
  });

  test('is found to be one-shot, also from error replies alone', async () => {
    for (const target of ['/', '/missing']) {
      const worker = await startWorker();
      const agent = await startOneShot(worker);
      await get(worker, target);
      await until(() => generation(worker) === 'one-shot', 'found out');
      await get(worker, target);
      assert.equal(agent.received.length, 2);
      assert.equal(agent.unanswered, 0);
    }
  });

  test('is found out anew when the agent is replaced, either way', async () => {
    const worker = await startWorker();
    const first = await startKeepAlive(worker);
    await get(worker);
    await until(() => generation(worker) === 'keep-alive', 'keep-alive');
    await first.stop();
    const second = await startOneShot(worker);
    for (let count = 0; count < 5; count += 1) assert.equal((await get(worker))?.status, 200);
    await until(() => generation(worker) === 'one-shot', 'one-shot');
    await second.stop();
    await startKeepAlive(worker);
    for (let count = 0; count < 5; count += 1) assert.equal((await get(worker))?.status, 200);
    await until(() => generation(worker) === 'keep-alive', 'keep-alive again');
  });

  test('is found out anew when the socket is another file, although the old agent still answers', async () => {
    const worker = await startWorker();
    const old = await startKeepAlive(worker);
    await get(worker);
    await until(() => generation(worker) === 'keep-alive', 'keep-alive');
    const other = await OneShotAgent.start(`${worker.socket}.new`);
    try {
      renameSync(`${worker.socket}.new`, worker.socket);
      const deadline = performance.now() + 10_000;
      while (other.received.length === 0 && performance.now() < deadline)
        assert.equal((await get(worker))?.status, 200);
      await until(() => generation(worker) === 'one-shot', 'one-shot');
      await until(() => old.open === 0, 'the old agent has no connection left');
    } finally {
      await other.stop();
    }
  });

  test('of an agent that stops keeping connections is found out from that', async () => {
    const worker = await startWorker();
    const agent = await startKeepAlive(worker);
    await get(worker);
    await until(() => generation(worker) === 'keep-alive', 'keep-alive');
    agent.answer = (request) => ({ ...reply(request.requestLine), close: true });
    for (let count = 0; count < 10; count += 1) assert.equal((await get(worker))?.status, 200);
    await until(() => generation(worker) === 'one-shot', 'one-shot');
  });
});

describe('a connection that was used before and is closed under a request', () => {
  async function withStale(): Promise<{ worker: Worker; agent: KeepAliveAgent }> {
    const worker = await startWorker({ agent: { generation: 'keep-alive' } });
    const agent = await startKeepAlive(worker);
    await get(worker);
    agent.answer = (_request: Received, socket: Socket) => {
      agent.answer = (request) => reply(request.requestLine);
      socket.destroy();
      return undefined;
    };
    return { worker, agent };
  }

  test('costs a GET nothing: it is sent again on a fresh one', async () => {
    const { worker, agent } = await withStale();
    assert.equal((await get(worker))?.status, 200);
    assert.equal(agent.received.length, 3);
    assert.notEqual(agent.received[2]?.connection, agent.received[1]?.connection);
  });

  test('does not happen to a POST: it always has a fresh one', async () => {
    const worker = await startWorker({ agent: { generation: 'keep-alive' } });
    const agent = await startKeepAlive(worker);
    await get(worker);
    await worker.raw(POST);
    await worker.raw(POST);
    await get(worker);
    const connections = agent.received.map((request) => request.connection);
    assert.equal(new Set(connections.slice(0, 3)).size, 3);
    assert.ok(connections.slice(0, 3).includes(connections[3] ?? -1), 'a GET may use any of them again');
  });

  test('while idle is not used at all', async () => {
    const worker = await startWorker({ agent: { generation: 'keep-alive' } });
    const agent = await startKeepAlive(worker);
    await get(worker);
    agent.dropConnections();
    await until(() => agent.open === 0, 'dropped');
    for (let count = 0; count < 3; count += 1) assert.equal((await get(worker))?.status, 200);
    assert.equal(agent.received.length, 4);
  });
});

describe('an absent agent', () => {
  test('is waited for, and found soon after it returns', async () => {
    const worker = await startWorker({ agent: { retryMs: 20 } });
    const waiting = Array.from({ length: 50 }, (_, index) => get(worker, `/${index}`));
    await until(() => worker.proxy.status().agent.queued === 50, 'all wait');
    const { agent } = worker.proxy.status();
    assert.equal(agent.state, 'absent');
    assert.match(agent.lastError ?? '', /ENOENT/);
    await new Promise((resolve) => setTimeout(resolve, 600));
    const returned = performance.now();
    await startKeepAlive(worker);
    for (const response of await Promise.all(waiting)) assert.equal(response?.status, 200);
    assert.ok(performance.now() - returned < 5000);
    assert.equal(worker.proxy.status().agent.state, 'answering');
    assert.equal(worker.proxy.status().agent.lastError, undefined);
  });

  test('that stays away gets the client 503 with Retry-After, on a connection that goes on', async () => {
    const worker = await startWorker({ agent: { queueTimeoutMs: 300 } });
    const client = await worker.open();
    for (const count of [1, 2]) {
      await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await client.until((open) => open.text.split('HTTP/1.1 503 ').length === count + 1 && open.text.endsWith('\n'));
    }
    assert.equal(parseResponse(client.text)?.headers.get('retry-after'), '1');
    assert.equal(parseResponse(client.text)?.headers.get('connection'), undefined);
    assert.deepEqual(worker.refused(), { 'agent-absent': 2 });
    client.close();
  });

  test('whose socket file is left over is absent all the same', async () => {
    const worker = await startWorker({ agent: { queueTimeoutMs: 300 } });
    const agent = await OneShotAgent.start(worker.socket);
    await agent.stop();
    assert.ok(existsSync(worker.socket));
    assert.equal((await get(worker))?.status, 503);
    assert.match(worker.proxy.status().agent.lastError ?? '', /ECONNREFUSED/);
  });

  test('with a file in its place that is no socket is absent all the same', async () => {
    const worker = await startWorker({ agent: { queueTimeoutMs: 300 } });
    writeFileSync(worker.socket, '');
    assert.equal((await get(worker))?.status, 503);
    assert.match(worker.proxy.status().agent.lastError ?? '', /ECONNREFUSED/);
  });

  test('gets everybody who waits 503 when it stays away, however many they are', async () => {
    const worker = await startWorker({ agent: { retryMs: 100, queueTimeoutMs: 1000, concurrency: 64 } });
    await Promise.all(Array.from({ length: 100 }, () => get(worker)));
    assert.deepEqual(worker.refused(), { 'agent-absent': 100 });
  });

  test('that comes and goes loses no GET', async () => {
    const worker = await startWorker();
    let running = true;
    const restarts = (async () => {
      while (running) {
        const agent = await OneShotAgent.start(worker.socket);
        await new Promise((resolve) => setTimeout(resolve, 300));
        await agent.stop('SIGTERM');
      }
    })();
    const statuses: (number | undefined)[] = [];
    for (let count = 0; count < 100; count += 1) statuses.push((await get(worker))?.status);
    running = false;
    await restarts;
    // A restart may strike while the agent writes its reply; nothing else may be lost.
    const { 'agent-reply-malformed': cut = 0, ...others } = worker.refused();
    assert.deepEqual(others, {});
    assert.equal(statuses.filter((status) => status === 200).length, 100 - cut);
    assert.ok(cut <= 5);
  });
});

describe('a one-shot agent with a backlog of 5', () => {
  for (const [what, workers, work] of [
    ['and four workers', 4, 0.002],
    ['that works on one request at a time', 1, 0.001],
  ] as const) {
    test(`${what} answers 300 clients at once, none lost and none mixed up`, async () => {
      const worker = await startWorker({ agent: { concurrency: 16 } });
      const agent = await startOneShot(worker, workers, work);
      const responses = await Promise.all(
        Array.from({ length: 300 }, async (_, index) => {
          const client = await RawClient.open({
            host: '127.0.0.1',
            port: worker.port(),
            localAddress: `127.0.${1 + (index % 3)}.${1 + (index % 250)}`,
          });
          await client.send(`GET /instance/${index} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
          await client.untilClosed(30_000);
          client.close();
          return parseResponse(client.text);
        }),
      );
      for (const [index, response] of responses.entries()) {
        assert.equal(response?.status, 200);
        const body = JSON.parse(response.body);
        assert.equal(body.target, `/instance/${index}`);
        assert.equal(body.client, `127.0.${1 + (index % 3)}.${1 + (index % 250)}`);
      }
      assert.deepEqual(worker.refused(), {});
      assert.equal(agent.received.filter((request) => request.raw !== '').length, 300);
    });
  }
});

for (const concurrency of [{ concurrency: 4 }, { concurrency: 1, keepAliveConcurrency: 4 }]) {
  test(`a keep-alive agent is never sent more than one request at a time on a connection, nor more than ${JSON.stringify(concurrency)}`, () =>
    neverMoreThanFour(concurrency));
}

async function neverMoreThanFour(concurrency: Partial<ProxySettings['agent']>): Promise<void> {
  const worker = await startWorker({ agent: concurrency });
  let open = 0;
  let most = 0;
  const busy = new Set<number>();
  const agent = await startKeepAlive(worker, async (request) => {
    assert.ok(!busy.has(request.connection));
    busy.add(request.connection);
    open += 1;
    most = Math.max(most, open);
    await new Promise((resolve) => setTimeout(resolve, 5));
    open -= 1;
    busy.delete(request.connection);
    return reply(request.requestLine);
  });
  const responses = await Promise.all(Array.from({ length: 100 }, (_, index) => get(worker, `/${index}`)));
  assert.deepEqual(
    responses.map((response) => response?.body),
    Array.from({ length: 100 }, (_, index) => `GET /${index} HTTP/1.1`),
  );
  assert.equal(most, 4);
  await until(() => agent.open <= 4, 'no connection too many');
}

test('bytes that an agent sends without being asked reach no client', async () => {
  const worker = await startWorker({ agent: { generation: 'keep-alive' } });
  const sockets: Socket[] = [];
  const agent = await startKeepAlive(worker, (request, socket) => {
    sockets.push(socket);
    return reply(request.requestLine);
  });
  await get(worker, '/1');
  sockets[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged');
  await until(() => agent.open === 0, 'the connection is given up');
  assert.equal((await get(worker, '/2'))?.body, 'GET /2 HTTP/1.1');
  agent.answer = (request) => ({
    bytes: `${reply(request.requestLine).bytes}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged`,
  });
  assert.equal((await get(worker, '/3'))?.body, 'GET /3 HTTP/1.1');
  assert.equal((await get(worker, '/4'))?.body, 'GET /4 HTTP/1.1');
});
