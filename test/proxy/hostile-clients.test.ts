import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { reply } from '../kit/agents.ts';
import { parseResponse, type RawClient } from '../kit/raw-client.ts';
import { endAfterEach, startKeepAlive, startWorker } from './setup.ts';
import { until, type Worker } from './worker.ts';

endAfterEach();

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const LAST = 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

async function assertServed(worker: Worker): Promise<void> {
  assert.equal(parseResponse(await worker.raw(LAST))?.status, 200);
}

describe('a client that resets its connection leaves nothing behind', () => {
  const states: Readonly<Record<string, (client: RawClient) => Promise<unknown>>> = {
    'before it says anything': async () => undefined,
    'within a head': (client) => client.send('GET / HTTP/1.1\r\nHo'),
    'within a body': (client) => client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc'),
    'with two requests in one segment': (client) => client.send(GET + GET),
    'after its end': async (client) => {
      await client.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
      client.halfClose();
    },
    'within a reply that it does not read': async (client) => {
      client.socket.pause();
      await client.send('GET /large HTTP/1.1\r\nHost: a\r\n\r\n');
    },
    'after its response': async (client) => {
      await client.send(GET);
      await client.until(({ text }) => parseResponse(text) !== undefined);
    },
    'after our end': async (client) => {
      await client.send('GET /\x01 HTTP/1.1\r\n\r\n');
      await client.untilClosed();
    },
  };
  for (const [state, reach] of Object.entries(states)) {
    test(state, async () => {
      const worker = await startWorker();
      await startKeepAlive(worker, async ({ requestLine }) => {
        if (requestLine.includes('slow')) await new Promise((resolve) => setTimeout(resolve, 50));
        return reply(requestLine.includes('large') ? 'x'.repeat(8_000_000) : 'x');
      });
      const clients = await Promise.all(Array.from({ length: 20 }, () => worker.open()));
      await Promise.all(clients.map(reach));
      // Node cannot reset a socket whose side has ended; the response that comes to it when it is closed does.
      for (const { socket } of clients) socket.writableEnded ? socket.destroy() : socket.resetAndDestroy();
      await until(() => worker.proxy.status().connections === 0, 'all are gone');
      await assertServed(worker);
    });
  }
});

test('a client that reads slowly gets every byte of a reply of a mebibyte', async () => {
  const worker = await startWorker();
  const body = Array.from({ length: 131_072 }, (_, index) => String(index).padStart(8, '.')).join('');
  await startKeepAlive(worker, () => reply(body));
  const client = await worker.open();
  client.socket.pause();
  await client.send(LAST);
  const read = setInterval(() => {
    client.socket.resume();
    setImmediate(() => client.socket.pause());
  }, 2);
  await client.until(({ length }) => length > body.length, 60_000);
  clearInterval(read);
  client.socket.resume();
  await client.untilClosed();
  assert.equal(parseResponse(client.text)?.body, body);
  client.close();
});

test('a request that closes is answered although more than it was sent', async () => {
  const worker = await startWorker();
  await startKeepAlive(worker);
  const client = await worker.open();
  await client.send(`${LAST}${'x'.repeat(5000)}`);
  await client.untilClosed();
  assert.equal(parseResponse(client.text)?.status, 200);
  assert.equal(client.state, 'ended');
  client.close();
});
