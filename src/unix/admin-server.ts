import { mkdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { MetasteerError, messageOf } from '../errors.ts';
import { SocketListener } from './socket-file.ts';

/** Root and the socket's group; what is told here names tenants' routers. */
const SOCKET_MODE = 0o660;

const BODY_MAX = 4096;

/** Operators are few. One who opens more, or does not come to the end of a request, must not cost the process its descriptors. */
const CONNECTIONS_MAX = 64;
const REQUEST_MS = 5000;
const LOOK_MS = 1000;

/** One thing operators may ask. */
export interface AdminRoute {
  readonly method: 'GET' | 'PUT' | 'POST';
  /** As it is told to who asks for something else. */
  readonly shown: string;
  readonly path: RegExp;
  /**
   * @param part what the path's first group matched
   * @param body reads the JSON that came along
   * @param signal aborted when whoever asks has gone
   * @returns what is answered, as JSON; of an async iterable each item as a line
   */
  readonly act: (part: string, body: () => Promise<unknown>, signal: AbortSignal) => unknown;
}

/** Answers operators on a UNIX socket, in HTTP. Owns the socket's file. */
export class AdminServer {
  readonly #server: Server;
  readonly #listener: SocketListener;

  private constructor(server: Server, listener: SocketListener) {
    this.#server = server;
    this.#listener = listener;
  }

  /** @throws {MetasteerError} `admin-socket-failed`, also when another process answers there. */
  static async listen(path: string, routes: readonly AdminRoute[]): Promise<AdminServer> {
    const times = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, connectionsCheckingInterval: LOOK_MS };
    const server = createServer(times, (request, response) => void answer(request, response, routes));
    server.maxConnections = CONNECTIONS_MAX;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
      return new AdminServer(server, await SocketListener.listen(server, { path, mode: SOCKET_MODE }));
    } catch (error) {
      throw new MetasteerError(
        'admin-socket-failed',
        `the admin socket ${path} cannot be opened: ${messageOf(error)}`,
        { cause: error },
      );
    }
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
): Promise<void> {
  const { method, url = '' } = request;
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    for (const route of routes) {
      const match = route.method === method ? route.path.exec(url) : null;
      if (match === null) continue;
      const answered = await route.act(match[1] ?? '', () => body(request), gone.signal);
      return isStream(answered) ? await stream(response, answered) : send(response, 200, answered);
    }
    send(response, 404, { error: `there are ${routes.map(({ shown }) => shown).join(', ')}` });
  } catch (error) {
    if (response.headersSent) response.destroy();
    else send(response, statusOf(error), { error: messageOf(error) });
  }
}

/** What they asked is wrong, or cannot be done now, or we failed. */
function statusOf(error: unknown): number {
  const code = error instanceof MetasteerError ? error.code : '';
  if (code.startsWith('config-')) return 400;
  return code.endsWith('-busy') ? 409 : 500;
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
async function body(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > BODY_MAX) throw new MetasteerError('config-syntax', `a body of more than ${BODY_MAX} bytes`);
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
