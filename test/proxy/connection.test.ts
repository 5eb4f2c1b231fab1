import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Answer, reply } from '../kit/agents.ts';
import { parseResponse, type RawClient } from '../kit/raw-client.ts';
import { endAfterEach, startKeepAlive, startOneShot, startWorker } from './setup.ts';
import { until } from './worker.ts';

endAfterEach();

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const LAST = 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** All responses in a text, in order. */
function responses(text: string): { status: number; body: string; connection: string | undefined }[] {
  const found = [];
  let rest = text;
  for (;;) {
    const response = parseResponse(rest);
    if (response === undefined) break;
    found.push({ status: response.status, body: response.body, connection: response.headers.get('connection') });
    if (response.rest.length === rest.length || response.rest === '') break;
    rest = response.rest;
  }
  return found;
}

/** Waits until the client has that many complete responses. */
function answered(client: RawClient, count: number): Promise<RawClient> {
  return client.until((open) => responses(open.text).length === count);
}

describe('requests on one connection', () => {
  test('are answered in order when they come in one segment, however long each takes', async () => {
    const worker = await startWorker();
    await startKeepAlive(worker, async (request) => {
      const number = Number(request.requestLine.split(/[ /]+/)[1]);
      await new Promise((resolve) => setTimeout(resolve, 20 - number));
      return reply(String(number));
    });
    const numbers = Array.from({ length: 20 }, (_, index) => index);
    const client = await worker.open();
    await client.send(
      `${numbers.map((number) => `GET /${number} HTTP/1.1\r\nHost: a\r\n\r\n`).join('')}${LAST.replace('last', '99')}`,
    );
    await client.untilClosed();
    assert.deepEqual(
      responses(client.text).map((response) => response.body),
      [...numbers, 99].map(String),
    );
    client.close();
  });

  test('may have bodies, counted and chunked, in one segment', async () => {
    const worker = await startWorker();
    const agent = await startKeepAlive(worker);
    const text = await worker.raw(
      'POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc' +
        'POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n' +
        `\r\nPOST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nf${LAST}`,
    );
    assert.equal(responses(text).length, 4);
    assert.deepEqual(
      agent.received.map((request) => request.body),
      ['abc', 'de', 'f', ''],
    );
  });

  test('are answered in order up to one that is refused; nothing after it is looked at', async () => {
    const worker = await startWorker();
    const agent = await startKeepAlive(worker);
    const text = await worker.raw(`${GET}GET /bad\x01 HTTP/1.1\r\nHost: a\r\n\r\n${LAST}`);
    assert.deepEqual(
      responses(text).map((response) => response.status),
      [200, 400],
    );
    assert.equal(agent.received.length, 1);
  });

  test('after one that says close are not looked at', async () => {
    const worker = await startWorker();
    const agent = await startKeepAlive(worker);
    const text = await worker.raw(`${LAST}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.equal(responses(text).length, 1);
    assert.equal(agent.received.length, 1);
  });

  test('a client far ahead is slowed down, and all its requests are answered', async () => {
    const worker = await startWorker();
    await startKeepAlive(worker);
    const client = await worker.open();
    client.socket.write(Buffer.from(GET.repeat(5000), 'latin1'));
    client.socket.write(Buffer.from(LAST, 'latin1'));
    await client.untilClosed(30_000);
    assert.equal(responses(client.text).length, 5001);
    client.close();
  });
});

describe('the connection', () => {
  const cases: readonly [request: string, connection: string | undefined][] = [
    ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', undefined],
    ['GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n', undefined],
    ['GET / HTTP/1.1\r\nHost: a\r\nConnection: CLOSE\r\n\r\n', 'close'],
    ['GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close, keep-alive\r\n\r\n', 'close'],
    ['GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n\r\n', 'close'],
    ['GET / HTTP/1.0\r\n\r\n', 'close'],
    ['GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', 'keep-alive'],
    ['GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n', 'keep-alive'],
    ['GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n', 'close'],
    ['GET / HTTP/1.0\r\nProxy-Connection: keep-alive\r\n\r\n', 'close'],
  ];
  for (const generation of ['keep-alive', 'one-shot'] as const) {
    for (const [request, connection] of cases) {
      const stays = connection !== 'close';
      test(`${stays ? 'stays' : 'closes'} after ${JSON.stringify(request)} with a ${generation} agent`, async () => {
        const worker = await startWorker();
        await (generation === 'keep-alive' ? startKeepAlive(worker) : startOneShot(worker));
        const client = await worker.open();
        await client.send(request);
        await answered(client, 1);
        assert.equal(responses(client.text)[0]?.connection, connection);
        if (stays) {
          await client.send(request);
          await answered(client, 2);
          client.close();
        } else {
          await client.untilClosed();
        }
        client.close();
      });
    }
  }

  test('of a client that ends its side with its request gets the response, and closes', async () => {
    const worker = await startWorker();
    await startKeepAlive(worker, async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return reply('late');
    });
    const client = await worker.open();
    client.socket.end(GET);
    await client.untilClosed();
    assert.deepEqual(
      responses(client.text).map(({ status, body }) => [status, body]),
      [[200, 'late']],
    );
  });

  test('of a client that ends its side within a request gets 400', async () => {
    for (const part of [
      'GET / HT',
      'GET / HTTP/1.1\r\nHost: a\r\n',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc',
    ]) {
      const worker = await startWorker();
      const agent = await startKeepAlive(worker);
      const client = await worker.open();
      client.socket.end(part);
      await client.untilClosed();
      assert.equal(parseResponse(client.text)?.status, 400);
      assert.deepEqual(worker.refused(), { 'request-cut': 1 });
      assert.equal(agent.received.length, 0);
    }
  });

  test('of a client that says nothing and ends is closed without a word', async () => {
    const worker = await startWorker();
    const client = await worker.open();
    client.halfClose();
    await client.untilClosed();
    assert.equal(client.text, '');
    await until(() => worker.proxy.status().connections === 0, 'no connection left');
    assert.deepEqual(worker.refused(), {});
  });
});

describe('a response without a body', () => {
  const answers: Readonly<
    Record<string, { readonly request: string; readonly answer: Answer; readonly head: RegExp }>
  > = {
    'to HEAD keeps the length the agent stated': {
      request: 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
      answer: { bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n' },
      head: /\r\nContent-Length: 1234\r\n\r\n$/,
    },
    'to HEAD states none when the agent did not': {
      request: 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
      answer: { bytes: 'HTTP/1.1 200 OK\r\nA: b\r\n\r\n' },
      head: /^HTTP\/1.1 200 OK\r\nA: b\r\n\r\n$/,
    },
    'to HEAD is not followed by a body the agent sent by mistake': {
      request: 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
      answer: { bytes: 'HTTP/1.1 404 Not Found\nContent-Length: 3\n\nabc', close: true },
      head: /^HTTP\/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\n$/,
    },
    'with 204 has no length': {
      request: GET,
      answer: { bytes: 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n' },
      head: /^HTTP\/1.1 204 No Content\r\n\r\n$/,
    },
    'with 304 keeps its length': {
      request: GET,
      answer: { bytes: 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 10\r\n\r\n' },
      head: /^HTTP\/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 10\r\n\r\n$/,
    },
    'with a length of 0 says so': {
      request: GET,
      answer: { bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' },
      head: /^HTTP\/1.1 200 OK\r\nContent-Length: 0\r\n\r\n$/,
    },
    'ended by the connection says so': {
      request: GET,
      answer: { bytes: 'HTTP/1.1 200 OK\r\n\r\n', close: true },
      head: /^HTTP\/1.1 200 OK\r\nContent-Length: 0\r\n\r\n$/,
    },
  };
  for (const [what, { request, answer, head }] of Object.entries(answers)) {
    test(what, async () => {
      const worker = await startWorker();
      await startKeepAlive(worker, (received) => (received.requestLine.includes('/last') ? reply('last') : answer));
      const client = await worker.open();
      await client.send(request);
      await client.until((open) => open.text.includes('\r\n\r\n'));
      assert.match(client.text, head);
      const before = client.text.length;
      await client.send(LAST);
      await client.untilClosed();
      assert.equal(parseResponse(client.text.slice(before))?.body, 'last');
      client.close();
    });
  }

  test('a refusal of a HEAD request has no body either', async () => {
    const worker = await startWorker({ agent: { queueTimeoutMs: 50 } });
    const text = await worker.raw('HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.match(text, /^HTTP\/1.1 503 .*\r\n\r\n$/s);
  });
});

describe('time limits', () => {
  test('a request that drips is refused with 408 however steadily it drips', async () => {
    const worker = await startWorker({ timeouts: { httpRequestMs: 400 } });
    const agent = await startKeepAlive(worker);
    for (const start of [
      'GET / HTTP/1.1\r\nHost: a\r\nA: ',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n',
    ]) {
      const client = await worker.open();
      await client.send(start);
      const drip = setInterval(() => client.socket.write('x'), 20);
      await client.untilClosed();
      clearInterval(drip);
      assert.equal(parseResponse(client.text)?.status, 408);
      client.close();
    }
    assert.equal(worker.refused()['request-timeout'], 2);
    assert.equal(agent.received.length, 0);
  });

  test('a pause within a request longer than the client may be silent is refused with 408', async () => {
    const worker = await startWorker({ timeouts: { clientMs: 200 } });
    await startKeepAlive(worker);
    assert.equal(parseResponse(await worker.raw('GET / HT'))?.status, 408);
  });

  test('an idle connection is closed without a word, before and after a request', async () => {
    const worker = await startWorker({ timeouts: { httpKeepAliveMs: 200 } });
    await startKeepAlive(worker);
    assert.equal(await worker.raw(), '');
    assert.equal(await worker.raw('\r\n'), '');
    assert.equal(responses(await worker.raw(GET)).length, 1);
    assert.deepEqual(worker.refused(), {});
  });

  test('a client that does not read its response is cut off, and its memory is given back', async () => {
    const worker = await startWorker({ timeouts: { clientMs: 300 } });
    await startKeepAlive(worker, () => reply('x'.repeat(60_000)));
    const client = await worker.open();
    client.socket.pause();
    client.socket.write(Buffer.from(GET.repeat(2000), 'latin1'));
    await until(() => worker.refused()['client-stalled'] === 1, 'cut off');
    assert.equal(worker.proxy.status().connections, 0);
    client.close();
  });
});

describe('a client that goes away', () => {
  test('by a reset while its request waits is not asked for, and one that ends its side gets its response', async () => {
    const worker = await startWorker({ agent: { concurrency: 1 } });
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const agent = await startKeepAlive(worker, async () => {
      await held;
      return reply('x');
    });
    const first = await worker.open();
    await first.send(LAST);
    await until(() => agent.received.length === 1, 'the first is with the agent');
    const reset = await worker.open();
    await reset.send('GET /reset HTTP/1.1\r\nHost: a\r\n\r\n');
    const half = await worker.open();
    await half.send('GET /half HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => worker.proxy.status().agent.queued === 2, 'two wait');
    reset.socket.resetAndDestroy();
    await until(() => worker.proxy.status().agent.queued === 1, 'one waits');
    // Long after the request: a client may end its side whenever it likes.
    await new Promise((resolve) => setTimeout(resolve, 250));
    half.halfClose();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(worker.proxy.status().agent.queued, 1);
    release();
    await Promise.all([first.untilClosed(), half.untilClosed()]);
    assert.deepEqual(responses(half.text), [{ status: 200, body: 'x', connection: 'close' }]);
    assert.deepEqual(
      agent.received.map((request) => request.requestLine),
      ['GET /last HTTP/1.1', 'GET /half HTTP/1.1'],
    );
    assert.deepEqual(worker.refused(), { 'client-left': 1 });
    first.close();
    half.close();
  });

  test('for good while its request waits is found out when it is answered, and leaves nothing behind', async () => {
    const worker = await startWorker();
    const closed = await worker.open();
    await closed.send('GET /closed HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => worker.proxy.status().agent.queued === 1, 'waits');
    closed.close();
    await startKeepAlive(worker);
    await until(() => worker.log.length === 1, 'answered');
    await until(() => worker.proxy.status().connections === 0, 'closed');
  });

  test('while the agent works does not disturb what comes after', async () => {
    const worker = await startWorker({ agent: { generation: 'keep-alive', concurrency: 1 } });
    const agent = await startKeepAlive(worker, async (request) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return reply(request.requestLine);
    });
    const gone = await worker.open();
    await gone.send('GET /gone HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => agent.received.length === 1, 'with the agent');
    gone.socket.resetAndDestroy();
    assert.equal(parseResponse(await worker.raw(LAST))?.body, 'GET /last HTTP/1.1');
    assert.equal(agent.connections, 1);
  });
});

describe('more connections than allowed', () => {
  test('are answered with 503 when all are from one client', async () => {
    const worker = await startWorker({ limits: { connections: 3 } });
    await startKeepAlive(worker);
    const clients = await Promise.all([worker.open(), worker.open(), worker.open()]);
    await until(() => worker.proxy.status().connections === 3, 'three are open');
    const response = parseResponse(await worker.raw());
    assert.equal(response?.status, 503);
    assert.equal(response.headers.get('retry-after'), '1');
    for (const client of clients) {
      await client.send(LAST);
      await client.untilClosed();
      assert.equal(parseResponse(client.text)?.status, 200);
      client.close();
    }
  });

  test('take the place of one that another port or client hogs', async () => {
    const worker = await startWorker({ limits: { connections: 10 }, ports: 2 });
    await startKeepAlive(worker);
    const hogs = await Promise.all(Array.from({ length: 10 }, () => worker.open()));
    await until(() => worker.proxy.status().connections === 10, 'ten are open');
    await hogs[0]?.send('GET / HTTP/1.1\r\n');
    for (const [port, address] of [
      [1, '127.0.0.1'],
      [0, '127.0.0.2'],
    ] as const) {
      const client = await worker.open(port, address);
      await client.send(LAST);
      await client.untilClosed();
      assert.equal(parseResponse(client.text)?.status, 200);
      client.close();
    }
    assert.ok((worker.refused(0)['evicted'] ?? 0) >= 1);
    for (const hog of hogs) hog.close();
  });
});

test('a refusal reaches a client that is still sending', async () => {
  const worker = await startWorker();
  const client = await worker.open();
  client.socket.write(
    Buffer.from(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n${'x'.repeat(150_000)}`, 'latin1'),
  );
  await client.untilClosed();
  assert.equal(parseResponse(client.text)?.status, 413);
  client.close();
});

test('stopping lets open requests end and closes idle connections', async () => {
  const worker = await startWorker();
  const agent = await startKeepAlive(worker, async () => {
    await new Promise((resolve) => setTimeout(resolve, 200));
    return reply('done');
  });
  const idle = await worker.open();
  const busy = await worker.open();
  await busy.send(GET);
  await until(() => agent.received.length === 1, 'with the agent');
  const stopped = worker.proxy.stop(5000);
  await idle.untilClosed();
  await busy.untilClosed();
  assert.deepEqual(responses(busy.text), [{ status: 200, body: 'done', connection: 'close' }]);
  busy.close();
  idle.close();
  await stopped;
});

test('removing a port stops accepting on it and lets its requests end; the other port goes on', async () => {
  const worker = await startWorker({ ports: 2 });
  const agent = await startKeepAlive(worker, async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return reply('done');
  });
  const busy = await worker.open(0);
  await busy.send(GET);
  await until(() => agent.received.length === 1, 'with the agent');
  const [first] = worker.proxy.status().ports;
  assert.equal(first?.connections, 1);
  const { parsePortId } = await import('../../src/identity/port-id.ts');
  const removed = worker.proxy.removePort(parsePortId(0));
  await assert.rejects(worker.open(0));
  await busy.untilClosed();
  assert.equal(responses(busy.text)[0]?.body, 'done');
  busy.close();
  await removed;
  assert.deepEqual(
    worker.proxy.status().ports.map((port) => port.portId),
    [1],
  );
  assert.equal(worker.proxy.status().requests, 1);
  const other = await worker.open(1);
  await other.send(LAST);
  await other.untilClosed();
  assert.equal(responses(other.text)[0]?.body, 'done');
  other.close();
});
