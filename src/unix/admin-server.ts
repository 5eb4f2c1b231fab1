import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { MetasteerError, messageOf } from '../errors.ts';
import { makeFolder } from './folder.ts';
import { SocketListener } from './socket-file.ts';

/** Root and the socket's group; what is told here names tenants' routers. */
const SOCKET_MODE = 0o660;

const BODY_MAX = 4096;

/** Operators are few. One who opens more, or does not come to the end of a request, must not cost the process its descriptors. */
const CONNECTIONS_MAX = 64;
const REQUEST_MS = 5000;
const LOOK_MS = 1000;

/** The connection on which something was asked. */
export interface AdminCaller {
  readonly socket: Socket;
  readonly signal: AbortSignal;
}

/** One thing operators may ask. */
export interface AdminRoute {
  readonly method: 'GET' | 'PUT' | 'POST';
  /** As it is told to who asks for something else. */
  readonly shown: string;
  readonly path: RegExp;
  /** Most characters of a body, where it is more than operators write. */
  readonly bodyMax?: number;
  /**
   * @param part what the path's first group matched
   * @param body reads the JSON that came along
   * @param caller who asks: `signal` is aborted when they have gone
   * @returns what is answered, as JSON; of an async iterable each item as a line
   */
  readonly act: (part: string, body: () => Promise<unknown>, caller: AdminCaller) => unknown;
}

/** Answers operators on a UNIX socket, in HTTP. Owns the socket's file. */
export class AdminServer {
  readonly #server: Server;
  readonly #listener: SocketListener;

  private constructor(server: Server, listener: SocketListener) {
    this.#server = server;
    this.#listener = listener;
  }

  /**
   * @param failed called with what went wrong by our own fault, while somebody was answered
   * @throws {MetasteerError} `admin-socket-failed`, also when another process answers there.
   */
  static async listen(
    path: string,
    routes: readonly AdminRoute[],
    failed: (error: unknown) => void,
  ): Promise<AdminServer> {
    const times = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, connectionsCheckingInterval: LOOK_MS };
    const server = createServer(times, (request, response) => {
      void answer(request, response, routes, failed);
    });
    server.maxConnections = CONNECTIONS_MAX;
    try {
      makeFolder(dirname(path));
      return new AdminServer(server, await SocketListener.listen(server, { path, mode: SOCKET_MODE }));
    } catch (error) {
      throw new MetasteerError(
        'admin-socket-failed',
        `the admin socket ${path} cannot be opened: ${messageOf(error)}`,
        { cause: error },
      );
    }
  }

  /** Leaves the name to another process, and answers what was asked before. */
  release(): void {
    this.#listener.close();
    this.#server.closeIdleConnections();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    const closed = new Promise((resolve) => this.#server.once('close', resolve));
    this.#listener.close();
    await closed;
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routes: readonly AdminRoute[],
  failed: (error: unknown) => void,
): Promise<void> {
  const { method, url = '' } = request;
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    for (const route of routes) {
      const match = route.method === method ? route.path.exec(url) : null;
      if (match === null) continue;
      const caller = { signal: gone.signal, socket: request.socket };
      const answered = await route.act(match[1] ?? '', () => body(request, route.bodyMax ?? BODY_MAX), caller);
      return isStream(answered) ? await stream(response, answered) : send(response, 200, answered);
    }
    send(response, 404, { error: `there are ${routes.map(({ shown }) => shown).join(', ')}` });
  } catch (error) {
    // Who goes away in the middle of a request is no defect.
    if (statusOf(error) === 500 && request.errored === null) failed(error);
    if (response.headersSent) response.destroy();
    else send(response, statusOf(error), refusal(error));
  }
}

/** What they asked is wrong, or cannot be done now, or we failed. */
function statusOf(error: unknown): number {
  if (!(error instanceof MetasteerError)) return 500;
  return error.code.startsWith('config-') ? 400 : 409;
}

function refusal(error: unknown): { readonly error: string; readonly code?: string } {
  return { error: messageOf(error), ...(error instanceof MetasteerError && { code: error.code }) };
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** What goes wrong before the first line is still told with a status. */
async function stream(response: ServerResponse, lines: AsyncIterable<unknown>): Promise<void> {
  for await (const line of lines) {
    if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
    response.write(`${JSON.stringify(line)}\n`);
  }
  response.end();
}

/** @throws {MetasteerError} `config-syntax` when it is no JSON, or longer than anything we are told */
async function body(request: IncomingMessage, max: number): Promise<unknown> {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > max) throw new MetasteerError('config-syntax', `a body of more than ${max} bytes`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MetasteerError('config-syntax', `the body is no JSON: ${messageOf(error)}`, { cause: error });
  }
}

function send(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}
