import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connectionsMax, EXCESS_MAX } from '../../src/proxy/descriptors.ts';
import { reply } from '../kit/agents.ts';
import type { IdleAnswer, IdleOrder } from '../kit/idle-clients.ts';
import { endAfterEach, startKeepAlive, startWorker } from '../proxy/setup.ts';
import { settingsOf, until } from '../proxy/worker.ts';

const CLIENTS = fileURLToPath(new URL('../kit/idle-clients.js', import.meta.url));
const IDLE = 10_000;
const ROOM = 2000;

describe('overload:', () => {
  endAfterEach();
  const clients = fork(CLIENTS, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  after(() => clients.disconnect());

  async function tell(order: IdleOrder | 'how'): Promise<IdleAnswer> {
    const answered = once(clients, 'message');
    clients.send(order);
    return (await answered)[0] as IdleAnswer;
  }

  it(`of ${IDLE} idle connections the oldest make room, and who asks is served`, async () => {
    const worker = await startWorker({ limits: { connections: ROOM }, timeouts: { httpKeepAliveMs: 600_000 } });
    await startKeepAlive(worker, (request) => reply(request.requestLine));
    const get = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, worker.proxy.status().connections);
    }, 5).unref();
    const flood = tell({ port: worker.port(), connections: IDLE, addresses: 100 });
    assert.match(await worker.raw(get), /^HTTP\/1\.1 200 /);
    const { opened, failed } = await flood;
    assert.deepEqual({ opened, failed }, { opened: IDLE, failed: {} }, 'none is kept waiting');
    for (let count = 0; count < 20; count += 1) assert.match(await worker.raw(get), /^HTTP\/1\.1 200 /);
    clearInterval(watch);
    assert.ok(most <= ROOM + EXCESS_MAX, `${most} at once`);
    const { evicted = 0, 'connections-exhausted': refused = 0 } = worker.refused();
    assert.ok(evicted + refused >= IDLE - ROOM);
    await until(() => worker.proxy.status().connections <= ROOM, 'no more than there is room for');
  });

  it('a worker with few descriptors takes fewer connections, and keeps what its agent needs', async () => {
    const settings = settingsOf('/run/agent', { agent: { concurrency: 8 }, limits: { connections: 16_384 } });
    assert.equal(connectionsMax(settings, 100, undefined), 16_384);
    assert.equal(connectionsMax(settings, 100, 1_048_576), 16_384);
    assert.equal(connectionsMax(settings, 100, 1024), 1024 - 100 - 3 * 8 - 128 - EXCESS_MAX - 64);
    assert.equal(connectionsMax(settings, 100, 100), 1, 'never none');
    const worker = await startWorker({ descriptorsMax: 300 });
    await startKeepAlive(worker, (request) => reply(request.requestLine));
    const fit = connectionsMax(settings, 1, 300);
    const idle = await Promise.all(
      Array.from({ length: 2 * fit }, (_, n) => worker.open(0, `127.0.1.${1 + (n % 10)}`)),
    );
    await until(() => worker.proxy.status().connections <= fit, 'no more than fit');
    assert.match(await worker.raw('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 200 /);
    for (const client of idle) client.close();
  });
});
