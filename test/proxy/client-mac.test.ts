/** `X-Metasteer-Client-MAC`: what agents are told of the MAC of a client's frames, and what a client can do about it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import { proxySettings } from '../../src/config/proxy-settings.ts';
import { parseResponse } from '../kit/raw-client.ts';
import { endAfterEach, startKeepAlive, startOneShot, startWorker } from './setup.ts';
import { OWNER, until } from './worker.ts';

endAfterEach();

const MAC = 'fa:16:3e:01:02:03';
const LINE = `X-Metasteer-Client-MAC: ${MAC}\r\n`;
const OURS = ['X-Forwarded-For: 127.0.0.1', `X-Neutron-Router-ID: ${OWNER}`];
const { clientMac } = proxySettings(parseConfig('agent: { socket: /a }', 'test.yaml')).agent;

describe('the line with the MAC', () => {
  const forged = 'GET / HTTP/1.1\r\nX-Metasteer-Client-MAC: fa:16:3e:09:09:09\r\nHost: a\r\nConnection: close\r\n\r\n';
  const rows: readonly [what: string, on: boolean, mac: string | undefined, lines: readonly string[]][] = [
    ['is there by default, and not the one that the client sends', clientMac, MAC, [`X-Metasteer-Client-MAC: ${MAC}`]],
    ['says so where the kernel kept no SYN', clientMac, undefined, ['X-Metasteer-Client-MAC: unknown']],
    ['is not there where it is switched off, not even the one that the client sends', false, MAC, []],
  ];
  for (const [what, on, mac, lines] of rows) {
    test(what, async () => {
      const worker = await startWorker({ agent: { clientMac: on }, ...(mac === undefined ? {} : { mac }) });
      const agent = await startKeepAlive(worker);
      await worker.raw(forged);
      assert.deepEqual(agent.received[0]?.lines, [...OURS, ...lines, 'Host: a']);
    });
  }

  for (const name of [
    'X-METASTEER-CLIENT-MAC',
    'x_metasteer_client_mac',
    'X-Metasteer_Client.MAC',
    'X-Metasteer-Client-MAC-2',
  ]) {
    test(`cannot be forged as ${name}, on the first request or a later one`, async () => {
      const worker = await startWorker({ agent: { clientMac }, mac: MAC });
      const agent = await startKeepAlive(worker);
      const request = (last: string) => `GET / HTTP/1.1\r\nHost: a\r\n${name}: fa:16:3e:09:09:09\r\n${last}\r\n`;
      await worker.raw(request(''), request(`${name}: unknown\r\nConnection: close\r\n`));
      const expected = [...OURS, LINE.trimEnd(), 'Host: a'];
      assert.deepEqual(
        agent.received.map(({ lines }) => lines),
        [expected, expected],
      );
    });
  }
});

test('the socket is asked once for a connection, and not at all for one that asks nothing', async () => {
  const asked = { count: 0 };
  const worker = await startWorker({ agent: { clientMac }, mac: MAC, access: 'off', macAsked: asked });
  const agent = await startKeepAlive(worker);
  const idle = await worker.open();
  const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
  await worker.raw(request, request, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  idle.close();
  assert.equal(agent.received.length, 3);
  assert.ok(agent.received.every(({ raw }) => raw.includes(LINE)));
  assert.equal(asked.count, 1);
});

const FITS = 4096;

/**
 * A request of which the agent gets so many bytes, the line not counted.
 *
 * @param filled what is long about it
 * @param close whether the worker tells the agent that it closes
 */
function requestOf(bytes: number, filled: 'head' | 'body', close: boolean): string {
  const ours = `${OURS.join('\r\n')}\r\n${close ? 'Connection: close\r\n' : ''}`.length;
  const head = (padding: number, length: number) =>
    filled === 'head'
      ? `GET /x HTTP/1.1\r\nHost: a\r\nA: ${'b'.repeat(padding)}\r\n`
      : `POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n`;
  const length = bytes - ours - head(0, 1000).length - '\r\n'.length;
  return `${head(length, length)}Connection: close\r\n\r\n${filled === 'head' ? '' : 'c'.repeat(length)}`;
}

describe('a request of which the line with the MAC makes more than 4096 bytes', () => {
  const rows: readonly [bytes: number, arrives: number, hasLine: boolean][] = [
    [FITS - LINE.length, FITS, true],
    [FITS - LINE.length + 1, FITS - LINE.length + 1, false],
    [FITS, FITS, false],
  ];
  for (const filled of ['head', 'body'] as const) {
    for (const [bytes, arrives, hasLine] of rows) {
      test(`reaches a one-shot agent ${hasLine ? 'with' : 'without'} it: ${bytes} bytes, most of them ${filled}`, async () => {
        const worker = await startWorker({ agent: { clientMac, generation: 'one-shot' }, mac: MAC });
        const agent = await startOneShot(worker);
        assert.equal(parseResponse(await worker.raw(requestOf(bytes, filled, true)))?.status, 200);
        assert.deepEqual(
          agent.received.map(({ raw }) => [raw.length, raw.includes(LINE)]),
          [[arrives, hasLine]],
        );
      });
    }

    test(`is refused where it would be without the line: one byte more, most of them ${filled}`, async () => {
      for (const on of [clientMac, false]) {
        const worker = await startWorker({ agent: { clientMac: on, generation: 'one-shot' }, mac: MAC });
        const agent = await startOneShot(worker);
        await worker.raw(requestOf(FITS + 1, filled, true));
        assert.deepEqual(worker.refused(), { [`${filled}-too-large-for-agent`]: 1 });
        assert.equal(agent.received.length, 0);
      }
    });
  }

  test('waits until it is known that the agent is one-shot, and goes without it', async () => {
    const worker = await startWorker({ agent: { clientMac }, mac: MAC });
    const agent = await startOneShot(worker);
    assert.equal(parseResponse(await worker.raw(requestOf(FITS, 'body', false)))?.status, 200);
    const asked = agent.received.filter(({ raw }) => raw !== '');
    assert.deepEqual(
      asked.map(({ requestLine }) => requestLine),
      ['GET / HTTP/1.1', 'POST /x HTTP/1.1'],
    );
    assert.equal(asked[1]?.raw.length, FITS);
    assert.equal(asked[1].raw.includes(LINE), false);
  });

  test('waits until it is known that the agent keeps connections, and goes with it: the agent may be one that checks', async () => {
    const worker = await startWorker({ agent: { clientMac }, mac: MAC });
    const agent = await startKeepAlive(worker);
    assert.equal(parseResponse(await worker.raw(requestOf(FITS, 'body', false)))?.status, 200);
    const [post] = agent.received.filter(({ requestLine }) => requestLine.startsWith('POST'));
    assert.equal(post?.raw.length, FITS + LINE.length);
    assert.ok(post.raw.includes(LINE));
  });

  test('goes with it to an agent of the other generation that takes the place of a one-shot agent', async () => {
    const worker = await startWorker({ agent: { clientMac }, mac: MAC });
    const old = await startOneShot(worker);
    assert.equal(parseResponse(await worker.raw(requestOf(FITS, 'body', false)))?.status, 200);
    await until(() => worker.proxy.status().agent.generation === 'one-shot', 'one-shot');
    await old.stop();
    const agent = await startKeepAlive(worker);
    assert.equal(parseResponse(await worker.raw(requestOf(FITS, 'body', false)))?.status, 200);
    const posts = agent.received.filter(({ requestLine }) => requestLine.startsWith('POST'));
    assert.deepEqual(
      posts.map(({ raw }) => raw.includes(LINE)),
      [true],
    );
  });
});
