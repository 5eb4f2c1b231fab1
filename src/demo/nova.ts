import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Inventory, InventoryInstance } from './inventory.ts';
import { type Document, lookUp, ROOT_LISTING } from './metadata-tree.ts';

export interface NovaOptions {
  readonly inventory: Inventory;
  /** Shared with the metadata agent (`metadata_proxy_shared_secret`). */
  readonly secret: Uint8Array;
}

/** The status and text of a request that gets no document. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const PASSWORD_PATH = /^\/openstack\/[^/]+\/password$/;
const PASSWORD_BYTES_MAX = 1020;

/** What the agent proves an instance with: HMAC-SHA256 over its id, in hex (contract.md 2.5). */
export function signInstanceId(secret: Uint8Array, instanceId: string): string {
  return createHmac('sha256', secret).update(instanceId).digest('hex');
}

/**
 * A metadata service shaped like nova-api-metadata (contract.md 4), on the loopback address: it answers only who can
 * sign an instance's id, and only for instances in the inventory.
 */
export class NovaService {
  readonly #server: Server;
  readonly #options: NovaOptions;
  /** Passwords that guests posted, by instance id: at most one for each in the inventory. */
  readonly #passwords = new Map<string, Buffer>();

  private constructor(options: NovaOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    // The agent's pool keeps connections; one of them closed here just as it is used again would lose a request.
    this.#server.keepAliveTimeout = 0;
  }

  /** Starts it on 127.0.0.1 and a port that the kernel chooses. */
  static async start(options: NovaOptions): Promise<NovaService> {
    const service = new NovaService(options);
    await new Promise<void>((resolve, reject) => {
      service.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      send(response, 200, await this.#answer(request));
    } catch (thrown) {
      const refusal = thrown instanceof Refusal ? thrown : new Refusal(500, 'An unknown error has occurred.');
      send(response, refusal.status, { contentType: 'text/plain; charset=UTF-8', body: refusal.message });
    }
  }

  async #answer(request: IncomingMessage): Promise<Document> {
    const path = request.url?.split('?', 1)[0] ?? '/';
    if (path === '/' || path === '/ec2') return ROOT_LISTING;
    const instance = this.#authenticate(request);
    if (PASSWORD_PATH.test(path)) return this.#password(request, instance);
    const document = lookUp(instance, path);
    if (document === undefined) throw new Refusal(404, 'The resource could not be found.');
    return document;
  }

  /** Which instance a request is for. Nothing is looked up for who cannot sign, so nothing can be guessed either. */
  #authenticate(request: IncomingMessage): InventoryInstance {
    const instanceId = header(request, 'X-Instance-ID');
    const projectId = header(request, 'X-Tenant-ID');
    const signature = Buffer.from(header(request, 'X-Instance-ID-Signature'));
    const expected = Buffer.from(signInstanceId(this.#options.secret, instanceId));
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
      throw new Refusal(403, 'Invalid proxy request signature.');
    }
    const instance = this.#options.inventory.find(({ uuid }) => uuid === instanceId);
    if (instance?.projectId !== projectId) throw new Refusal(404, 'The resource could not be found.');
    return instance;
  }

  async #password(request: IncomingMessage, { uuid }: InventoryInstance): Promise<Document> {
    const stored = this.#passwords.get(uuid);
    const document = (body: Uint8Array): Document => ({ contentType: 'text/plain; charset=UTF-8', body });
    if (request.method === 'GET') return document(stored ?? Buffer.alloc(0));
    if (request.method !== 'POST') throw new Refusal(400, 'The method is not allowed here.');
    if (Number(request.headers['content-length'] ?? 0) > PASSWORD_BYTES_MAX) throw new Refusal(400, 'Too large.');
    const password = await buffer(request);
    if (password.length > PASSWORD_BYTES_MAX) throw new Refusal(400, 'Too large.');
    if (stored !== undefined) throw new Refusal(409, 'A password is set already.');
    this.#passwords.set(uuid, password);
    return document(Buffer.alloc(0));
  }
}

function header(request: IncomingMessage, name: string): string {
  const [value, ...more] = request.headersDistinct[name.toLowerCase()] ?? [];
  if (value === undefined || more.length > 0) throw new Refusal(400, `${name} header is missing from request.`);
  return value;
}

function send(response: ServerResponse, status: number, document: Document): void {
  const body = Buffer.from(document.body);
  response.writeHead(status, { 'content-type': document.contentType, 'content-length': body.length });
  response.end(body);
}
