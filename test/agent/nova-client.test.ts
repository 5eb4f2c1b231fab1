import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { Caller } from '../../src/agent/caller.ts';
import { NovaClient } from '../../src/agent/nova-client.ts';
import { MetasteerError } from '../../src/errors.ts';
import { createLogger } from '../../src/log.ts';
import { makeAuthority, makeCertificate } from '../kit/certificates.ts';
import {
  bodyOf,
  endAfterEach,
  INSTANCE,
  OTHER_INSTANCE,
  settingsOf,
  sourceDown,
  statusOf,
  TestAgent,
  TestNova,
  WHO,
} from './setup.ts';

endAfterEach();

const folder = mkdtempSync(join(tmpdir(), 'ms-nova-'));
after(() => rmSync(folder, { recursive: true }));

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that does with each connection what a test says. */
async function tcp(serve: (socket: Socket, number: number) => void): Promise<{ readonly url: string }> {
  let count = 0;
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    serve(socket, count++);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** An address that nobody listens on. */
async function deadNova(): Promise<{ readonly url: string }> {
  const nova = await TestNova.start();
  const { url } = nova;
  await nova.stop();
  return { url };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

function post(agent: TestAgent, path = '/'): Promise<string> {
  return agent.raw(`POST ${path} HTTP/1.1\r\n${WHO}Content-Length: 4\r\nConnection: close\r\n\r\nbody`);
}

describe('addresses of nova', () => {
  test('are asked in turn', async () => {
    const novas = [await TestNova.start(), await TestNova.start(), await TestNova.start()];
    const agent = await TestAgent.start(novas);
    for (let count = 0; count < 6; count += 1) await agent.get('/');
    assert.deepEqual(
      novas.map(({ got }) => got.length),
      [2, 2, 2],
    );
  });

  test('of which one is dead cost no request, and the dead one is put aside', async () => {
    const [dead, alive] = [await deadNova(), await TestNova.start()];
    const agent = await TestAgent.start([dead, alive]);
    for (let count = 0; count < 10; count += 1) assert.equal(statusOf(await post(agent)), 200);
    assert.equal(alive.got.length, 10);
    const [status] = agent.nova.status().addresses;
    assert.equal(status?.state, 'aside');
    assert.match(status?.lastError ?? '', /ECONNREFUSED/);
    // Not asked every time: it is aside for 250 ms and longer each time.
    assert.ok((status?.connectFailures ?? 0) < 10, `${status?.connectFailures}`);
    assert.equal(agent.log.filter(({ msg }) => msg === 'nova cannot be connected to').length, 1);
  });

  test('that are all dead give 503 with Retry-After, and each was tried', async () => {
    const agent = await TestAgent.start([await deadNova(), await deadNova()]);
    const reply = await agent.get('/');
    assert.equal(statusOf(reply), 503);
    assert.match(reply, /\r\nRetry-After: 1\r\n/);
    assert.match(bodyOf(reply), /^nova-absent: /);
    assert.deepEqual(
      agent.nova.status().addresses.map(({ connectFailures }) => connectFailures),
      [1, 1],
    );
  });

  test('that were dead are asked again when nothing else is left', async () => {
    const agent = await TestAgent.start([await deadNova()]);
    for (const _ of [1, 2]) assert.equal(statusOf(await agent.get('/')), 503);
    assert.equal(agent.nova.status().addresses[0]?.connectFailures, 4);
  });

  test('that come to life are answering again', async () => {
    const nova = await TestNova.start();
    const agent = await TestAgent.start([nova]);
    await agent.get('/');
    assert.equal(agent.nova.status().addresses[0]?.state, 'answering');
  });
});

describe('a nova that', () => {
  test('does not answer in time gives 504, to POST as to GET, and is asked once', async () => {
    const nova = await TestNova.start(() => undefined);
    const agent = await TestAgent.start([nova], 'nova: { addresses: [NOVA], timeout: 100ms }');
    for (const reply of [await agent.get('/'), await post(agent)]) {
      assert.equal(statusOf(reply), 504);
      assert.match(bodyOf(reply), /^nova-timeout: /);
    }
    assert.equal(nova.got.length, 2);
  });

  test('stops within a small reply gives 504, because nothing of it has gone on', async () => {
    const nova = await TestNova.start(
      (_, response) => void response.writeHead(200, { 'content-length': 10 }).write('half'),
    );
    const agent = await TestAgent.start([nova], 'nova: { addresses: [NOVA], timeout: 100ms }');
    assert.equal(statusOf(await agent.get('/')), 504);
  });

  test('closes without a reply gives 502, and is asked twice for GET and once for POST', async () => {
    const nova = await TestNova.start((_, response) => void response.destroy());
    const agent = await TestAgent.start([nova]);
    assert.equal(statusOf(await agent.get('/get')), 502);
    assert.equal(statusOf(await post(agent, '/post')), 502);
    assert.deepEqual(
      nova.got.map(({ target }) => target),
      ['/get', '/get', '/post'],
    );
  });

  test('closes within a small reply gives 502, and is asked once', async () => {
    const nova = await TestNova.start((_, response) => {
      response.writeHead(200, { 'content-length': 10 });
      response.write('half', () => response.destroy());
    });
    const agent = await TestAgent.start([nova]);
    assert.equal(statusOf(await agent.get('/')), 502);
    assert.equal(nova.got.length, 1);
  });

  test('sends what is no reply gives 502', async () => {
    const nova = await tcp((socket) => socket.once('data', () => socket.end('hello\r\n\r\n')));
    const agent = await TestAgent.start([nova]);
    const reply = await agent.get('/');
    assert.equal(statusOf(reply), 502);
    assert.match(bodyOf(reply), /^nova-reply-malformed: /);
  });

  test('ends its reply with the connection is understood', async () => {
    const nova = await tcp((socket) =>
      socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\nContent-Type: a/b\r\n\r\nuntil the end')),
    );
    const agent = await TestAgent.start([nova]);
    const reply = await agent.get('/');
    assert.equal(bodyOf(reply), 'until the end');
    assert.match(reply, /\r\nContent-Length: 13\r\n/);
  });

  test('sends an interim reply first is understood', async () => {
    const nova = await tcp((socket) =>
      socket.once('data', () =>
        socket.end('HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
      ),
    );
    const agent = await TestAgent.start([nova]);
    assert.equal(bodyOf(await agent.get('/')), 'ok');
  });
});

describe('connections to nova', () => {
  test('are used again for what may be sent twice, and once for what may not', async () => {
    const nova = await TestNova.start();
    const agent = await TestAgent.start([nova]);
    for (const _ of [1, 2, 3]) await agent.get('/');
    assert.deepEqual(
      nova.got.map(({ connection }) => connection),
      [0, 0, 0],
    );
    for (const _ of [1, 2]) await post(agent);
    assert.deepEqual(
      nova.got.slice(3).map(({ connection }) => connection),
      [1, 2],
    );
    assert.deepEqual(
      nova.got.slice(3).map(({ headers }) => headers['connection']),
      ['close', 'close'],
    );
  });

  test('that nova closes while they are idle lose no request', async () => {
    const nova = await TestNova.start();
    const agent = await TestAgent.start([nova]);
    for (const _ of [1, 2, 3, 4]) {
      assert.equal(statusOf(await agent.get('/')), 200);
      nova.dropConnections();
    }
    assert.equal(nova.got.length, 4);
  });

  test('that nova closes just as they are used are tried once more for GET', async () => {
    // The first connection answers once, and closes at the first byte of the second request.
    const requests: number[] = [];
    const nova = await tcp((socket, number) =>
      socket.on('data', () => {
        requests.push(number);
        if (requests.length === 2) socket.destroy();
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      }),
    );
    const agent = await TestAgent.start([nova]);
    for (const _ of [1, 2]) assert.equal(bodyOf(await agent.get('/')), 'ok');
    assert.deepEqual(requests, [0, 0, 1]);
  });

  test('are no more at once than `nova.connections`; others wait, and what is more is refused', async () => {
    const answers: (() => void)[] = [];
    const nova = await TestNova.start((_, response) => void answers.push(() => response.end('ok')));
    const agent = await TestAgent.start([nova], 'nova: { addresses: [NOVA], connections: 2, queue_length: 3 }');
    const replies = Array.from({ length: 6 }, () => agent.get('/'));
    await until(() => agent.server.counters.requests === 1 && nova.got.length === 2);
    assert.deepEqual([agent.nova.status().requestsOpen, agent.nova.status().queued], [2, 3]);
    assert.equal(agent.server.counters.byReason['nova-queue-full'], 1);
    for (let count = 0; count < 5; count += 1) {
      await until(() => answers.length > 0);
      answers.shift()?.();
    }
    const statuses = (await Promise.all(replies)).map(statusOf);
    assert.deepEqual(statuses.sort(), [200, 200, 200, 200, 200, 503]);
    assert.deepEqual([agent.nova.status().requestsOpen, agent.nova.status().queued], [0, 0]);
  });

  test('are not waited for longer than `nova.timeout`', async () => {
    const nova = await TestNova.start(() => undefined);
    const client = new NovaClient(
      settingsOf('/none', [nova.url], 'nova: { addresses: [NOVA], connections: 1, timeout: 200ms }').nova,
      createLogger('error'),
    );
    const request = { method: 'GET', path: '/', headers: [], body: null };
    const outcomes = await Promise.allSettled([client.ask(request, new Caller()), client.ask(request, new Caller())]);
    const reasons = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.reason : 'replied'));
    assert.equal(reasons[0], 'nova-timeout');
    // It may get the turn of the first just before its own time is over.
    assert.match(reasons[1], /^nova-(queue-)?timeout$/);
    assert.equal(client.status().requestsOpen, 0);
    await client.destroy();
  });

  test('are not waited for by who has left', async () => {
    const nova = await TestNova.start(() => undefined);
    const agent = await TestAgent.start([nova], 'nova: { addresses: [NOVA], connections: 1 }');
    const [first, second] = [await agent.open(), await agent.open()];
    await first.send(`GET /1 HTTP/1.1\r\n${WHO}\r\n`);
    await until(() => nova.got.length === 1);
    await second.send(`GET /2 HTTP/1.1\r\n${WHO}\r\n`);
    await until(() => agent.nova.status().queued === 1);
    second.close();
    await until(() => agent.nova.status().queued === 0);
    first.close();
    await until(() => agent.nova.status().requestsOpen === 0);
    assert.equal(nova.got.length, 1);
  });
});

describe('a body of nova comes through byte for byte:', () => {
  const random = randomBytes(300_000);
  const bodies: readonly [title: string, body: Buffer, headers: Readonly<Record<string, string>>][] = [
    ['nothing', Buffer.alloc(0), {}],
    ['gzip user-data', gzipSync('#!/bin/sh\n'), { 'content-type': 'text/plain; charset=UTF-8' }],
    ['gzip with Content-Encoding', gzipSync('#!/bin/sh\n'), { 'content-encoding': 'gzip' }],
    ['what is not UTF-8', Buffer.from([0xff, 0xfe, 0x00, 0x0d, 0x0a]), { 'content-type': 'text/plain' }],
    ['64 KiB', random.subarray(0, 65_536), {}],
    ['64 KiB and a byte', random.subarray(0, 65_537), {}],
    ['300 kB', random, {}],
  ];
  for (const [title, body, headers] of bodies) {
    for (const chunked of [false, true]) {
      test(`${title}${chunked ? ', in chunks' : ''}`, async () => {
        const nova = await TestNova.start((_, response) => {
          const length = chunked ? {} : { 'content-length': body.length };
          response.writeHead(200, { ...headers, ...length });
          if (chunked) response.write(body.subarray(0, 10));
          response.end(chunked ? body.subarray(10) : body);
        });
        const agent = await TestAgent.start([nova]);
        const client = await agent.open();
        // HTTP/1.0 has no chunks, so what comes after the head is the body.
        await client.send(`GET / HTTP/1.0\r\n${WHO}\r\n`);
        await client.untilClosed();
        const head = client.text.slice(0, client.text.indexOf('\r\n\r\n') + 4);
        assert.deepEqual(client.bytes.subarray(head.length), body);
        if (!chunked || body.length <= 65_536) assert.match(head, new RegExp(`\r\nContent-Length: ${body.length}\r\n`));
        for (const [name, value] of Object.entries(headers))
          assert.ok(head.toLowerCase().includes(`\r\n${name}: ${value.toLowerCase()}\r\n`), head);
      });
    }
  }
});

describe('a large reply', () => {
  const LARGE = 64 * 1024 * 1024;

  test('is not read from nova faster than the proxy takes it, and holds its turn until the end', async () => {
    let sent = 0;
    const nova = await TestNova.start((_, response) => {
      const chunk = Buffer.alloc(65_536, 'x');
      response.writeHead(200, { 'content-length': LARGE });
      const more = () => {
        while (sent < LARGE) {
          sent += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    const agent = await TestAgent.start([nova]);
    const client = await agent.open();
    client.socket.pause();
    await client.send(`GET / HTTP/1.1\r\n${WHO}Connection: close\r\n\r\n`);
    // Until nothing moves any more: every buffer on the way is full.
    for (let before = -1; before !== sent; ) {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    assert.ok(sent > 0 && sent < LARGE / 2, `${sent} bytes were sent`);
    assert.equal(agent.nova.status().requestsOpen, 1);
    client.socket.resume();
    await client.untilClosed();
    assert.ok(client.length > LARGE);
    await until(() => agent.nova.status().requestsOpen === 0);
    assert.deepEqual(
      agent.log.map(({ status, bytes }) => [status, bytes]),
      [[200, LARGE]],
    );
  });

  test('that ends too early ends the connection', async () => {
    const nova = await TestNova.start((_, response) => {
      response.writeHead(200, { 'content-length': LARGE });
      response.write(Buffer.alloc(200_000), () => response.destroy());
    });
    const agent = await TestAgent.start([nova]);
    const text = await agent.raw(`GET / HTTP/1.1\r\n${WHO}\r\n`);
    assert.ok(text.length < LARGE);
    await until(() => agent.server.counters.requests === 1);
    assert.deepEqual(agent.server.counters.byReason, { 'reply-cut': 1 });
    assert.equal(agent.nova.status().requestsOpen, 0);
  });

  test('whose proxy leaves ends the request to nova', async () => {
    let novaSawEnd = false;
    const nova = await TestNova.start((_, response) => {
      response.once('close', () => {
        novaSawEnd = true;
      });
      response.writeHead(200, { 'content-length': LARGE });
      response.write(Buffer.alloc(1_000_000));
    });
    const agent = await TestAgent.start([nova]);
    const client = await agent.open();
    await client.send(`GET / HTTP/1.1\r\n${WHO}\r\n`);
    await client.until(({ length }) => length > 100_000);
    client.close();
    await until(() => novaSawEnd && agent.nova.status().requestsOpen === 0);
    assert.deepEqual(agent.server.counters.byReason, { 'client-left': 1 });
  });
});

describe('a 404 of nova', () => {
  const missing =
    (instances: readonly string[]) =>
    (
      got: { headers: Readonly<Record<string, string>> },
      response: { writeHead(status: number): { end(body: string): void } },
    ) => {
      const isThere = instances.includes(got.headers['x-instance-id'] ?? '');
      response.writeHead(isThere ? 200 : 404).end(isThere ? 'found' : 'missing');
    };

  test('has the client looked up anew, and asks once more for whom it is now', async () => {
    const nova = await TestNova.start(missing([OTHER_INSTANCE.instanceId]));
    const agent = await TestAgent.start([nova]);
    const answers = [INSTANCE, OTHER_INSTANCE];
    agent.resolver.answer = () => ({ kind: 'found', instance: answers.shift() ?? OTHER_INSTANCE });
    const reply = await agent.get('/');
    assert.deepEqual([statusOf(reply), bodyOf(reply)], [200, 'found']);
    assert.equal(agent.resolver.forgotten.length, 1);
    assert.deepEqual(
      nova.got.map(({ headers }) => [headers['x-instance-id'], headers['x-tenant-id']]),
      [INSTANCE, OTHER_INSTANCE].map(({ instanceId, projectId }) => [instanceId, projectId]),
    );
    assert.equal(agent.log[0]?.['instance'], OTHER_INSTANCE.instanceId);
  });

  test('that stays one is passed on as it came', async () => {
    const nova = await TestNova.start(missing([]));
    const agent = await TestAgent.start([nova]);
    const answers = [INSTANCE, OTHER_INSTANCE];
    agent.resolver.answer = () => ({ kind: 'found', instance: answers.shift() ?? OTHER_INSTANCE });
    const reply = await agent.get('/');
    assert.deepEqual([statusOf(reply), bodyOf(reply), nova.got.length], [404, 'missing', 2]);
  });

  const same: readonly [title: string, method: string, answer: TestAgent['resolver']['answer'], lookups: number][] = [
    ['to the same instance', 'GET', () => ({ kind: 'found', instance: INSTANCE }), 2],
    ['to HEAD for the same instance', 'HEAD', () => ({ kind: 'found', instance: INSTANCE }), 2],
    ['to POST, where the client is not looked up anew', 'POST', () => ({ kind: 'found', instance: INSTANCE }), 1],
  ];
  for (const [title, method, answer, lookups] of same) {
    test(`${title} is passed on, and nova asked once`, async () => {
      const nova = await TestNova.start(missing([]));
      const agent = await TestAgent.start([nova]);
      agent.resolver.answer = answer;
      assert.equal(statusOf(await agent.get('/', '', method)), 404);
      assert.deepEqual([nova.got.length, agent.resolver.asked.length], [1, lookups]);
    });
  }

  test('is passed on when the client cannot be looked up anew, or is nobody by now', async () => {
    for (const second of [sourceDown, () => ({ kind: 'none' }) as const]) {
      const nova = await TestNova.start(missing([]));
      const agent = await TestAgent.start([nova]);
      let lookups = 0;
      agent.resolver.answer = () => (lookups++ === 0 ? { kind: 'found', instance: INSTANCE } : second());
      const reply = await agent.get('/');
      assert.deepEqual([statusOf(reply), bodyOf(reply), nova.got.length], [404, 'missing', 1]);
    }
  });

  test('asked for again and again does not become a look-up each time', async () => {
    const nova = await TestNova.start(missing([]));
    const agent = await TestAgent.start([nova]);
    const client = await agent.open();
    const requests = `GET /latest/user-data HTTP/1.1\r\n${WHO}\r\n`.repeat(20);
    await client.send(requests);
    await client.until(({ text }) => text.split('HTTP/1.1 404').length === 21);
    client.close();
    assert.equal(nova.got.length, 20);
    // One in a second, however long the twenty took.
    assert.ok(agent.resolver.forgotten.length < 20, `${agent.resolver.forgotten.length}`);
  });
});

describe('over TLS', () => {
  const authority = makeAuthority(folder, 'authority');
  const stranger = makeAuthority(folder, 'stranger');
  const server = makeCertificate(folder, 'server', authority);
  const client = makeCertificate(folder, 'client', authority);
  const pem = (path: string) => readFileSync(path);

  /** Asks for and demands a certificate of the client. */
  const https = () => {
    const made = createHttpsServer({
      cert: pem(server.cert),
      key: pem(server.key),
      ca: pem(authority.cert),
      requestCert: true,
      rejectUnauthorized: false,
    });
    return made;
  };

  const rows: readonly [title: string, keys: string, status: number, peer: string | undefined][] = [
    ['a certificate of the right authority is taken', `ca_file: ${authority.cert}`, 200, undefined],
    [
      'the agent shows its own certificate',
      `ca_file: ${authority.cert}, client_cert: ${client.cert}, client_key: ${client.key}`,
      200,
      'client',
    ],
    ['a certificate of another authority is not taken', `ca_file: ${stranger.cert}`, 503, undefined],
    ['a certificate of no known authority is not taken', 'insecure: false', 503, undefined],
    ['any certificate is taken with insecure', 'insecure: true', 200, undefined],
  ];
  for (const [title, keys, status, peer] of rows) {
    test(title, async () => {
      const peers: unknown[] = [];
      const nova = await TestNova.start((_, response, request) => {
        peers.push((request.socket as TLSSocket).getPeerCertificate().subject?.CN);
        response.end('ok');
      }, https);
      const url = nova.url.replace('http:', 'https:');
      const agent = await TestAgent.start([{ url }], `nova: { addresses: [NOVA], ${keys} }`);
      assert.equal(statusOf(await agent.get('/')), status);
      assert.deepEqual(peers, status === 200 ? [peer] : []);
      if (status === 503) assert.match(agent.nova.status().addresses[0]?.lastError ?? '', /certificate|self.signed/i);
    });
  }

  test('a file that is no certificate is an error before anything is served', () => {
    const { nova } = settingsOf(
      '/none',
      ['https://127.0.0.1:1'],
      `nova: { addresses: [NOVA], ca_file: ${authority.key} }`,
    );
    assert.throws(
      () => new NovaClient(nova, createLogger('error')),
      (error: unknown) => error instanceof MetasteerError && error.code === 'tls-files',
    );
  });
});
