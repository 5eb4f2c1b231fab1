import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Heard, WorkerChannel } from '../../src/control/worker-channel.ts';
import { parsePortId } from '../../src/identity/port-id.ts';
import { MS_PORTS_MAX } from '../../src/kernel/layout.gen.ts';
import { Census } from '../../src/proxy/census.ts';
import { MESSAGE_BYTES_MAX } from '../../src/proxy/message-stream.ts';
import { STATUS_PORTS_MAX, type ToWorker, TRACE_EVENTS_MAX } from '../../src/proxy/messages.ts';
import { ENDINGS } from '../../src/proxy/refuse.ts';

const PORT = 7;
const PING = 4_000_000_000;

const counts = new Census().counts();
const rest = {
  connections: 0,
  requests: 0,
  agent: { state: 'unknown', generation: 'unknown', exchangesOpen: 0, queued: 0 },
  counts,
};
const status = { type: 'status', request: 0, status: rest };
const portStatus = { portId: PORT, connections: 1, requests: 2, refused: { 'rate-limited': 1 } };
const ports = { type: 'status-ports', request: 0, ports: [portStatus] };
const event = {
  ...{ atUs: 5, portId: PORT, client: '10.0.0.5', clientPort: 40_000, stage: 'head' },
  ...{ method: 'GET', path: '/', status: 200, reason: 'rate-limited', queued: 0, bytes: 9 },
};
const traced = { type: 'traced', event };
const started = { type: 'started' };
const pong = { type: 'pong', ping: PING, connections: 3 };
const listening = { type: 'port-listening', portId: PORT };
const failed = { type: 'port-failed', portId: PORT, message: 'connect ENOENT /run/agent' };
const drained = { type: 'port-drained', portId: PORT, cut: 0 };
const stopped = { type: 'stopped' };

const port = { portId: PORT, ownerKind: 'router', ownerId: 'o', namespace: 'n', interface: 'i' } as const;
const start = { type: 'start', settings: {}, logLevel: 'info' } as unknown as ToWorker;
const add: ToWorker = { type: 'add-port', port };
const drain: ToWorker = { type: 'drain-port', portId: PORT, deadlineMs: 5 };
const ping: ToWorker = { type: 'ping', ping: PING };
const askStatus: ToWorker = { type: 'status', request: 0 };
const trace: ToWorker = { type: 'trace', filter: { client: '10.0.0.5' } };
const stop: ToWorker = { type: 'stop', deadlineMs: 5, othersServe: false };

/** What is asked, what the worker says then, and whether all of it is heard. */
const ROWS: readonly [string, readonly ToWorker[], readonly unknown[], boolean][] = [
  ['that it has started', [start], [started], true],
  ['that it has started, unasked', [], [started], false],
  ['that it has started, twice', [start], [started, started], false],
  ['that it accepts on a port', [add], [listening], true],
  ['that it accepts on a port that it was not given', [add], [{ ...listening, portId: 8 }], false],
  ['that it accepts on a port, twice', [add], [listening, listening], false],
  ['that it could not take a port', [add], [failed], true],
  ['that it could not take a port that it has', [add], [listening, failed], false],
  ['that it could not take a port, in control characters', [add], [{ ...failed, message: 'a\u001b[2Jb' }], false],
  ['that it could not take a port, at length', [add], [{ ...failed, message: 'x'.repeat(1025) }], false],
  ['that a port is drained', [add, drain], [listening, drained], true],
  ['that a port is drained, unasked', [add], [listening, drained], false],
  ['that a port is drained, twice', [add, drain], [drained, drained], false],
  ['that a port was given again after it was drained', [add, drain, add], [drained, listening], true],
  ['a sign of life', [ping], [pong], true],
  ['a sign of life, unasked', [], [pong], false],
  ['a sign of life, twice', [ping], [pong, pong], false],
  ['a sign of life that it guessed', [ping], [{ ...pong, ping: 1 }], false],
  ['signs of life in another order', [ping, { ...ping, ping: 1 }], [{ ...pong, ping: 1 }], false],
  ['a status', [askStatus], [status], true],
  ['a status, unasked', [], [status], false],
  ['a status, twice', [askStatus], [status, status], false],
  ['a status of another question', [askStatus], [{ ...status, request: 1 }], false],
  ['a status with its ports', [add, askStatus], [listening, ports, status], true],
  ['ports, unasked', [add], [listening, ports], false],
  ['ports after the status', [add, askStatus], [status, ports], false],
  ['a port that it has not', [askStatus], [ports], false],
  ['a port that was taken away', [add, { type: 'remove-port', portId: PORT }, askStatus], [listening, ports], false],
  ['a port that is being taken away', [add, askStatus, { type: 'remove-port', portId: PORT }], [ports, status], true],
  ['a port that is drained', [add, drain, askStatus], [listening, ports, status, drained], true],
  ['a port twice', [add, askStatus], [{ ...ports, ports: [portStatus, portStatus] }], false],
  ['a port twice, in two parts', [add, askStatus], [ports, ports], false],
  ['no port as a part', [askStatus], [{ ...ports, ports: [] }], false],
  [
    'a part of more ports than one may have',
    [add, askStatus],
    [{ ...ports, ports: Array.from({ length: STATUS_PORTS_MAX + 1 }, (_, portId) => ({ ...portStatus, portId })) }],
    false,
  ],
  [
    'a reason that there is not',
    [add, askStatus],
    [{ ...ports, ports: [{ ...portStatus, refused: { root: 1 } }] }],
    false,
  ],
  [
    'every reason that there is',
    [add, askStatus],
    [
      {
        ...ports,
        ports: [{ ...portStatus, refused: Object.fromEntries(Object.keys(ENDINGS).map((key) => [key, 1])) }],
      },
      status,
    ],
    true,
  ],
  ['a class of responses that there is not', [askStatus], [withCounts({ responses: { '7xx': 1 } })], false],
  ['a number that no double holds', [askStatus], [withCounts({ bytes: 2 ** 53 })], false],
  ['a number below zero', [askStatus], [withCounts({ bytes: -1 })], false],
  [
    'a histogram of more buckets',
    [askStatus],
    [withCounts({ total: { counts: new Array(99).fill(0), sum: 0 } })],
    false,
  ],
  ['a status with one field more', [askStatus], [{ ...status, status: { ...rest, root: 1 } }], false],
  ['a state of the agent that there is not', [askStatus], [withAgent({ state: 'root' })], false],
  ['an error of the agent in control characters', [askStatus], [withAgent({ lastError: '\u009b2J' })], false],
  [
    'numbers that count up',
    [askStatus, { ...askStatus, request: 1 }],
    [withCounts({ accepted: 1 }), { ...withCounts({ accepted: 2 }), request: 1 }],
    true,
  ],
  [
    'a number that counts back',
    [askStatus, { ...askStatus, request: 1 }],
    [withCounts({ accepted: 2 }), { ...withCounts({ accepted: 1 }), request: 1 }],
    false,
  ],
  [
    'a reason that is not counted any more',
    [askStatus, { ...askStatus, request: 1 }],
    [withCounts({ refused: { 'rate-limited': 2 } }), { ...status, request: 1 }],
    false,
  ],
  ['of a client that is traced', [trace], [traced], true],
  ['of a client while no trace runs', [], [traced], false],
  ['as much as a trace has', [trace], new Array(TRACE_EVENTS_MAX).fill(traced), true],
  ['more than a trace has', [trace], new Array(TRACE_EVENTS_MAX + 1).fill(traced), false],
  ['of a client before it can know that the trace is over', [trace, { type: 'trace' }, ping], [traced, pong], true],
  ['of a client after it knew that the trace is over', [trace, { type: 'trace' }, ping], [pong, traced], false],
  ['of a client with a sign of life that was asked for before', [trace, ping, { type: 'trace' }], [pong, traced], true],
  ['of a client that is no address', [trace], [{ type: 'traced', event: { ...event, client: 'root' } }], false],
  ['of a path in control characters', [trace], [{ type: 'traced', event: { ...event, path: '/\n' } }], false],
  ['of a path without end', [trace], [{ type: 'traced', event: { ...event, path: '/'.repeat(300) } }], false],
  ['of a method that is no token', [trace], [{ type: 'traced', event: { ...event, method: 'GET /' } }], false],
  ['of a stage that there is not', [trace], [{ type: 'traced', event: { ...event, stage: 'root' } }], false],
  ['that it has stopped', [stop], [stopped], true],
  ['that it has stopped, unasked', [], [stopped], false],
  ['what is no message', [], ['started'], false],
  ['a message of a type that there is not', [], [{ type: 'root-please' }], false],
  ['a message with one field more', [start], [{ ...started, uid: 0 }], false],
  ['a port beyond those that there can be', [add], [{ ...listening, portId: MS_PORTS_MAX }], false],
  ['a port that is no integer', [add], [{ ...listening, portId: 7.5 }], false],
];

function withCounts(changes: Readonly<Record<string, unknown>>) {
  return { ...status, status: { ...rest, counts: { ...counts, ...changes } } };
}

function withAgent(changes: Readonly<Record<string, unknown>>) {
  return { ...status, status: { ...rest, agent: { ...rest.agent, ...changes } } };
}

describe('a worker that says', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ms-channel-'));
  const path = join(folder, 's');
  const server = createServer();

  before(() => once(server.listen(path), 'listening'));
  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  /** A supervisor's end and what came of it, and the worker's end. */
  async function pair() {
    const worker = connect(path);
    worker.on('error', () => undefined);
    const [socket] = (await once(server, 'connection')) as [Socket];
    const heard: Heard[] = [];
    let why: string | undefined;
    const channel = new WorkerChannel(
      socket,
      (message) => heard.push(message),
      (reason) => {
        assert.equal(why, undefined, 'it breaks once');
        why = reason;
      },
    );
    const closed = once(socket, 'close');
    return { worker, channel, heard, closed, why: () => why };
  }

  /** Asks, lets the worker say it, and gives what was heard. */
  async function said(asked: readonly ToWorker[], bytes: string) {
    const { worker, channel, heard, closed, why } = await pair();
    for (const message of asked) channel.send(message);
    worker.end(bytes);
    await closed;
    channel.close();
    return { heard, why: why() };
  }

  for (const [what, asked, says, isHeard] of ROWS) {
    it(`${what} ${isHeard ? 'is heard' : 'is not listened to any more'}`, async () => {
      const lines = says.map((message) => `${JSON.stringify(message)}\n`).join('');
      const { heard, why } = await said(asked, lines);
      const whole = says.filter((message) => Reflect.get(Object(message), 'type') !== 'status-ports');
      if (isHeard) assert.deepEqual([heard.length, why], [whole.length, undefined]);
      else assert.match(why ?? '', /^it sent /);
      if (!isHeard) assert.ok(heard.length < says.length);
    });
  }

  for (const [what, bytes] of [
    ['a line without end', 'x'.repeat(MESSAGE_BYTES_MAX + 1)],
    ['a message of many blanks', `${' '.repeat(MESSAGE_BYTES_MAX)}{"type":"started"}\n`],
    ['nothing', '\n'],
    ['what is no JSON', '{"type":\n'],
  ] as const) {
    it(`${what} is not listened to any more`, async () => {
      const { heard, why } = await said([start], bytes);
      assert.deepEqual([heard, why], [[], 'it sent what is no message']);
    });
  }

  it('a message nested without end is not listened to any more', async () => {
    const { heard, why } = await said([start], `${'['.repeat(60_000)}${']'.repeat(60_000)}\n`);
    assert.equal(heard.length, 0);
    assert.match(why ?? '', /^it sent /);
  });

  it('one wrong thing is not heard after it, whatever it says', async () => {
    const { heard, why } = await said([start, add], `{"type":"pong"}\n${JSON.stringify(started)}\n`);
    assert.deepEqual([heard, why], [[], 'it sent an invalid message']);
  });

  it('what it was asked for, faster than there can be cause for, is not listened to any more', async () => {
    const { worker, channel, closed, heard, why } = await pair();
    const pings = Array.from({ length: 5 * MS_PORTS_MAX }, (_, number): ToWorker => ({ type: 'ping', ping: number }));
    for (const each of pings) channel.send(each);
    worker.resume();
    worker.end(pings.map((_, number) => `${JSON.stringify({ ...pong, ping: number })}\n`).join(''));
    await closed;
    assert.equal(why(), 'it sent more messages than a worker has to send');
    assert.ok(heard.length >= 4 * MS_PORTS_MAX, 'a thousand ports at once are no cause');
  });

  it('nothing, and does not read what it is asked, is given up when much waits for it', async () => {
    const { worker, channel, closed, why } = await pair();
    worker.pause();
    const long = { ...port, namespace: 'n'.repeat(60_000) };
    for (let times = 0; times < 1000 && why() === undefined; times += 1) channel.send({ type: 'add-port', port: long });
    assert.equal(why(), 'it does not read its messages');
    worker.destroy();
    await closed;
  });

  it('all ports that there can be, has them all in its status', async () => {
    const all = Array.from({ length: MS_PORTS_MAX }, (_, number) => parsePortId(number));
    const asked: ToWorker[] = all.map((portId) => ({ type: 'add-port', port: { ...port, portId } }));
    const parts: unknown[] = [];
    for (let from = 0; from < all.length; from += STATUS_PORTS_MAX) {
      const some = all.slice(from, from + STATUS_PORTS_MAX).map((portId) => ({ ...portStatus, portId }));
      parts.push({ ...ports, ports: some });
    }
    const lines = [...all.map((portId) => ({ ...listening, portId })), ...parts, status];
    const { worker, channel, closed, heard, why } = await pair();
    for (const message of [...asked, askStatus]) channel.send(message);
    worker.resume();
    worker.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await closed;
    assert.equal(why(), undefined);
    const last = heard.at(-1);
    assert.equal(last?.type === 'status' ? last.status.ports.length : 0, MS_PORTS_MAX);
  });
});
