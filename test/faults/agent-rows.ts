import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { type Answerer, reply } from '../kit/agents.ts';
import { until } from '../proxy/worker.ts';
import { type AgentSite, ask, askUntilServed, recovered } from './agent-site.ts';
import type { FaultRow } from './row.ts';

const ok: Answerer = (request) => reply(request.requestLine);
const hang: Answerer = () => undefined;

/** The agent is not there, or not where it should be. */
const absences: readonly FaultRow<AgentSite>[] = [
  {
    fault: 'the agent is absent',
    when: 'when the first request comes',
    holds: '503 with Retry-After, and it is served once the agent is there',
    inject: async (site) => {
      const worker = await site.worker({ agent: { queueTimeoutMs: 300 } });
      const refused = await ask(worker, 'GET');
      assert.equal(refused.status, 503);
      assert.equal(refused.headers.get('retry-after'), '1');
      assert.deepEqual(worker.refused(), { 'agent-absent': 1 });
      await site.keepAlive(worker.socket, ok);
      assert.equal((await askUntilServed(worker)).status, 200);
    },
  },
  {
    fault: 'the agent is away for a while',
    when: 'while requests wait for it',
    holds: 'all of them are answered within a second of its return',
    inject: async (site) => {
      const worker = await site.worker({ agent: { queueTimeoutMs: 8000 } });
      const waiting = Array.from({ length: 20 }, (_, index) => ask(worker, 'GET', `/${index}`));
      await new Promise((resolve) => setTimeout(resolve, 2500));
      await site.keepAlive(worker.socket, ok);
      for (const { status } of await recovered(() => Promise.all(waiting))) assert.equal(status, 200);
    },
  },
  {
    fault: 'the agent is killed',
    when: 'with a POST that it has carried out and not answered',
    holds: '502, and its successor does not get it too',
    inject: async (site) => {
      const worker = await site.worker();
      const first = await site.keepAlive(worker.socket, hang);
      const asked = ask(worker, 'POST', '/openstack/2013-04-04/password');
      await until(() => first.received.length === 1, 'with the agent');
      await first.stop();
      const second = await site.keepAlive(worker.socket, ok);
      assert.equal((await asked).status, 502);
      assert.equal((await askUntilServed(worker)).status, 200);
      assert.deepEqual(
        second.received.map(({ requestLine }) => requestLine),
        ['GET / HTTP/1.1'],
      );
    },
  },
  {
    fault: 'the agent is restarted',
    when: 'with a connection at rest',
    holds: 'the next POST is carried out, once',
    inject: async (site) => {
      const worker = await site.worker({ agent: { generation: 'keep-alive' } });
      const first = await site.keepAlive(worker.socket, ok);
      await ask(worker, 'GET');
      await first.stop();
      const second = await site.keepAlive(worker.socket, ok);
      assert.equal((await ask(worker, 'POST')).status, 200);
      assert.equal(second.received.length, 1);
    },
  },
  {
    fault: 'the agent is replaced by another on a socket of its own',
    when: 'between two requests',
    holds: 'every request is served, and the old one is let go',
    inject: async (site) => {
      const worker = await site.worker({ agent: { generation: 'keep-alive' } });
      const old = await site.keepAlive(worker.socket, ok);
      await ask(worker, 'GET');
      const next = await site.keepAlive(`${worker.socket}.new`, ok);
      renameSync(next.path, worker.socket);
      const deadline = performance.now() + 10_000;
      while (next.received.length === 0 && performance.now() < deadline)
        assert.equal((await ask(worker, 'GET')).status, 200);
      assert.ok(next.received.length > 0);
      await until(() => old.open === 0, 'the old agent has no connection left');
    },
  },
  ...[
    ['a file', (path: string) => writeFileSync(path, ''), unlinkSync] as const,
    ['a directory', (path: string) => mkdirSync(path), rmdirSync] as const,
    ['a link that leads nowhere', (path: string) => symlinkSync('/nonexistent/agent', path), unlinkSync] as const,
    ['a link to itself', (path: string) => symlinkSync(path, path), unlinkSync] as const,
  ].map(([what, make, remove]) => ({
    fault: `the agent's socket is ${what}`,
    when: 'when a request comes',
    holds: '503, and it is served once there is a socket',
    inject: async (site: AgentSite) => {
      const worker = await site.worker({ agent: { queueTimeoutMs: 300 } });
      make(worker.socket);
      assert.equal((await ask(worker, 'GET')).status, 503);
      remove(worker.socket);
      await site.keepAlive(worker.socket, ok);
      assert.equal((await askUntilServed(worker)).status, 200);
    },
  })),
];

/** The agent is there and does not answer. */
const silences: readonly FaultRow<AgentSite>[] = [
  {
    fault: 'the agent hangs',
    when: 'with more requests than it may have at once',
    holds: '504 for those it has, 503 at once for those beyond the queue, 503 for those that waited too long',
    inject: async (site) => {
      const agent = { concurrency: 2, queueLength: 3, queueTimeoutMs: 400 };
      const worker = await site.worker({ agent, timeouts: { serverMs: 800 } });
      await site.keepAlive(worker.socket, hang);
      const answers = await Promise.all(Array.from({ length: 8 }, () => ask(worker, 'GET')));
      const statuses = answers.map(({ status }) => status).sort();
      assert.deepEqual(statuses, [503, 503, 503, 503, 503, 503, 504, 504]);
      assert.deepEqual(worker.refused(), { 'queue-full': 3, 'queue-timeout': 3, 'agent-timeout': 2 });
    },
  },
  {
    fault: 'the agent hangs and is replaced by another on a socket of its own',
    when: 'with all turns taken',
    holds: 'the successor serves while the old one still has its requests, and gets no POST of the old one’s',
    inject: async (site) => {
      const worker = await site.worker({ agent: { concurrency: 2, queueTimeoutMs: 10_000 } });
      const old = await site.keepAlive(worker.socket, hang);
      const lost = [ask(worker, 'POST', '/1'), ask(worker, 'POST', '/2')];
      await until(() => old.received.length === 2, 'with the agent');
      const waiting = ask(worker, 'GET', '/3');
      const next = await site.keepAlive(`${worker.socket}.new`, ok);
      renameSync(next.path, worker.socket);
      assert.equal((await waiting).status, 200);
      assert.equal(old.open, 2, 'the old agent still has them');
      await old.stop();
      for (const { status } of await Promise.all(lost)) assert.equal(status, 502);
      assert.deepEqual(
        next.received.map(({ requestLine }) => requestLine),
        ['GET /3 HTTP/1.1'],
      );
    },
  },
  {
    fault: 'the agent hangs and is replaced by another on a socket of its own',
    when: 'while it is tried out for a large request',
    holds: 'the successor is tried out, and gets the request',
    inject: async (site) => {
      const worker = await site.worker({ agent: { queueTimeoutMs: 10_000 } });
      const old = await site.keepAlive(worker.socket, hang);
      const body = 'x'.repeat(8000);
      const head = 'POST /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 8000\r\n\r\n';
      const waiting = worker.raw(head + body);
      await until(() => old.received.length === 1, 'tried out');
      const next = await site.keepAlive(`${worker.socket}.new`, ok);
      renameSync(next.path, worker.socket);
      assert.match(await waiting, /^HTTP\/1\.1 200 /);
      assert.equal(next.received.at(-1)?.body, body);
      assert.equal(next.received.filter(({ requestLine }) => requestLine.startsWith('POST')).length, 1);
    },
  },
  {
    fault: 'the agent hangs with its backlog full',
    when: 'under more requests than it may have at once',
    holds: '503 with Retry-After for those that wait, and all are served, each POST once, when it goes on',
    inject: async (site) => {
      const worker = await site.worker({ agent: { generation: 'one-shot', concurrency: 16, queueTimeoutMs: 500 } });
      const agent = await site.oneShot(worker.socket);
      await ask(worker, 'GET');
      agent.signal('SIGSTOP');
      const inside = Array.from({ length: 12 }, (_, index) => ask(worker, 'POST', `/${index}`));
      await until(() => worker.refused()['queue-timeout'] !== undefined, 'some have waited too long');
      agent.signal('SIGCONT');
      const answers = await Promise.all(inside);
      for (const { status, headers } of answers) assert.ok(status === 200 || headers.get('retry-after') === '1');
      assert.equal((await askUntilServed(worker)).status, 200);
      const carriedOut = agent.received.map(({ requestLine }) => requestLine).filter((line) => line.startsWith('POST'));
      assert.equal(new Set(carriedOut).size, carriedOut.length);
      assert.equal(carriedOut.length, answers.filter(({ status }) => status === 200).length);
    },
  },
  {
    fault: 'the agent is slow',
    when: 'under five times as many requests as it may have at once',
    holds: 'all are served, and it never has more',
    inject: async (site) => {
      const worker = await site.worker({ agent: { concurrency: 2, generation: 'keep-alive' } });
      let open = 0;
      await site.keepAlive(worker.socket, async (request) => {
        open += 1;
        assert.ok(open <= 2);
        await new Promise((resolve) => setTimeout(resolve, 50));
        open -= 1;
        return reply(request.requestLine);
      });
      const answers = await Promise.all(Array.from({ length: 10 }, () => ask(worker, 'GET')));
      for (const { status } of answers) assert.equal(status, 200);
    },
  },
  ...[
    ['head', 'HTTP/1.1 200 OK\r\nContent-Length: 900000\r\nX: '] as const,
    ['body', 'HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n'] as const,
  ].map(([part, beginning]) => ({
    fault: `the agent sends the ${part} of a reply byte by byte`,
    when: 'without ever coming to its end',
    holds: '504, and the next request has its turn',
    inject: async (site: AgentSite) => {
      const worker = await site.worker({ agent: { concurrency: 1 }, timeouts: { serverMs: 400 } });
      const agent = await site.keepAlive(worker.socket, (_request, socket) => drip(socket, beginning));
      assert.equal((await ask(worker, 'GET')).status, 504);
      agent.answer = ok;
      assert.equal((await ask(worker, 'GET')).status, 200);
      assert.deepEqual(worker.refused(), { 'agent-timeout': 1 });
    },
  })),
];

function drip(socket: Socket, beginning: string): undefined {
  socket.write(beginning);
  const timer = setInterval(() => socket.write('x'), 20);
  socket.on('close', () => clearInterval(timer));
}

/** The agent answers, and not well. */
const bad: readonly (readonly [what: string, bytes: string | Buffer, reason: string])[] = [
  ['garbage', 'SSH-2.0-OpenSSH_9.2p1\r\n\r\n', 'agent-reply-malformed'],
  ['bytes that are no text', Buffer.from([0, 255, 13, 10, 13, 10]), 'agent-reply-malformed'],
  ['half a head', 'HTTP/1.1 200 OK\r\nContent-Le', 'agent-reply-malformed'],
  ['a head alone', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 'agent-reply-malformed'],
  ['half a body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab', 'agent-reply-malformed'],
  ['half a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab', 'agent-reply-malformed'],
  ['nothing', '', 'agent-closed'],
  ['a head without an end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(2_000_000)}`, 'agent-reply-malformed'],
];

const replies: readonly FaultRow<AgentSite>[] = [
  ...bad.map(([what, bytes, reason]) => ({
    fault: `the agent answers ${what} and closes`,
    when: 'after it has carried out a POST',
    holds: '502, the POST is not carried out again, and the next request is served',
    inject: async (site: AgentSite) => {
      const worker = await site.worker();
      const agent = await site.keepAlive(worker.socket, () => ({ bytes, close: true }));
      assert.equal((await ask(worker, 'POST')).status, 502);
      assert.deepEqual(worker.refused(), { [reason]: 1 });
      assert.equal(agent.received.length, 1);
      agent.answer = ok;
      assert.equal((await ask(worker, 'GET')).status, 200);
      assert.equal(agent.received[1]?.connection, 1, 'on another connection');
    },
  })),
  {
    fault: 'the agent dies within a reply too large to be held',
    when: 'after its head was passed on',
    holds: 'the client sees that it is not whole, and it is not asked for again',
    inject: async (site) => {
      const worker = await site.worker();
      const bytes = `HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n${'x'.repeat(200_000)}`;
      const agent = await site.keepAlive(worker.socket, () => ({ bytes, close: true }));
      const text = await worker.raw('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
      assert.ok(text.length < 900_000);
      assert.deepEqual(worker.refused(), { 'reply-cut': 1 });
      assert.equal(agent.received.length, 1);
    },
  },
  {
    fault: 'the agent closes every connection as soon as it has accepted it',
    when: 'over and over',
    holds: '502, and served when it has come to its senses',
    inject: async (site) => {
      const worker = await site.worker();
      const server = createServer((socket) => socket.destroy());
      await new Promise<void>((resolve) => server.listen(worker.socket, resolve));
      for (const method of ['GET', 'POST']) assert.equal((await ask(worker, method)).status, 502);
      await new Promise((resolve) => server.close(resolve));
      await site.keepAlive(worker.socket, ok);
      assert.equal((await askUntilServed(worker)).status, 200);
    },
  },
];

/** What an agent out of its mind may do with a request it has carried out. */
const moods: readonly ((name: string, socket: Socket) => ReturnType<Answerer>)[] = [
  (name) => reply(name),
  (name) => ({ ...reply(name), close: true }),
  (_name, socket) => void socket.destroy(),
  () => ({ bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nx', close: true }),
  () => ({ bytes: '\0\0\0\0' }),
  async (name) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return reply(name);
  },
];

const anything: readonly FaultRow<AgentSite>[] = [
  {
    fault: 'the agent does any of these at random',
    when: 'under 200 requests of 20 clients',
    holds: 'no POST is carried out twice, and no client gets what is another’s',
    inject: async (site, random) => {
      const worker = await site.worker({ agent: { concurrency: 4 }, timeouts: { serverMs: 2000 } });
      const carriedOut = new Map<string, number>();
      const agent = await site.keepAlive(worker.socket, (request, socket) => {
        const name = request.requestLine.split(' ')[1] ?? '';
        carriedOut.set(name, (carriedOut.get(name) ?? 0) + 1);
        return moods[Math.floor(random() * moods.length)]?.(name, socket);
      });
      const client = async (number: number) => {
        for (let count = 0; count < 10; count += 1) {
          const name = `/${number}/${count}`;
          const { status, body } = await ask(worker, count % 2 === 0 ? 'POST' : 'GET', name);
          assert.ok(status === 200 ? body === name : status === 502 || status === 504, `${name}: ${status} ${body}`);
        }
      };
      await Promise.all(Array.from({ length: 20 }, (_, number) => client(number)));
      assert.ok(agent.received.length >= 200);
      for (const [name, times] of carriedOut) assert.ok(times === 1 || /[13579]$/.test(name), `${name}: ${times}`);
    },
  },
];

export const AGENT_ROWS: readonly FaultRow<AgentSite>[] = [...absences, ...silences, ...replies, ...anything];
