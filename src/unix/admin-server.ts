import { mkdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { MetasteerError, messageOf } from '../errors.ts';
import { SocketListener } from './socket-file.ts';

/** Root and the socket's group; what is told here names tenants' routers. */
const SOCKET_MODE = 0o660;

const BODY_MAX = 4096;

/** One thing operators may ask. */
export interface AdminRoute {
  readonly method: 'GET' | 'PUT';
  /** As it is told to who asks for something else. */
  readonly shown: string;
  readonly path: RegExp;
  /**
   * @param part what the path's first group matched
   * @param body reads the JSON that came along
   * @param socket the connection it came on
   * @returns what is answered, as JSON
   */
  readonly act: (part: string, body: () => Promise<unknown>, socket: Socket) => unknown;
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
    const server = createServer((request, response) => void answer(request, response, routes));
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
): Promise<void> {
  const { method, url = '' } = request;
  try {
    for (const route of routes) {
      const match = route.method === method ? route.path.exec(url) : null;
      if (match !== null)
        return send(response, 200, await route.act(match[1] ?? '', () => body(request), request.socket));
    }
    send(response, 404, { error: `there are ${routes.map(({ shown }) => shown).join(', ')}` });
  } catch (error) {
    if (!(error instanceof MetasteerError)) return send(response, 500, { error: messageOf(error) });
    const isTheirs = error.code.startsWith('config-');
    send(response, isTheirs ? 400 : 409, { error: error.message, code: error.code });
  }
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
