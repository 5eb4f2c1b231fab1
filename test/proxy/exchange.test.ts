import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseResponse, RawClient } from '../kit/raw-client.ts';
import { endAfterEach, startKeepAlive, startOneShot, startWorker } from './setup.ts';
import { OWNER, until } from './worker.ts';

endAfterEach();

const GET = 'GET /openstack HTTP/1.1\r\nHost: 169.254.169.254\r\nConnection: close\r\n\r\n';

test('a GET reaches a keep-alive agent with identity lines first, and the reply comes back', async () => {
  const proxy = await startWorker();
  const agent = await startKeepAlive(proxy);
  const response = parseResponse(await proxy.raw(GET));
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

test('a GET reaches a one-shot agent', async () => {
  const proxy = await startWorker();
  const agent = await startOneShot(proxy);
  const response = parseResponse(await proxy.raw(GET));
  assert.equal(response?.status, 200);
  assert.equal(JSON.parse(response.body).id, OWNER);
  assert.equal(agent.received.length, 1);
  await until(() => proxy.proxy.status().agent.generation === 'one-shot', 'found out as one-shot');
});

test('300 clients at once get their answers from a one-shot agent with a backlog of 5', async () => {
  const proxy = await startWorker();
  await startOneShot(proxy, 4, 0.002);
  const responses = await Promise.all(
    Array.from({ length: 300 }, async (_, index) => {
      const client = await RawClient.open({ host: '127.0.0.1', port: proxy.port() });
      await client.send(`GET /instance/${index} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      await client.untilClosed();
      client.close();
      return parseResponse(client.text);
    }),
  );
  const wrong = responses.filter(
    (response, index) => response?.status !== 200 || JSON.parse(response.body).target !== `/instance/${index}`,
  );
  assert.deepEqual(wrong, []);
});
