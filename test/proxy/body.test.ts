import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Reason } from '../../src/proxy/refuse.ts';
import { parseResponse } from '../kit/raw-client.ts';
import { endAfterEach, startKeepAlive, startOneShot, startWorker } from './setup.ts';
import { until } from './worker.ts';

endAfterEach();

const CHUNKED = 'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n';

describe('a chunked body reaches the agent with its length, for', () => {
  const rows: Readonly<Record<string, readonly [bytes: string, body: string]>> = {
    'one chunk': ['5\r\nhello\r\n0\r\n\r\n', 'hello'],
    'several chunks': ['5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n', 'hello world'],
    'no chunk': ['0\r\n\r\n', ''],
    'a last chunk of several zeros': ['1\r\na\r\n0000\r\n\r\n', 'a'],
    'sizes in capitals and small letters': ['A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n', '01234567890123456789'],
    'leading zeros': ['0005\r\nhello\r\n0\r\n\r\n', 'hello'],
    'line ends in the content': ['6\r\na\r\n\r\nb\r\n0\r\n\r\n', 'a\r\n\r\nb'],
    'an extension': ['5;a\r\nhello\r\n0;b\r\n\r\n', 'hello'],
    'extensions with values': ['5;a=b;c="d;\\"e\r"\r\nhello\r\n0\r\n\r\n'.replace('\r"', '"'), 'hello'],
    'blanks around extensions': ['5 ; a = b ;\tc\r\nhello\r\n0\r\n\r\n', 'hello'],
    trailers: ['5\r\nhello\r\n0\r\nA: b\r\nC:\r\n\r\n', 'hello'],
    'the coding in capitals': ['', ''],
  };
  for (const [what, [bytes, body]] of Object.entries(rows)) {
    test(what, async () => {
      const worker = await startWorker();
      const agent = await startKeepAlive(worker);
      const request = bytes === '' ? `${CHUNKED.replace('chunked', 'CHUNKED')}0\r\n\r\n` : CHUNKED + bytes;
      assert.equal(parseResponse(await worker.raw(request))?.status, 200);
      assert.equal(parseResponse(await worker.raw(...request))?.status, 200);
      for (const received of agent.received) {
        assert.equal(received.body, body);
        assert.deepEqual(received.values('content-length'), [String(body.length)]);
        assert.deepEqual(received.values('transfer-encoding'), []);
      }
      assert.equal(agent.received.length, 2);
    });
  }
});

describe('a chunked body is refused, and the agent not asked, with', () => {
  const malformed: Reason = 'chunk-malformed';
  const rows: readonly [what: string, bytes: string, reason: Reason, status: number][] = [
    ['no size', '\r\nhello\r\n0\r\n\r\n', malformed, 400],
    ['a size that is no number', 'x\r\n', malformed, 400],
    ['a size with 0x', '0x5\r\nhello\r\n0\r\n\r\n', malformed, 400],
    ['a negative size', '-5\r\nhello\r\n', malformed, 400],
    ['a size with a plus', '+5\r\nhello\r\n', malformed, 400],
    ['a space before the size', ' 5\r\nhello\r\n', malformed, 400],
    ['a space after the size', '5 \r\nhello\r\n', malformed, 400],
    ['a word after the size', '5 x\r\nhello\r\n', malformed, 400],
    ['an underscore in the size', '1_0\r\nhello\r\n', malformed, 400],
    ['a size line that ends with LF', '5\nhello\r\n0\r\n\r\n', malformed, 400],
    ['a size line that ends with CR', '5\rhello\r\n0\r\n\r\n', malformed, 400],
    ['content longer than its size', '5\r\nhelloo\r\n0\r\n\r\n', malformed, 400],
    ['content that ends with LF', '5\r\nhello\n0\r\n\r\n', malformed, 400],
    ['content that ends with CR alone', '5\r\nhello\r0\r\n\r\n', malformed, 400],
    ['an extension without a name', '5;\r\nhello\r\n0\r\n\r\n', malformed, 400],
    ['an extension without a value', '5;a=\r\nhello\r\n0\r\n\r\n', malformed, 400],
    ['a quoted value without an end', '5;a="b\r\nhello\r\n0\r\n\r\n', malformed, 400],
    ['a control byte in an extension', '5;a\x01\r\nhello\r\n0\r\n\r\n', malformed, 400],
    ['a lone LF in an extension', '5;a\nhello\r\n0\r\n\r\n', malformed, 400],
    ['a folded trailer', '0\r\nA: b\r\n c\r\n\r\n', malformed, 400],
    ['a trailer without a colon', '0\r\nA\r\n\r\n', malformed, 400],
    ['a trailer that ends with LF', '0\r\nA: b\n\r\n', malformed, 400],
    ['a control byte in a trailer', '0\r\nA: \x01\r\n\r\n', malformed, 400],
    ['a size of more digits than make sense', `${'0'.repeat(17)}\r\n\r\n`, malformed, 400],
    ['a size beyond the bound', '10001\r\n', 'body-too-large', 413],
    ['a size beyond what a number holds', 'ffffffffffffffff\r\n', 'body-too-large', 413],
    ['chunks that are too much together', `8000\r\n${'a'.repeat(0x8000)}\r\n8001\r\n`, 'body-too-large', 413],
    ['extensions without end', `5;${'a'.repeat(20_000)}`, 'trailers-too-large', 431],
    ['trailers without end', `0\r\n${'A: b\r\n'.repeat(4000)}`, 'trailers-too-large', 431],
  ];
  for (const [what, bytes, reason, status] of rows) {
    test(what, async () => {
      const worker = await startWorker();
      const agent = await startKeepAlive(worker);
      const response = parseResponse(await worker.raw(CHUNKED + bytes));
      assert.equal(response?.status, status);
      assert.equal(response.headers.get('connection'), 'close');
      assert.deepEqual(worker.refused(), { [reason]: 1 });
      assert.equal(agent.received.length, 0);
    });
  }
});

describe('the agent is asked only when the whole body is there', () => {
  for (const generation of ['keep-alive', 'one-shot'] as const) {
    test(`a late body, to a ${generation} agent`, async () => {
      const worker = await startWorker();
      const agent = generation === 'keep-alive' ? await startKeepAlive(worker) : await startOneShot(worker);
      const client = await worker.open();
      await client.send(
        'POST /openstack/2013-04-04/password HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10\r\n\r\n',
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(agent.received.length, 0);
      await client.send('01234', '5678');
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(agent.received.length, 0);
      await client.send('9');
      await client.untilClosed();
      assert.equal(parseResponse(client.text)?.status, 200);
      assert.equal(agent.received[0]?.body, '0123456789');
      client.close();
    });

    test(`Expect: 100-continue, to a ${generation} agent`, async () => {
      const worker = await startWorker();
      const agent = generation === 'keep-alive' ? await startKeepAlive(worker) : await startOneShot(worker);
      const client = await worker.open();
      await client.send(
        'POST /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n',
      );
      await client.until((open) => open.text === 'HTTP/1.1 100 Continue\r\n\r\n');
      assert.equal(agent.received.length, 0);
      await client.send('abc');
      await client.untilClosed();
      assert.equal(parseResponse(client.text.slice('HTTP/1.1 100 Continue\r\n\r\n'.length))?.status, 200);
      assert.equal(agent.received[0]?.body, 'abc');
      assert.deepEqual(agent.received[0]?.values('expect'), []);
      client.close();
    });
  }

  const without: Readonly<Record<string, string>> = {
    'the body is there already':
      'POST /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc',
    'there is no body': 'GET /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n',
    'the client speaks HTTP/1.0': 'POST /p HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc',
  };
  for (const [what, request] of Object.entries(without)) {
    test(`no 100 is sent when ${what}`, async () => {
      const worker = await startWorker();
      await startKeepAlive(worker);
      assert.ok((await worker.raw(request)).startsWith('HTTP/1.1 200 '));
    });
  }

  test('a body that will be refused is not asked for', async () => {
    const worker = await startWorker({ limits: { bodyBytes: 100 } });
    await startKeepAlive(worker);
    const response = await worker.raw(
      'POST /p HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n',
    );
    assert.equal(parseResponse(response)?.status, 413);
  });
});

describe('toward a one-shot agent', () => {
  const request = (padding: number, body: number) =>
    `POST /x HTTP/1.1\r\nHost: a\r\nA: ${'b'.repeat(padding)}\r\nConnection: close\r\nContent-Length: ${body}\r\n\r\n${'c'.repeat(body)}`;
  for (const generation of ['one-shot', 'auto'] as const) {
    test(`a request of exactly 4096 bytes is read whole, one byte more is refused (${generation})`, async () => {
      const worker = await startWorker({ agent: { generation } });
      const agent = await startOneShot(worker);
      await worker.raw(request(1, 1000));
      const spare = 4096 - (agent.received[0]?.raw.length ?? 0);
      assert.equal(parseResponse(await worker.raw(request(1 + spare, 1000)))?.status, 200);
      assert.equal(agent.received[1]?.raw.length, 4096);
      assert.equal(agent.received[1]?.body.length, 1000);
      await until(() => worker.proxy.status().agent.generation === 'one-shot', 'one-shot');
      const tooLarge = parseResponse(await worker.raw(request(2 + spare, 1000)));
      assert.equal(tooLarge?.status, 413);
      assert.deepEqual(worker.refused(), { 'body-too-large-for-agent': 1 });
      assert.equal(parseResponse(await worker.raw(request(4096, 0)))?.status, 431);
      assert.equal(worker.refused()['head-too-large-for-agent'], 1);
      assert.equal(agent.received.length, 2);
    });
  }

  test('a chunked body that turns out too large is refused', async () => {
    const worker = await startWorker({ agent: { generation: 'one-shot' } });
    const agent = await startOneShot(worker);
    const response = await worker.raw(`${CHUNKED}1000\r\n${'a'.repeat(4096)}\r\n0\r\n\r\n`);
    assert.equal(parseResponse(response)?.status, 413);
    assert.equal(agent.received.length, 0);
  });
});

describe('a large request while the generation is unknown', () => {
  const request = `POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 65536\r\n\r\n${'c'.repeat(65_536)}`;

  test('is sent once a keep-alive agent has shown itself as one', async () => {
    const worker = await startWorker();
    const agent = await startKeepAlive(worker);
    const responses = await Promise.all([worker.raw(request), worker.raw(request), worker.raw(request)]);
    for (const response of responses) assert.equal(parseResponse(response)?.status, 200);
    assert.deepEqual(agent.received.map((received) => received.requestLine).sort(), [
      'GET / HTTP/1.1',
      'GET / HTTP/1.1',
      ...Array(3).fill('POST /x HTTP/1.1'),
    ]);
    assert.equal(agent.received.find((received) => received.body !== '')?.body.length, 65_536);
    assert.equal(worker.proxy.status().agent.generation, 'keep-alive');
  });

  test('is refused once a one-shot agent has shown itself as one', async () => {
    const worker = await startWorker();
    const agent = await startOneShot(worker);
    const responses = await Promise.all([worker.raw(request), worker.raw(request), worker.raw(request)]);
    for (const response of responses) assert.equal(parseResponse(response)?.status, 413);
    // Connections that were opened for the others are closed unused.
    const asked = agent.received.filter((received) => received.raw !== '');
    assert.deepEqual(
      asked.map((received) => received.requestLine),
      ['GET / HTTP/1.1'],
    );
    assert.equal(worker.proxy.status().agent.generation, 'one-shot');
  });

  test('waits for an agent that is absent', async () => {
    const worker = await startWorker();
    const response = worker.raw(request);
    await until(() => worker.proxy.status().agent.state === 'absent', 'absent');
    await startKeepAlive(worker);
    assert.equal(parseResponse(await response)?.status, 200);
  });

  test('is refused with 503 when the agent stays absent', async () => {
    const worker = await startWorker({ agent: { queueTimeoutMs: 200 } });
    assert.equal(parseResponse(await worker.raw(request))?.status, 503);
  });
});
