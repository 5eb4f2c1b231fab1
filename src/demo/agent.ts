import { chmodSync } from 'node:fs';
import { createServer, type IncomingMessage, METHODS, type Server, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { type Dispatcher, Pool } from 'undici';
import { signInstanceId } from '../nova/authenticate.ts';
import { findInstances, type Inventory, type InventoryInstance } from './inventory.ts';

export interface AgentOptions {
  /** Path of the UNIX socket to listen on. */
  readonly socket: string;
  readonly inventory: Inventory;
  readonly secret: Uint8Array;
  readonly novaUrl: string;
}

/** Connections to nova, and so requests to it at once. */
const NOVA_CONNECTIONS = 16;
const NOVA_TIMEOUT_MS = 60_000;
const ID_HEADERS = ['x-neutron-router-id', 'x-neutron-network-id'] as const;

/** Why the agent itself answers a request. */
export interface Refused {
  readonly status: 404 | 500;
  readonly reason: string;
}

/** A request by the two things it says about its sender. Every header comes as all of its values. */
export type Identity = Pick<IncomingMessage, 'headersDistinct'>;

/**
 * Which instance a request comes from, by the rules of agents up to 2024.2 (contract.md 2.1 and 2.5): exactly one
 * identity header, exactly one address, exactly one instance.
 */
export function resolveInstance(inventory: Inventory, request: Identity): InventoryInstance | Refused {
  const ids = ID_HEADERS.flatMap((name) => request.headersDistinct[name] ?? []);
  if (ids.length > 1) return { status: 404, reason: 'both a network and a router are named' };
  const [id] = ids;
  if (id === undefined) return { status: 500, reason: 'neither a network nor a router is named' };
  const addresses = request.headersDistinct['x-forwarded-for'] ?? [];
  const [address] = addresses;
  if (addresses.length !== 1 || address === undefined || isIP(address) === 0 || address.includes('%')) {
    return { status: 500, reason: 'X-Forwarded-For is not one address' };
  }
  // The demo has routers only, so a network's id finds nothing.
  const found = request.headersDistinct['x-neutron-router-id'] ? findInstances(inventory, id, address) : [];
  const [instance] = found;
  if (found.length !== 1 || instance === undefined) return { status: 404, reason: 'no such instance, or several' };
  return instance;
}

/**
 * A metadata agent of the keep-alive generation (contract.md 2.3) on a UNIX socket: finds the instance, signs its id
 * and asks nova. It stands in for neutron-metadata-agent, with an inventory in the place of Neutron's database.
 */
export class MetadataAgent {
  readonly #options: AgentOptions;
  readonly #server: Server;
  readonly #nova: Pool;

  private constructor(options: AgentOptions) {
    this.#options = options;
    this.#nova = new Pool(options.novaUrl, {
      connections: NOVA_CONNECTIONS,
      headersTimeout: NOVA_TIMEOUT_MS,
      bodyTimeout: NOVA_TIMEOUT_MS,
    });
    this.#server = createServer((request, response) => void this.#serve(request, response));
    // Agents of this generation never close an idle connection (contract.md 2.3).
    this.#server.keepAliveTimeout = 0;
  }

  static async start(options: AgentOptions): Promise<MetadataAgent> {
    const agent = new MetadataAgent(options);
    await new Promise<void>((resolve, reject) => {
      agent.#server.once('error', reject).listen(options.socket, resolve);
    });
    // The worker that connects has no privileges; to connect it needs to write to the socket.
    chmodSync(options.socket, 0o666);
    return agent;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    await this.#nova.destroy();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const found = resolveInstance(this.#options.inventory, request);
    if ('status' in found) return refuse(response, found.status, found.reason);
    try {
      await this.#ask(found, request, response);
    } catch {
      if (response.headersSent) response.destroy();
      else refuse(response, 503, 'the metadata service does not answer');
    }
  }

  /** Nothing of the client's own headers goes to nova: it gets a set made here (contract.md 1.2). */
  async #ask(instance: InventoryInstance, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isMethod(request.method)) return refuse(response, 500, 'unknown method');
    const hasBody =
      request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
    const answer = await this.#nova.request({
      path: request.url ?? '/',
      method: request.method,
      headers: {
        'x-forwarded-for': request.headers['x-forwarded-for'],
        'x-instance-id': instance.uuid,
        'x-tenant-id': instance.projectId,
        'x-instance-id-signature': signInstanceId(this.#options.secret, instance.uuid),
      },
      body: hasBody ? request : null,
    });
    const { 'content-type': contentType, 'content-length': contentLength } = answer.headers;
    if (contentType !== undefined) response.setHeader('content-type', contentType);
    if (contentLength !== undefined) response.setHeader('content-length', contentLength);
    response.writeHead(answer.statusCode);
    await pipeline(answer.body, response);
  }
}

function isMethod(method: string | undefined): method is Dispatcher.HttpMethod {
  return method !== undefined && method !== 'CONNECT' && METHODS.includes(method);
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=UTF-8' });
  response.end(`${reason}\n`);
}
