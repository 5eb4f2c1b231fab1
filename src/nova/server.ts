import {
  createServer as createPlainServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, isIPv6 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Inventory } from '../agent/inventory.ts';
import { MetasteerError, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { type Answer, notFound, Refusal, refusalPage, unknownError } from './answer.ts';
import { authenticate, type Claim } from './authenticate.ts';
import { readBody } from './body.ts';
import { PASSWORD } from './document.ts';
import { type NovaInstance, novaInstances } from './instance.ts';
import { lookUp, pathOf, ROOT_LISTING } from './metadata-tree.ts';
import { type Body, Passwords } from './password.ts';

export interface NovaOptions {
  readonly inventory: Inventory;
  /** Where the inventory was read: what it names as `file` is beside it, and errors name it. */
  readonly inventoryPath?: string;
  /** Shared with the metadata agent (`metadata_proxy_shared_secret`). */
  readonly secret: Uint8Array;
  /** 127.0.0.1 and a port that the kernel chooses, unless given. */
  readonly listen?: ListenAddress;
  /** Time that every request takes at least, to imitate a service that is far away or slow. */
  readonly delayMs?: number;
  readonly tls?: NovaTls;
  readonly log?: Logger;
}

export interface ListenAddress {
  readonly host: string;
  /** 0: the kernel chooses. */
  readonly port: number;
}

/** PEM texts. With `clientCa`, only clients with a certificate that it signed are served. */
export interface NovaTls {
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
  readonly clientCa?: string | Uint8Array;
}

/**
 * A metadata service shaped like nova-api-metadata behind agents (contract.md 4), for the demo, tests and benchmarks:
 * it answers only who can sign an instance's id, and only for instances in the inventory.
 */
export class NovaService {
  readonly #options: NovaOptions;
  readonly #instances: ReadonlyMap<string, NovaInstance>;
  readonly #passwords = new Passwords();
  readonly #server: Server;

  private constructor(options: NovaOptions) {
    this.#options = options;
    this.#instances = novaInstances(options.inventory, options.inventoryPath ?? 'inventory');
    this.#server = createServer(options.tls, (request, response) => void this.#serve(request, response));
    // Agents' pools keep connections; one of them closed here just as it is used again would lose a request.
    this.#server.keepAliveTimeout = 0;
  }

  /** @throws {MetasteerError} `inventory-invalid`, `tls-files` or `listen-failed` */
  static async start(options: NovaOptions): Promise<NovaService> {
    const service = new NovaService(options);
    const { host, port } = options.listen ?? { host: '127.0.0.1', port: 0 };
    await new Promise<void>((resolve, reject) => {
      service.#server.once('error', reject).listen(port, host, resolve);
    }).catch((error: unknown) => {
      throw new MetasteerError('listen-failed', `cannot listen: ${messageOf(error)}`, { cause: error });
    });
    return service;
  }

  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    const scheme = this.#options.tls === undefined ? 'http' : 'https';
    return `${scheme}://${isIPv6(address) ? `[${address}]` : address}:${port}`;
  }

  /** Closes all connections, whatever is going on on them. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { delayMs = 0 } = this.#options;
    const due = delayMs > 0 ? pause(delayMs) : undefined;
    try {
      const { body, isWhole } = await readBody(request);
      if (!isWhole) response.shouldKeepAlive = false;
      const answer = await this.#answer(request, body);
      await due;
      send(response, answer);
    } catch (error) {
      // What reading throws is a client that went away; answering is harmless then.
      await due;
      send(response, this.#refusal(request, error));
    }
    this.#options.log?.debug(
      { method: request.method, target: request.url, status: response.statusCode, instance: idOf(request) },
      'request',
    );
  }

  async #answer(request: IncomingMessage, body: Body): Promise<Answer> {
    const path = pathOf(request.url ?? '/');
    if (path.length === 0) return { status: 200, ...ROOT_LISTING };
    const claim = authenticate(request.headersDistinct, this.#options.secret);
    const instance = this.#find(claim);
    const found = lookUp(instance, path, claim.forwardedFor);
    if (found === PASSWORD) return this.#passwords.answer(instance.id, request.method, body);
    if (found.delayMs !== undefined) await pause(found.delayMs);
    return { status: 200, ...found };
  }

  #find({ instanceId, projectId }: Claim): NovaInstance {
    const instance = this.#instances.get(instanceId);
    if (instance?.project !== projectId) throw notFound();
    return instance;
  }

  #refusal(request: IncomingMessage, error: unknown): Answer {
    if (!(error instanceof Refusal) && !request.destroyed) {
      this.#options.log?.error({ error: messageOf(error), target: request.url }, 'request failed');
    }
    const refusal = error instanceof Refusal ? error : unknownError();
    if (refusal.status === 403) this.#options.log?.warn({ instance: idOf(request) }, 'invalid signature');
    return refusalPage(refusal, request.headers.accept);
  }
}

function createServer(tls: NovaTls | undefined, listener: RequestListener): Server {
  if (tls === undefined) return createPlainServer(listener);
  const { cert, key, clientCa } = tls;
  const clients =
    clientCa === undefined ? {} : { ca: Buffer.from(clientCa), requestCert: true, rejectUnauthorized: true };
  try {
    return createTlsServer({ cert: Buffer.from(cert), key: Buffer.from(key), ...clients }, listener);
  } catch (error) {
    throw new MetasteerError('tls-files', `certificate or key cannot be used: ${messageOf(error)}`, { cause: error });
  }
}

/** A pause for one request, whatever others do: the time that it takes does not grow with their number. */
async function pause(ms: number): Promise<void> {
  await sleep(ms, undefined, { ref: false });
}

function send(response: ServerResponse, { status, contentType, body }: Answer): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

function idOf(request: IncomingMessage): string | undefined {
  return request.headersDistinct['x-instance-id']?.[0];
}
