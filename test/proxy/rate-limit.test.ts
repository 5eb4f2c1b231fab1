// Needs no privileges. Requests over the limit of `metadata_rate_limiting`, on the wire.
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { RateCounter, RateTable } from '../../src/kernel/rates.ts';
import type { ProxySettings } from '../../src/proxy/messages.ts';
import { reply } from '../kit/agents.ts';
import { parseResponse } from '../kit/raw-client.ts';
import { endAfterEach, startKeepAlive, startWorker } from './setup.ts';
import type { Worker } from './worker.ts';

endAfterEach();

let table: RateTable | undefined;
afterEach(() => {
  table?.close();
  table = undefined;
});

type RateLimitSettings = NonNullable<ProxySettings['rateLimit']>;

const THREE: RateLimitSettings = {
  ipVersions: [4, 6],
  baseMs: 10_000,
  baseLimit: 3,
  burstMs: 10_000,
  burstLimit: 3,
  countRefused: false,
};

const get = (path = '/', extra = '') => `GET ${path} HTTP/1.1\r\nHost: 169.254.169.254\r\n${extra}\r\n`;

async function limited(changes: Partial<RateLimitSettings> = {}, ports = 1, host?: string): Promise<Worker> {
  const rateLimit = { ...THREE, ...changes };
  table = RateTable.create(64);
  const { ipVersions: _, countRefused, ...windows } = rateLimit;
  const counter = RateCounter.open(table.fd, { ...windows, countRefused: countRefused ? 1 : 0 });
  let now = 1000;
  const countRequest = (client: string) => counter.take(client, now++);
  const worker = await startWorker({ rateLimit, countRequest, ports, ...(host === undefined ? {} : { host }) });
  await startKeepAlive(worker, () => reply('ok\n'));
  return worker;
}

async function statuses(worker: Worker, count: number, port = 0, localAddress = '127.0.0.1'): Promise<number[]> {
  const all: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const client = await worker.open(port, localAddress);
    await client.send(get('/', 'Connection: close\r\n'));
    await client.untilClosed();
    all.push(parseResponse(client.text)?.status ?? 0);
  }
  return all;
}

describe('a client', () => {
  test('that asks more often than it may gets 429 with the time to wait', async () => {
    const worker = await limited();
    assert.deepEqual(await statuses(worker, 3), [200, 200, 200]);
    const response = parseResponse(await worker.raw(get('/', 'Connection: close\r\n')));
    assert.equal(response?.status, 429);
    const wait = Number(response?.headers.get('retry-after'));
    assert.ok(wait >= 1 && wait <= 20, `${wait}`);
    assert.match(response?.body ?? '', /^rate-limited: /);
    assert.deepEqual(worker.refused(), { 'rate-limited': 1 });
    assert.equal(worker.log.at(-1)?.['reason'], 'rate-limited');
  });

  test('is limited on one connection as on many, and keeps it', async () => {
    const worker = await limited();
    const client = await worker.open();
    await client.send(get('/1') + get('/2') + get('/3') + get('/4') + get('/5', 'Connection: close\r\n'));
    await client.untilClosed();
    assert.deepEqual(client.text.match(/^HTTP\/1\.1 \d+/gm), [
      ...Array<string>(3).fill('HTTP/1.1 200'),
      ...Array<string>(2).fill('HTTP/1.1 429'),
    ]);
  });

  test('is not asked to send its body twice: a refused POST was read, and the connection goes on', async () => {
    const worker = await limited({ baseLimit: 1 });
    const client = await worker.open();
    const post = 'POST /password HTTP/1.1\r\nHost: 169.254.169.254\r\nContent-Length: 5\r\n\r\nhello';
    await client.send(post + post + get('/', 'Connection: close\r\n'));
    await client.untilClosed();
    assert.deepEqual(client.text.match(/^HTTP\/1\.1 \d+/gm), ['HTTP/1.1 200', 'HTTP/1.1 429', 'HTTP/1.1 429']);
  });

  test('does not count for another address', async () => {
    const worker = await limited();
    assert.deepEqual(await statuses(worker, 4, 0, '127.0.0.1'), [200, 200, 200, 429]);
    assert.deepEqual(await statuses(worker, 4, 0, '127.0.0.2'), [200, 200, 200, 429]);
  });

  test('does not count for the same address of another owner', async () => {
    const worker = await limited({}, 2);
    assert.deepEqual(await statuses(worker, 4, 0), [200, 200, 200, 429]);
    assert.deepEqual(await statuses(worker, 4, 1), [200, 200, 200, 429]);
  });

  test('of an IP version that is not named is not limited', async () => {
    const worker = await limited({ ipVersions: [6] });
    assert.deepEqual(await statuses(worker, 5), [200, 200, 200, 200, 200]);
  });

  test('gets no body with a 429 to HEAD', async () => {
    const worker = await limited({ baseLimit: 1 });
    await statuses(worker, 1);
    const text = await worker.raw('HEAD / HTTP/1.1\r\nHost: 169.254.169.254\r\nConnection: close\r\n\r\n');
    assert.match(text, /^HTTP\/1\.1 429 Too Many Requests\r\n/);
    assert.match(text, /\r\n\r\n$/);
  });
});
