/**
 * Asks from inside a namespace at a steady rate, a new connection for each request, and beside that again and again on
 * connections that it keeps; every answer must be its owner's, to its own request. Runs until its standard input ends, and
 * then prints one JSON document of what came of it:
 *
 *     steady-client.js OWNER PER_SECOND KEPT
 *
 * The agent behind must echo what it received.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SteadyCounts } from './steady-load.ts';

const TARGET = { host: '169.254.169.254', port: 80 } as const;
const TIMEOUT_MS = 15_000;
const KEPT_PAUSE_MS = 50;
/** Where the machine is too slow for the rate, it asks less often. */
const OPEN_MAX = 50;

const [owner = '', perSecond = '100', kept = '0'] = process.argv.slice(2);
const counts: SteadyCounts = { asked: 0, answered: 0, reopened: 0, failures: {} };
let stopping = false;
let sequence = 0;

function fail(what: string): void {
  counts.failures[what] = (counts.failures[what] ?? 0) + 1;
}

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...TARGET, noDelay: true }, () => {
      socket.off('error', reject);
      // Between two requests the other side may end a connection, but not reset it.
      socket.on('error', () => undefined);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** One request; whether the connection may be used again. @throws {Error} with what went wrong as its `code` */
function ask(socket: Socket): Promise<boolean> {
  const path = `/${owner}/${++sequence}`;
  counts.asked += 1;
  return new Promise((resolve, reject) => {
    let reply = '';
    const timer = setTimeout(() => settle(() => reject(failure('timeout'))), TIMEOUT_MS);
    const settle = (how: () => void) => {
      clearTimeout(timer);
      socket.off('data', data).off('error', failed).off('close', closed);
      how();
    };
    const data = (chunk: Buffer) => {
      reply += chunk.toString('latin1');
      const end = reply.indexOf('\r\n\r\n');
      const length = Number(/^content-length: (\d+)/im.exec(reply)?.[1] ?? Number.NaN);
      if (end === -1 || !(reply.length >= end + 4 + length)) return;
      const wrong = wrongIn(reply, reply.slice(end + 4), path);
      settle(() => (wrong === undefined ? resolve(!/^connection: close/im.test(reply)) : reject(failure(wrong))));
    };
    const failed = (error: Error) => settle(() => reject(error));
    const closed = () => settle(() => reject(failure('closed')));
    socket.on('data', data).on('error', failed).on('close', closed);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${TARGET.host}\r\n\r\n`);
  });
}

function wrongIn(reply: string, echoed: string, path: string): string | undefined {
  if (!reply.startsWith('HTTP/1.1 200 ')) return reply.slice(9, 12);
  if (!echoed.startsWith(`GET ${path} `)) return 'another request’s answer';
  return echoed.toLowerCase().includes(`x-neutron-router-id: ${owner}\r\n`) ? undefined : 'another owner’s answer';
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

function codeOf(error: unknown): string {
  return String((error as { readonly code?: unknown }).code ?? error);
}

async function askOnce(): Promise<void> {
  let socket: Socket | undefined;
  try {
    socket = await open();
    await ask(socket);
    counts.answered += 1;
  } catch (error) {
    fail(`new connection: ${codeOf(error)}`);
  } finally {
    socket?.destroy();
  }
}

async function askKept(): Promise<void> {
  let socket: Socket | undefined;
  while (!stopping) {
    try {
      if (socket === undefined || socket.destroyed || socket.readableEnded) socket = await reopen(socket);
      const again = await ask(socket);
      counts.answered += 1;
      if (!again) socket.destroy();
    } catch (error) {
      fail(`kept connection: ${codeOf(error)}`);
      socket?.destroy();
    }
    await sleep(KEPT_PAUSE_MS);
  }
  socket?.destroy();
}

function reopen(former: Socket | undefined): Promise<Socket> {
  if (former !== undefined) counts.reopened += 1;
  former?.destroy();
  return open();
}

async function askSteadily(): Promise<void> {
  const open = new Set<Promise<void>>();
  const begun = performance.now();
  for (let count = 0; !stopping; count += 1) {
    await sleep(Math.max(0, begun + (count * 1000) / Number(perSecond) - performance.now()));
    if (open.size >= OPEN_MAX) await Promise.race(open);
    const one = askOnce().finally(() => open.delete(one));
    open.add(one);
  }
  await Promise.all(open);
}

process.stdin.resume().on('end', () => {
  stopping = true;
});
await Promise.all([askSteadily(), ...Array.from({ length: Number(kept) }, askKept)]);
process.stdout.write(`${JSON.stringify(counts)}\n`);
