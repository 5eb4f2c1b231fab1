/**
 * A client that runs inside an instance and is told on standard input what to do, one JSON object a line; it answers
 * each with one line. Its connection stays open between the requests.
 *
 *   {"connect": {"host": "169.254.169.254", "port": 80, "localPort": 20555}}   -> {"connected": true} or {"error": "ECONNREFUSED"}
 *   {"get": "/latest/meta-data/instance-id"}                                   -> {"reply": "HTTP/1.1 200 OK\r\n..."}
 */
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

const SILENCE_MS = 5000;

interface Order {
  readonly connect?: {
    readonly host: string;
    readonly port: number;
    readonly localPort?: number;
    readonly localAddress?: string;
  };
  readonly get?: string;
}

let socket: Socket | undefined;

function answer(value: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function open(target: NonNullable<Order['connect']>): Promise<void> {
  return new Promise((resolve) => {
    const opened = connect({ ...target, timeout: SILENCE_MS });
    const done = (value: Readonly<Record<string, unknown>>) => {
      answer(value);
      resolve();
    };
    opened.once('connect', () => done({ connected: true }));
    opened.once('timeout', () => opened.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })));
    opened.once('error', (error: NodeJS.ErrnoException) => done({ error: error.code ?? error.message }));
    socket = opened;
  });
}

/** A reply is complete when as much of its body has come as its Content-Length says. */
function isComplete(reply: string): boolean {
  const head = reply.indexOf('\r\n\r\n');
  if (head === -1) return false;
  const length = /^content-length: *(\d+)/im.exec(reply.slice(0, head))?.[1] ?? '0';
  return reply.length - head - 4 >= Number(length);
}

function get(path: string): Promise<void> {
  return new Promise((resolve) => {
    let reply = '';
    const end = () => {
      clearTimeout(silence);
      socket?.off('data', take).off('close', end);
      answer({ reply });
      resolve();
    };
    const take = (bytes: Buffer) => {
      reply += bytes.toString('latin1');
      if (isComplete(reply)) end();
    };
    const silence = setTimeout(end, SILENCE_MS);
    socket?.on('data', take).once('close', end);
    socket?.write(`GET ${path} HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n`);
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order;
  if (order.connect !== undefined) await open(order.connect);
  if (order.get !== undefined) await get(order.get);
}
socket?.destroy();
