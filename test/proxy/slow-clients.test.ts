import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { reply } from '../kit/agents.ts';
import { parseResponse, type RawClient } from '../kit/raw-client.ts';
import { endAfterEach, startKeepAlive, startWorker } from './setup.ts';
import { until, type Worker } from './worker.ts';

endAfterEach();

const COUNT = 300;
const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** Opens the connections of an attacker and lets each begin. */
async function attack(worker: Worker, begin: (client: RawClient) => unknown, count = COUNT): Promise<RawClient[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => worker.open(0, '127.0.0.66')));
  await Promise.all(clients.map(begin));
  return clients;
}

async function assertServed(worker: Worker): Promise<void> {
  for (const [port, address] of [
    [1, '127.0.0.1'],
    [0, '127.0.0.5'],
  ] as const) {
    const client = await worker.open(port, address);
    await client.send(GET);
    await client.untilClosed();
    assert.equal(parseResponse(client.text)?.status, 200);
    client.close();
  }
}

describe(`${COUNT} connections of one client do not keep others from being served, and are got rid of, when`, () => {
  const settings = {
    ports: 2,
    limits: { connections: 320 },
    timeouts: { httpRequestMs: 1500, clientMs: 1500, httpKeepAliveMs: 1500 },
  };

  test('their heads drip', async () => {
    const worker = await startWorker(settings);
    await startKeepAlive(worker);
    const clients = await attack(worker, (client) => client.send('GET / HTTP/1.1\r\nHost: a\r\n'));
    const drip = setInterval(() => {
      for (const client of clients) client.socket.write('X-A: b\r\n');
    }, 100);
    await assertServed(worker);
    await until(() => worker.proxy.status().connections === 0, 'all are gone');
    clearInterval(drip);
    assert.equal(worker.refused()['request-timeout'], COUNT);
    for (const client of clients) client.close();
  });

  test('their bodies drip', async () => {
    const worker = await startWorker(settings);
    await startKeepAlive(worker);
    const clients = await attack(worker, (client) =>
      client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n'),
    );
    const drip = setInterval(() => {
      for (const client of clients) client.socket.write('x');
    }, 100);
    await assertServed(worker);
    await until(() => worker.proxy.status().connections === 0, 'all are gone');
    clearInterval(drip);
    assert.equal(worker.refused()['request-timeout'], COUNT);
    for (const client of clients) client.close();
  });

  test('they do not read', async () => {
    const worker = await startWorker(settings);
    await startKeepAlive(worker, () => reply('x'.repeat(60_000)));
    // The kernel holds megabytes for each: fewer of them do.
    const count = 50;
    const ask = (client: RawClient) => {
      client.socket.pause();
      client.socket.write(Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(200), 'latin1'));
    };
    const clients = await attack(worker, ask, count);
    await assertServed(worker);
    await until(() => worker.proxy.status().connections === 0, 'all are gone', 30_000);
    assert.equal(worker.refused()['client-stalled'], count);
    for (const client of clients) client.close();
  });

  test('they say nothing', async () => {
    const worker = await startWorker({ ...settings, limits: { connections: 300 } });
    await startKeepAlive(worker);
    const clients = await attack(worker, () => undefined);
    await until(() => worker.proxy.status().connections === COUNT, 'all are open');
    await assertServed(worker);
    await until(() => worker.proxy.status().connections === 0, 'all are gone');
    for (const client of clients) client.close();
  });
});

test('clients that read slowly get the whole of replies whose agent has left meanwhile', async () => {
  // Where the worker leaves off reading when the agent leaves depends on the size.
  const sizes = Array.from({ length: 3 }, (_, index) => 16 * 1024 * 1024 + index * 56 * 1024);
  const worker = await startWorker();
  await startKeepAlive(worker, ({ raw }, socket) => {
    socket.end(reply('x'.repeat(Number(raw.slice('GET /'.length, raw.indexOf(' HTTP'))))).bytes, 'latin1', () =>
      socket.destroy(),
    );
    return undefined;
  });
  const received = sizes.map(async (size) => {
    const client = await worker.open();
    client.socket.on('data', () => {
      client.socket.pause();
      setTimeout(() => client.socket.resume(), 4);
    });
    await client.send(`GET /${size} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    await client.untilClosed(60_000);
    return client.length - client.text.indexOf('\r\n\r\n') - 4;
  });
  assert.deepEqual(await Promise.all(received), sizes);
});
