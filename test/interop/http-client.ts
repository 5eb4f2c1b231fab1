import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Ask {
  readonly port: number;
  /** Loopback address to ask from. */
  readonly from?: string;
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /**
   * How the body is sent: in chunks with the head, with its length some time after the head, or after `100 Continue`.
   * Without it, with its length and the head.
   */
  readonly how?: 'chunked' | 'late' | 'expect';
  /** Connections to be used again; without it each request has one of its own. */
  readonly agent?: Agent;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** The body follows its head after this time, as from clients that write both apart. */
const LATE_MS = 30;

/** Asks with Node's own HTTP client. @throws {Error} when no reply comes */
export async function ask(options: Ask): Promise<Reply> {
  const { port, from, method = 'GET', path, headers, body, how, agent } = options;
  const length = body === undefined || how === 'chunked' ? {} : { 'Content-Length': Buffer.byteLength(body) };
  const expect = how === 'expect' ? { Expect: '100-continue' } : {};
  const asking = request({
    host: '127.0.0.1',
    port,
    method,
    path,
    headers: { ...headers, ...length, ...expect },
    agent: agent ?? false,
    ...(from === undefined ? {} : { localAddress: from }),
  });
  const replied = once(asking, 'response') as Promise<[IncomingMessage]>;
  if (how === 'expect') {
    asking.flushHeaders();
    await Promise.race([once(asking, 'continue'), replied]);
  } else if (how === 'late') {
    asking.flushHeaders();
    await sleep(LATE_MS);
  }
  if (how === 'chunked') asking.write(body);
  asking.end(how === 'chunked' ? undefined : body);
  const [reply] = await replied;
  return { status: reply.statusCode ?? 0, headers: reply.headers, body: (await buffer(reply)).toString() };
}

/** An agent with one connection that is used again. */
export function oneConnection(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1 });
}
