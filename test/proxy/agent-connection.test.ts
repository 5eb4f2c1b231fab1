import assert from 'node:assert/strict';
import { readSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { clientAddressOf } from '../../src/identity/client-address.ts';
import { parseOwnerId } from '../../src/identity/owner-id.ts';
import { parsePortId } from '../../src/identity/port-id.ts';
import { AgentConnection, type ConnectionOwner } from '../../src/proxy/agent-connection.ts';
import { Census } from '../../src/proxy/census.ts';
import { Clock } from '../../src/proxy/clock.ts';
import { Exchange, type Receiver } from '../../src/proxy/exchange.ts';
import { fdOf } from '../../src/proxy/handle.ts';
import { PortState } from '../../src/proxy/port.ts';
import { socketDial } from '../../src/proxy/socket-link.ts';
import { socketDirectory } from '../kit/agents.ts';
import { parseResponse } from '../kit/raw-client.ts';
import { endAfterEach, startWorker } from './setup.ts';
import { OWNER } from './worker.ts';

endAfterEach();

const RECEIVER: Receiver = {
  replied: () => undefined,
  replyBegins: () => true,
  replyContinues: () => true,
  replyEnds: () => undefined,
  failed: () => undefined,
};

function exchangeOf(text: string): Exchange {
  const id = parseOwnerId(OWNER);
  const client = clientAddressOf('10.0.0.5', undefined);
  if (id === undefined || client === undefined) throw new Error('bad identity');
  const port = { id: parsePortId(0), owner: { kind: 'router' as const, id }, namespace: '', interface: '' };
  const bytes = Buffer.from(text, 'latin1');
  const request = { bytes, headBytes: bytes.length, method: text.split(' ', 1)[0] ?? '' };
  return new Exchange(new PortState(port, new Census()), client, request, Number.POSITIVE_INFINITY, RECEIVER);
}

/** Tells how a connection is lost whose request is sent as soon as it is there. */
function lossOn(path: string, connected: () => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const odd = (what: string) => () => reject(new Error(what));
    const owner: ConnectionOwner = {
      resume: odd('resume'),
      cancel: odd('cancel'),
      connected: (connection) => {
        connected();
        connection.start(exchangeOf('POST / HTTP/1.1\r\nHost: a\r\n\r\n'));
      },
      connectFailed: odd('connectFailed'),
      ended: odd('ended'),
      failed: odd('failed'),
      lost: (_connection, _exchange, how) => resolve(how),
      closedIdle: odd('closedIdle'),
      lingered: odd('lingered'),
      stalled: odd('stalled'),
    };
    new AgentConnection(socketDial(path), new Clock(), { connectMs: 5000, serverMs: 5000 }, owner);
  });
}

/** An agent that reads that many bytes of what comes, leaves the rest to the kernel, and closes. */
function listen(path: string, bytes: number, onRead: (text: string) => void): Promise<Server> {
  const server = createServer({ pauseOnConnect: true }, (socket) => readPart(socket, bytes, onRead));
  return new Promise((resolve) => server.listen(path, () => resolve(server)));
}

function readPart(socket: Socket, bytes: number, onRead: (text: string) => void): void {
  const buffer = Buffer.alloc(bytes);
  try {
    onRead(buffer.toString('latin1', 0, bytes === 0 ? 0 : readSync(fdOf(socket), buffer, 0, bytes, null)));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    setImmediate(readPart, socket, bytes, onRead);
    return;
  }
  socket.destroy();
}

describe('a connection that the agent closes without a reply is lost', () => {
  const rows: readonly [how: string, when: string, bytes: number, closeFirst: boolean][] = [
    ['unsent', 'before the request was written', 0, true],
    ['perhaps-read', 'with a part of the request unread', 5, false],
    ['perhaps-read', 'with all of the request read', 1000, false],
  ];
  for (const [how, when, bytes, closeFirst] of rows) {
    test(`as ${how} ${when}`, async () => {
      const directory = socketDirectory();
      const server = await listen(`${directory.path}/agent`, bytes, () => undefined);
      // Closing the listener closes what nobody has accepted yet.
      assert.equal(await lossOn(`${directory.path}/agent`, () => closeFirst && server.close()), how);
      server.close();
      directory.remove();
    });
  }
});

test('a POST of which the agent reads a part before it closes is carried out once, a GET may be again', async () => {
  for (const [method, times] of [
    ['POST', 1],
    ['GET', 4],
  ] as const) {
    const worker = await startWorker();
    const read: string[] = [];
    const server = await listen(worker.socket, 4, (text) => read.push(text));
    const response = await worker.raw(
      `${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc`,
    );
    assert.equal(parseResponse(response)?.status, 502);
    assert.deepEqual(worker.refused(), { 'agent-closed': 1 });
    assert.deepEqual(
      read,
      Array.from({ length: times }, () => method.padEnd(4)),
    );
    server.close();
  }
});
