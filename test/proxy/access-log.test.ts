import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { reply } from '../kit/agents.ts';
import { endAfterEach, startKeepAlive, startWorker } from './setup.ts';
import { OWNER, until } from './worker.ts';

endAfterEach();

const SECRET =
  'POST /password?token=secret HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 6\r\n\r\nsecret';

test('a request leaves one line that tells whose it was and how it went, without its query and its body', async () => {
  const worker = await startWorker({ mac: 'fa:16:3e:01:02:03' });
  await startKeepAlive(worker, () => reply('secret too'));
  await worker.raw(SECRET);
  const [line] = worker.log;
  const { total_ms: total, agent_ms: agent, time, pid, hostname, level, ...rest } = line ?? {};
  assert.deepEqual(rest, {
    owner: OWNER,
    owner_kind: 'router',
    namespace: `qrouter-${OWNER}`,
    interface: 'qr-0',
    client: '127.0.0.1',
    mac: 'fa:16:3e:01:02:03',
    method: 'POST',
    path: '/password',
    status: 200,
    bytes: 10,
    msg: 'request',
  });
  assert.ok(typeof total === 'number' && typeof agent === 'number' && total >= agent && agent >= 0);
  assert.ok(time !== undefined && pid !== undefined && hostname !== undefined && level !== undefined);
  assert.ok(!JSON.stringify(worker.log).includes('secret'));
  assert.equal(worker.log.length, 1);
});

test('every request of a connection is written with the MAC, which the kernel tells only once', async () => {
  const worker = await startWorker({ mac: 'fa:16:3e:01:02:03' });
  await startKeepAlive(worker);
  const get = (target: string, more = '') => `GET ${target} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
  await worker.raw(get('/1'), get('/2'), get('/3', 'Connection: close\r\n'));
  await worker.raw(get('/4', 'Connection: close\r\n'));
  assert.deepEqual(
    worker.log.map((line) => `${line['path']} ${line['mac']}`),
    [1, 2, 3, 4].map((number) => `/${number} fa:16:3e:01:02:03`),
  );
});

describe('log.access', () => {
  const requests = [
    'GET /good HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    'GET /missing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    'GET /bad HTTP/1.1\r\n\r\n',
  ];
  for (const [access, expected] of [
    ['off', []],
    ['errors', ['/missing 404 ', 'undefined 400 host-malformed']],
    ['all', ['/good 200 ', '/missing 404 ', 'undefined 400 host-malformed']],
  ] as const) {
    test(`${access} writes ${expected.length} of three requests`, async () => {
      const worker = await startWorker({ access });
      await startKeepAlive(worker, (request) => {
        return request.requestLine.includes('missing') ? reply('', '', '404 Not Found') : reply('x');
      });
      for (const request of requests) await worker.raw(request);
      const lines = worker.log.map((line) => `${line['path']} ${line['status']} ${line['reason'] ?? ''}`);
      assert.deepEqual(lines, expected);
    });
  }

  test('tells of a client that left, with no status', async () => {
    const worker = await startWorker({ access: 'errors' });
    const agent = await startKeepAlive(worker, () => undefined);
    const client = await worker.open();
    await client.send('GET /left HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => agent.received.length === 1, 'with the agent');
    client.socket.resetAndDestroy();
    await until(() => worker.log.length === 1, 'written');
    assert.equal(worker.log[0]?.['reason'], 'client-left');
    assert.equal(worker.log[0]?.['status'], 0);
    assert.equal(worker.log[0]?.['path'], '/left');
  });
});
