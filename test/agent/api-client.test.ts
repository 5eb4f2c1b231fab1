import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { json, ScriptedServer } from '../../bench/agent/openstack.ts';
import { ANSWER_BYTES_MAX, ApiClient } from '../../src/agent/api-client.ts';
import { SourceError } from '../../src/agent/source.ts';

let server: ScriptedServer;
before(async () => {
  server = await ScriptedServer.start(() => json(200, {}));
});
after(() => server.close());

const QUESTION = { method: 'GET', path: '/' } as const;

function client(options: { origin?: string; timeoutMs?: number; connections?: number } = {}): ApiClient {
  return new ApiClient({ name: 'Neutron', origin: server.url, connections: 2, timeoutMs: 5000, ...options });
}

describe('an answer', () => {
  test('of the largest size comes whole, one byte more is an error', async () => {
    const api = client();
    server.say = () => ({ status: 200, body: Buffer.alloc(ANSWER_BYTES_MAX, 'a') });
    assert.equal((await api.ask(QUESTION)).body.length, ANSWER_BYTES_MAX);
    server.say = () => ({ status: 200, body: Buffer.alloc(ANSWER_BYTES_MAX + 1, 'a') });
    await assert.rejects(api.ask(QUESTION), { name: 'SourceError', message: /more than 4194304 bytes/ });
    await api.close();
  });

  test('whose end does not come is given up after the time limit', async () => {
    const dripping = createServer((socket) => {
      socket.on('error', () => {});
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
      // Each byte is well before any time limit between two of them.
      const drip = setInterval(() => socket.write('a'), 5);
      socket.once('close', () => clearInterval(drip));
    });
    dripping.listen(0, '127.0.0.1');
    await once(dripping, 'listening');
    const origin = `http://127.0.0.1:${(dripping.address() as AddressInfo).port}`;
    const api = client({ origin, timeoutMs: 50 });
    await assert.rejects(api.ask(QUESTION), {
      name: 'SourceError',
      message: `Neutron at ${origin}: no answer within 50 ms`,
    });
    await api.close();
    dripping.close();
  });

  test('that is not HTTP is an error', async () => {
    const wild = createServer((socket) => void socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.2\r\n'));
    wild.listen(0, '127.0.0.1');
    await once(wild, 'listening');
    const api = client({ origin: `http://127.0.0.1:${(wild.address() as AddressInfo).port}` });
    await assert.rejects(api.ask(QUESTION), SourceError);
    await api.close();
    wild.close();
  });
});

test('no more requests are at the server at once than there are connections', async () => {
  let atOnce = 0;
  let most = 0;
  let bothThere = () => {};
  const both = new Promise<void>((resolve) => {
    bothThere = resolve;
  });
  server.say = async () => {
    most = Math.max(most, ++atOnce);
    if (most === 2) bothThere();
    await both;
    atOnce--;
    return json(200, {});
  };
  const api = client();
  await Promise.all(Array.from({ length: 20 }, () => api.ask(QUESTION)));
  assert.equal(most, 2);
  await api.close();
});

test('a request that waits for a connection counts against its time limit', async () => {
  server.say = () => undefined;
  const api = client({ connections: 1, timeoutMs: 50 });
  const both = await Promise.allSettled([api.ask(QUESTION), api.ask(QUESTION)]);
  for (const each of both) {
    assert.ok(each.status === 'rejected');
    assert.match(String(each.reason), /no answer within 50 ms/);
  }
  await api.close();
});
