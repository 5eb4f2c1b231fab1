import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { MetasteerError, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { makeFolder } from '../unix/folder.ts';
import { SocketListener } from '../unix/socket-file.ts';
import { CONTENT_TYPE } from './render.ts';
import { shared } from './shared-look.ts';

/** As the admin socket: names of routers may be among the labels. */
const SOCKET_MODE = 0o660;
/** Scrapers, of which there are one or two. */
const CONNECTIONS_MAX = 32;
const REQUEST_MS = 10_000;

/** Where metrics are served. */
export interface MetricsPlaces {
  /** Path of a UNIX socket. */
  readonly socket?: string;
  /** An IP address and a TCP port. */
  readonly listen?: { readonly host: string; readonly port: number };
}

/** Serves `GET /metrics`. However many ask, there is one look at a time, whose outcome all of them get. */
export class MetricsServer {
  readonly #collect: () => Promise<string>;
  readonly #log: Logger;
  readonly #servers: Server[] = [];
  readonly #listeners: SocketListener[] = [];

  private constructor(collect: () => Promise<string>, log: Logger) {
    this.#collect = shared(collect);
    this.#log = log;
  }

  /** @throws {MetasteerError} `listen-failed`; nothing is then open */
  static async listen(places: MetricsPlaces, collect: () => Promise<string>, log: Logger): Promise<MetricsServer> {
    const server = new MetricsServer(collect, log);
    try {
      if (places.socket !== undefined) await server.#listenAt(places.socket);
      if (places.listen !== undefined) await server.#listenOn(places.listen);
      return server;
    } catch (error) {
      await server.close();
      throw new MetasteerError('listen-failed', `metrics cannot be served: ${messageOf(error)}`, { cause: error });
    }
  }

  async close(): Promise<void> {
    for (const listener of this.#listeners.splice(0)) listener.close();
    for (const server of this.#servers.splice(0)) {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    }
  }

  async #listenAt(path: string): Promise<void> {
    makeFolder(dirname(path));
    this.#listeners.push(await SocketListener.listen(this.#server(), { path, mode: SOCKET_MODE }));
  }

  #listenOn({ host, port }: NonNullable<MetricsPlaces['listen']>): Promise<void> {
    const server = this.#server();
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, () => {
        server.off('error', reject);
        this.#servers.push(server);
        resolve();
      });
    });
  }

  #server(): Server {
    const server = createServer({ requestTimeout: REQUEST_MS }, (request, response) => {
      void this.#answer(request, response);
    });
    server.maxConnections = CONNECTIONS_MAX;
    return server;
  }

  async #answer({ method, url = '' }: IncomingMessage, response: ServerResponse): Promise<void> {
    if (method !== 'GET' && method !== 'HEAD') return end(response, 405, 'text/plain', 'there is GET /metrics\n');
    if (url.split('?', 1)[0] !== '/metrics') return end(response, 404, 'text/plain', 'there is /metrics\n');
    try {
      end(response, 200, CONTENT_TYPE, await this.#collect());
    } catch (error) {
      this.#log.error({ error: messageOf(error) }, 'metrics could not be collected');
      end(response, 500, 'text/plain', 'metrics could not be collected\n');
    }
  }
}

function end(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) }).end(body);
}
