// The load generator against servers whose manners are known, on the loopback address.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { LoadGenerator, type LoadPlan, type LoadResult } from '../../bench/load.ts';
import { deserted, LOOPBACK, type Manners, withServer } from './scripted-server.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';

const reply =
  (...pieces: readonly string[]): Manners['asked'] =>
  async (socket) => {
    for (const piece of pieces) {
      socket.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };

describe('the load generator', () => {
  let folder: string;
  let load: LoadGenerator;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'metasteer-load-'));
    load = await LoadGenerator.compile(folder);
  });
  after(() => rmSync(folder, { recursive: true }));

  function against(manners: Manners, plan: Partial<LoadPlan> = {}): Promise<LoadResult & { sockets: number }> {
    const how = { rate: 100, seconds: 0.2, timeout: 0.5, ...plan };
    return withServer(manners, (port) => load.ask({ to: LOOPBACK, port, from: LOOPBACK }, how));
  }

  /** Those of the failures that happened. */
  function failures(result: LoadResult): Readonly<Record<string, number>> {
    return Object.fromEntries(Object.entries(result.failures).filter(([, count]) => count > 0));
  }

  const good: Readonly<Record<string, string[]>> = {
    'in one piece': [OK],
    'byte by byte in its head': [...OK.slice(0, 40), OK.slice(40)],
    'with the body apart': [OK.slice(0, -5), 'hel', 'lo'],
    'longer than a head may be': [`HTTP/1.1 200 OK\r\ncontent-length: 20000\r\n\r\n${'x'.repeat(20_000)}`],
    'without a body': ['HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  };
  for (const [how, pieces] of Object.entries(good)) {
    test(`takes an answer ${how}`, async () => {
      const result = await against({ asked: reply(...pieces) });
      assert.deepEqual([result.started, result.ok, result.statuses, failures(result)], [20, 20, { 200: 20 }, {}]);
      assert.equal(result.latency.total, 20);
    });
  }

  test('takes an answer that ends with its connection', async () => {
    const result = await against({ asked: (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nhello') });
    assert.deepEqual([result.ok, failures(result)], [20, {}]);
  });

  test('counts other statuses as answered, and not as good', async () => {
    const result = await against({
      asked: (socket, nth) => socket.write(nth % 2 ? OK : 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'),
    });
    assert.deepEqual([result.ok, result.statuses, failures(result)], [10, { 200: 10, 503: 10 }, {}]);
  });

  const bad: Readonly<Record<string, readonly [Manners, string]>> = {
    'a connection closed without an answer': [{ asked: (socket) => socket.end() }, 'closed'],
    'a connection closed within an answer': [{ asked: (socket) => socket.end(OK.slice(0, -2)) }, 'closed'],
    'a reset': [{ asked: (socket) => socket.resetAndDestroy() }, 'reset'],
    'what is no HTTP': [{ asked: (socket) => socket.write('hello\r\n\r\n') }, 'garbled'],
    'more than was asked for': [{ asked: (socket) => socket.write(`${OK}hello`) }, 'garbled'],
    'a silent server': [{ asked: () => {} }, 'timeout'],
  };
  for (const [what, [manners, failure]] of Object.entries(bad)) {
    test(`tells ${what}`, async () => {
      const result = await against(manners);
      assert.deepEqual([result.started, result.ok, failures(result)], [20, 0, { [failure]: 20 }]);
      assert.equal(result.latency.total, 0);
    });
  }

  test('tells a refused connection', async () => {
    const port = await deserted();
    const result = await load.ask({ to: LOOPBACK, port, from: LOOPBACK }, { rate: 50, seconds: 0.2 });
    assert.deepEqual([result.started, failures(result)], [10, { refused: 10 }]);
  });

  test('opens a connection for each request, or keeps one', async () => {
    assert.equal((await against({ asked: reply(OK) })).sockets, 20);
    const kept = await against({ asked: reply(OK) }, { keepAlive: true, clients: 1 });
    assert.deepEqual([kept.sockets, kept.ok], [1, 20]);
  });

  test('asks no faster than it is answered when it has clients and no rate', async () => {
    let waiting = 0;
    let most = 0;
    const result = await load.ask(
      { to: LOOPBACK, port: await quietServer(), from: LOOPBACK },
      { clients: 3, seconds: 0.3 },
    );
    assert.ok(result.started >= 3 && result.ok === result.started, `${result.started} asked, ${result.ok} answered`);
    assert.equal(most, 3);

    function quietServer(): Promise<number> {
      const server = createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', () => {
          waiting += 1;
          most = Math.max(most, waiting);
          setTimeout(() => {
            waiting -= 1;
            socket.write(OK);
          }, 5);
        });
      });
      after(() => server.close());
      return new Promise((resolve) =>
        server.listen(0, LOOPBACK, () => resolve((server.address() as AddressInfo).port)),
      );
    }
  });

  test('charges a stall to all that were to begin meanwhile', async () => {
    const result = await against(
      {
        asked: (socket, nth) => {
          // Blocks the server, which is this process, as a stalled one is blocked.
          if (nth === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
          socket.write(OK);
        },
      },
      { rate: 100, seconds: 0.3, timeout: 5 },
    );
    assert.equal(result.ok, 30);
    // Each began 10 ms after the one before, so half of them waited at least half of the stall, however busy the machine.
    assert.ok(result.latency.percentile(50) >= 140_000, `half waited ${result.latency.percentile(50)} µs`);
  });
});
