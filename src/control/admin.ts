import { chmodSync, mkdirSync, statSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { GuardLimits } from '../config/config.ts';
import { limitsDocument, parseLimits } from '../config/limits.ts';
import { MetasteerError, messageOf } from '../errors.ts';
import type { StatusDocument } from './status-document.ts';

/** Root and the socket's group; what is told here names tenants' routers. */
const SOCKET_MODE = 0o660;

const BODY_MAX = 4096;

const WORKERS = /^\/v1\/workers\/([1-9]\d?)$/;

/** What operators may ask of the daemon. */
export interface AdminActions {
  /** `GET /v1/status` */
  readonly status: () => Promise<StatusDocument>;
  /** `PUT /v1/workers/N` */
  readonly setWorkers: (count: number) => Promise<void>;
  /** `PUT /v1/limits`, with the keys of `guard` that change. Gives all that hold from then on. */
  readonly setLimits: (changes: Partial<GuardLimits>) => GuardLimits;
}

/** Answers operators on a UNIX socket, in HTTP. Owns the socket's file. */
export class AdminServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @throws {MetasteerError} `admin-socket-failed`, also when another process answers there. */
  static async listen(path: string, actions: AdminActions): Promise<AdminServer> {
    const server = createServer((request, response) => void answer(request, response, actions));
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
      await removeStale(path);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject).listen(path, resolve);
      });
      chmodSync(path, SOCKET_MODE);
    } catch (error) {
      server.close();
      throw new MetasteerError(
        'admin-socket-failed',
        `the admin socket ${path} cannot be opened: ${messageOf(error)}`,
        {
          cause: error,
        },
      );
    }
    return new AdminServer(server);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A socket nobody answers on is a killed daemon's. */
async function removeStale(path: string): Promise<void> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isSocket()) throw new Error('there is a file there that is not a socket');
  const isAlive = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => resolve(true)).once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED'),
    );
    socket.unref().on('connect', () => socket.destroy());
  });
  if (isAlive) throw new Error('another process answers there');
  unlinkSync(path);
}

async function answer(request: IncomingMessage, response: ServerResponse, actions: AdminActions): Promise<void> {
  const { method, url = '' } = request;
  const workers = WORKERS.exec(url)?.[1];
  try {
    if (method === 'GET' && url === '/v1/status') {
      send(response, 200, await actions.status());
    } else if (method === 'PUT' && workers !== undefined) {
      await actions.setWorkers(Number(workers));
      send(response, 200, { workers: Number(workers) });
    } else if (method === 'PUT' && url === '/v1/limits') {
      send(response, 200, limitsDocument(actions.setLimits(parseLimits(await body(request)))));
    } else {
      send(response, 404, { error: 'there are GET /v1/status, PUT /v1/workers/N and PUT /v1/limits' });
    }
  } catch (error) {
    const isTheirs = error instanceof MetasteerError && error.code.startsWith('config-');
    send(response, isTheirs ? 400 : 500, { error: messageOf(error) });
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
