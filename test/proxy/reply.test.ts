import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { ReplyParser } from '../../src/proxy/reply.ts';
import { reply } from '../kit/agents.ts';
import { parseResponse, RawClient } from '../kit/raw-client.ts';
import { endAfterEach, startKeepAlive, startWorker } from './setup.ts';
import { until } from './worker.ts';

endAfterEach();

const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** What an agent sends, and the response after its `Connection: close` is taken out. */
const GOOD: Readonly<Record<string, { readonly agent: string; readonly client: string }>> = {
  'of an agent until 2024.2': {
    agent: 'HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: 3\r\nDate: now\r\n\r\nabc',
    client: 'HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=UTF-8\r\nDate: now\r\nContent-Length: 3\r\n\r\nabc',
  },
  'with bare LF': {
    agent: 'HTTP/1.1 404 Not Found\nContent-Type: text/plain\nConnection: close\nContent-Length: 3\n\nabc',
    client: 'HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc',
  },
  'with LF and CR LF mixed': {
    agent: 'HTTP/1.1 200 OK\nA: b\r\nContent-Length: 3\n\r\nabc',
    client: 'HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 3\r\n\r\nabc',
  },
  'without a reason phrase': {
    agent: 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n',
    client: 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n',
  },
  'with an empty reason phrase': {
    agent: 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n',
    client: 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n',
  },
  'with an unusual status': {
    agent: 'HTTP/1.1 299 Odd thing\r\nContent-Length: 0\r\n\r\n',
    client: 'HTTP/1.1 299 Odd thing\r\nContent-Length: 0\r\n\r\n',
  },
  'of HTTP/1.0': {
    agent: 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx',
    client: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
  },
  'ended by the connection': {
    agent: 'HTTP/1.1 200 OK\r\nA: b\r\n\r\nabc',
    client: 'HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 3\r\n\r\nabc',
  },
  'in chunks': {
    agent:
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\nT: u\r\n\r\n',
    client: 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc',
  },
  'with hop-by-hop headers': {
    agent:
      'HTTP/1.1 200 OK\r\nKeep-Alive: x\r\nProxy-Connection: x\r\nUpgrade: x\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\nContent-Length: 0\r\n\r\n',
    client: 'HTTP/1.1 200 OK\r\nX-End: 2\r\nContent-Length: 0\r\n\r\n',
  },
  'with repeated headers and bytes beyond ASCII': {
    agent: 'HTTP/1.1 200 OK\r\nA: 1\r\nB: \xe4\xff\r\nA: 2\r\nContent-Length: 2\r\n\r\n\x00\xff',
    client: 'HTTP/1.1 200 OK\r\nA: 1\r\nB: \xe4\xff\r\nA: 2\r\nContent-Length: 2\r\n\r\n\x00\xff',
  },
  'with its length stated twice': {
    agent: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx',
    client: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
  },
  'after interim replies': {
    agent:
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
    client: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
  },
  'longer than it says': {
    agent: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxyz',
    client: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
  },
};

describe('a reply is passed on', () => {
  for (const [what, { agent, client }] of Object.entries(GOOD)) {
    const expected = client.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
    test(what, async () => {
      const worker = await startWorker();
      await startKeepAlive(worker, () => ({ bytes: agent, close: true }));
      assert.equal(await worker.raw(GET), expected);
    });

    test(`${what}, byte by byte`, async () => {
      const worker = await startWorker();
      await startKeepAlive(worker, async (_request, socket) => {
        for (const byte of agent) {
          socket.write(byte, 'latin1');
          await new Promise((resolve) => setImmediate(resolve));
        }
        return { bytes: '', close: true };
      });
      assert.equal(await worker.raw(GET), expected);
    });
  }
});

const BAD: Readonly<Record<string, string>> = {
  'cut within the status line': 'HTTP/1.1 200',
  'cut within the headers': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n',
  'cut before its empty line, as empty errors of a one-shot agent are': 'HTTP/1.1 409 Conflict\nContent-Length: 0\n',
  'cut within its body': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc',
  'cut within its chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc',
  'cut after an interim reply': 'HTTP/1.1 100 Continue\r\n\r\n',
  'that is no HTTP': 'SSH-2.0-OpenSSH_9.2\r\n',
  'of another version': 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n',
  'with a status of two digits': 'HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n',
  'with a status of four digits': 'HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n',
  'with a status that is no number': 'HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n',
  'with a status out of range': 'HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n',
  'that switches protocols': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n',
  'with a bad header name': 'HTTP/1.1 200 OK\r\nA b: c\r\nContent-Length: 0\r\n\r\n',
  'with a space before a colon': 'HTTP/1.1 200 OK\r\nA : c\r\nContent-Length: 0\r\n\r\n',
  'with a folded header': 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n',
  'with a NUL in a header': 'HTTP/1.1 200 OK\r\nA: b\0\r\nContent-Length: 0\r\n\r\n',
  'with a lone CR in a header': 'HTTP/1.1 200 OK\r\nA: b\rSet-Cookie: x\r\nContent-Length: 0\r\n\r\n',
  'with a lone CR in the reason phrase': 'HTTP/1.1 200 O\rK\r\nContent-Length: 0\r\n\r\n',
  'with a negative length': 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
  'with a length that is no number': 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n',
  'with an empty length': 'HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n',
  'with a length beyond all numbers': `HTTP/1.1 200 OK\r\nContent-Length: ${'9'.repeat(30)}\r\n\r\n`,
  'with contradictory lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
  'with contradictory lengths, the last of them twice':
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab',
  'with a length and chunks': 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'with another transfer coding': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx',
  'with chunks twice': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'with chunks in HTTP/1.0': 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'with a malformed chunk': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n',
  'with a head without end': `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(15_000)}`,
  'with a status line without end': `HTTP/1.1 200 ${'x'.repeat(70_000)}`,
};

describe('502 is the answer to a reply', () => {
  for (const [what, bytes] of Object.entries(BAD)) {
    test(what, async () => {
      const worker = await startWorker();
      await startKeepAlive(worker, () => ({ bytes, close: true }));
      const text = await worker.raw(GET);
      assert.equal(parseResponse(text)?.status, 502);
      assert.deepEqual(worker.refused(), { 'agent-reply-malformed': 1 });
    });
  }

  test('whose length was contradictory in between', () => {
    const parser = new ReplyParser();
    const bytes = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: x\r\nContent-Length: 1\r\n\r\n');
    assert.equal(parser.parse(bytes, 0, bytes.length, false), 'malformed');
  });
});

describe('a large reply', () => {
  const size = 3_000_000;
  const body = Buffer.alloc(size, 'abcdefghij');
  const forms: Readonly<Record<string, string>> = {
    'with its length': `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`,
    'ended by the connection': 'HTTP/1.1 200 OK\r\n\r\n',
    'in chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  };

  function send(socket: Socket, head: string): void {
    socket.write(head);
    if (!head.includes('chunked')) {
      socket.end(body);
      return;
    }
    for (let at = 0; at < size; at += 100_000)
      socket.write(`186a0\r\n${body.toString('latin1', at, at + 100_000)}\r\n`, 'latin1');
    socket.end('0\r\n\r\n');
  }

  for (const [what, head] of Object.entries(forms)) {
    for (const version of ['1.1', '1.0']) {
      test(`${what} reaches a client of HTTP/${version} whole`, async () => {
        const worker = await startWorker();
        await startKeepAlive(worker, (_request, socket) => {
          send(socket, head);
          return undefined;
        });
        // A client of HTTP/1.0 that asks to go on learns of an end it cannot see otherwise by the end of the connection.
        const connection = version === '1.0' && !head.includes('Length') ? 'keep-alive' : 'close';
        const text = await worker.raw(`GET / HTTP/${version}\r\nHost: a\r\nConnection: ${connection}\r\n\r\n`);
        const response = parseResponse(text);
        assert.equal(response?.status, 200);
        assert.equal(response.body.length, size);
        assert.ok(response.body === body.toString('latin1'));
        assert.equal(
          response.headers.get('transfer-encoding'),
          version === '1.1' && !head.includes('Length') ? 'chunked' : undefined,
        );
        assert.equal(response.headers.get('content-length'), head.includes('Length') ? String(size) : undefined);
        assert.equal(worker.log.at(-1)?.['bytes'], size);
      });
    }
  }

  test('is taken from the agent no faster than the client takes it, and holds up nobody else', async () => {
    const worker = await startWorker({ agent: { concurrency: 2, generation: 'keep-alive' } });
    let written = 0;
    await startKeepAlive(worker, async (request, socket) => {
      if (!request.requestLine.includes('/large')) return reply('small');
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 40000000\r\n\r\n');
      for (let count = 0; count < 400; count += 1) {
        if (socket.destroyed) break;
        written += 100_000;
        if (!socket.write(Buffer.alloc(100_000, 'x'))) await new Promise((resolve) => socket.once('drain', resolve));
      }
      return undefined;
    });
    const slow: RawClient[] = [];
    for (let count = 0; count < 2; count += 1) {
      const client = await worker.open();
      slow.push(client);
      await client.send('GET /large HTTP/1.1\r\nHost: a\r\n\r\n');
      await client.until((open) => open.length > 0);
      client.socket.pause();
    }
    await until(() => worker.proxy.status().agent.exchangesOpen === 0, 'both have given up their turns');
    for (let count = 0; count < 5; count += 1) assert.equal(parseResponse(await worker.raw(GET))?.body, 'small');
    assert.ok(written < 30_000_000, `the agent could write ${written} bytes`);
    slow[0]?.socket.resume();
    await slow[0]?.until((open) => open.length > 40_000_000, 30_000);
    for (const client of slow) client.close();
    await until(() => worker.proxy.status().connections === 0, 'all is given back');
  });

  test('that ends too early ends the connection, so that the client can tell', async () => {
    for (const [head, part, last] of [
      ['Content-Length: 200000', 'x'.repeat(100_000), ''],
      ['Transfer-Encoding: chunked', `186a0\r\n${'x'.repeat(100_000)}\r\n`, ''],
      ['Transfer-Encoding: chunked', `186a0\r\n${'x'.repeat(100_000)}\r\n`, 'nonsense\r\n'],
    ] as const) {
      const worker = await startWorker();
      await startKeepAlive(worker, (_request, socket) => {
        socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${part}`);
        setTimeout(() => socket.end(last), 50);
        return undefined;
      });
      const client = await worker.open();
      await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await client.untilClosed();
      assert.equal(parseResponse(client.text), undefined, 'not a complete response');
      assert.deepEqual(worker.refused(), { 'reply-cut': 1 });
      client.close();
    }
  });
});

test('many pooled replies of several reads are not mixed up', async () => {
  const worker = await startWorker({ agent: { generation: 'keep-alive', concurrency: 8 } });
  await startKeepAlive(worker, async (request, socket) => {
    const name = request.requestLine.split(' ')[1] ?? '';
    const body = name.repeat(2000);
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
    for (let at = 0; at < body.length; at += 5000) {
      socket.write(body.slice(at, at + 5000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return undefined;
  });
  await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const client = await RawClient.open({ host: '127.0.0.1', port: worker.port() });
      await client.send(`GET /n${index} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      await client.untilClosed();
      assert.equal(parseResponse(client.text)?.body, `/n${index}`.repeat(2000));
      client.close();
    }),
  );
});
