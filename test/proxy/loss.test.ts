import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { reply } from '../kit/agents.ts';
import { parseResponse } from '../kit/raw-client.ts';
import { endAfterEach, startKeepAlive, startOneShot, startWorker } from './setup.ts';
import { until, type Worker } from './worker.ts';

endAfterEach();

const GET = 'GET /openstack HTTP/1.1\r\nHost: 169.254.169.254\r\nConnection: close\r\n\r\n';
const POST = 'POST /password HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc';

async function get(worker: Worker, target = '/'): Promise<ReturnType<typeof parseResponse>> {
  return parseResponse(await worker.raw(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`));
}

describe('a request that the agent took and did not answer', () => {
  for (const [request, tries] of [
    [GET, 4],
    [GET.replace('GET', 'HEAD'), 4],
    [GET.replace('GET', 'OPTIONS'), 4],
    [POST, 1],
    [POST.replace('POST', 'PUT'), 1],
  ] as const) {
    const method = request.split(' ', 1)[0] ?? '';
    test(`gets 502 when the agent closes each time; ${method} is sent ${tries} times`, async () => {
      const worker = await startWorker();
      const agent = await startKeepAlive(worker, (_received, socket) => {
        socket.destroy();
        return undefined;
      });
      assert.equal(parseResponse(await worker.raw(request), method === 'HEAD')?.status, 502);
      assert.equal(agent.received.length, tries);
      assert.equal(agent.connections, tries);
      assert.deepEqual(worker.refused(), { 'agent-closed': 1 });
    });
  }

  test('because it died is sent to its successor when it is a GET', async () => {
    const worker = await startWorker();
    const first = await startKeepAlive(worker, () => undefined);
    const waiting = get(worker);
    await until(() => first.received.length === 1, 'with the agent');
    await first.stop();
    await until(() => worker.proxy.status().agent.state === 'absent', 'nobody there');
    await startKeepAlive(worker, () => reply('successor'));
    assert.equal((await waiting)?.body, 'successor');
    assert.deepEqual(worker.refused(), {});
  });

  test('because it died gets 503 when nobody takes its place in time', async () => {
    const worker = await startWorker({ agent: { queueTimeoutMs: 400 } });
    const agent = await startKeepAlive(worker, () => undefined);
    const waiting = get(worker);
    await until(() => agent.received.length === 1, 'with the agent');
    await agent.stop();
    const response = await waiting;
    assert.equal(response?.status, 503);
    assert.equal(response.headers.get('retry-after'), '1');
    assert.deepEqual(worker.refused(), { 'agent-absent': 1 });
  });

  test('for longer than requests may wait is not sent again', async () => {
    const worker = await startWorker({ agent: { queueTimeoutMs: 50 } });
    const agent = await startKeepAlive(worker, async (_received, socket) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      socket.destroy();
      return undefined;
    });
    assert.equal((await get(worker))?.status, 502);
    assert.equal(agent.received.length, 1);
  });

  test('is not sent again for a client that has left', async () => {
    const worker = await startWorker({ agent: { concurrency: 1 } });
    const sockets: Socket[] = [];
    const agent = await startKeepAlive(worker, (_received, socket) => {
      sockets.push(socket);
      return undefined;
    });
    const client = await worker.open();
    await client.send(GET);
    await until(() => agent.received.length === 1, 'with the agent');
    client.socket.resetAndDestroy();
    await until(() => worker.refused()['client-left'] === 1, 'left');
    agent.answer = (request) => reply(request.requestLine);
    sockets[0]?.destroy();
    assert.equal((await get(worker, '/next'))?.body, 'GET /next HTTP/1.1');
    assert.equal(agent.received.length, 2);
  });

  test('but for a part of a head is not sent again', async () => {
    const worker = await startWorker();
    const agent = await startKeepAlive(worker, () => ({ bytes: 'HTTP/1.1 200 OK\r\nContent-', close: true }));
    assert.equal((await get(worker))?.status, 502);
    assert.equal(agent.received.length, 1);
    assert.deepEqual(worker.refused(), { 'agent-reply-malformed': 1 });
  });

  test('in time gets 504, and its connection is not used again', async () => {
    const worker = await startWorker({ agent: { generation: 'keep-alive' }, timeouts: { serverMs: 200 } });
    const agent = await startKeepAlive(worker, () => undefined);
    assert.equal(parseResponse(await worker.raw(GET))?.status, 504);
    agent.answer = (request) => reply(request.requestLine);
    assert.equal(parseResponse(await worker.raw(GET))?.status, 200);
    assert.equal(agent.connections, 2);
  });
});

describe('an agent that dies with requests in its backlog', () => {
  /** What becomes of four requests, of which the first agent reads one at most, and how many its successor gets. */
  async function survive(method: string): Promise<{ statuses: (number | undefined)[]; successor: number }> {
    const worker = await startWorker();
    const first = await startOneShot(worker, 1, 60);
    const waiting = Array.from({ length: 4 }, () => worker.raw(POST.replace('POST', method)));
    await until(() => worker.proxy.status().agent.exchangesOpen === 4, 'all four are sent');
    await first.stop();
    const second = await startOneShot(worker);
    const statuses = (await Promise.all(waiting)).map((text) => parseResponse(text)?.status);
    return { statuses, successor: second.received.length };
  }

  test('loses no GET: its successor gets them all', async () => {
    assert.deepEqual(await survive('GET'), { statuses: [200, 200, 200, 200], successor: 4 });
  });

  test('loses POSTs: nobody can tell which of them it had read', async () => {
    assert.deepEqual(await survive('POST'), { statuses: [502, 502, 502, 502], successor: 0 });
  });
});
