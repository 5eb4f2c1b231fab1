/**
 * The agent's request path, top to bottom: who asks, which instance that is, its signature, nova's reply. Each stage is a
 * file of its own; any may end the request by a refusal.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { stackOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { Histogram } from '../metrics/histogram.ts';
import type { SocketListener } from '../unix/socket-file.ts';
import { AccessLog } from './access-log.ts';
import { type Identified, identify } from './asker.ts';
import { hasBody, readBody } from './body.ts';
import { Caller } from './caller.ts';
import { Counters } from './counters.ts';
import { listenOnAgentSocket } from './listen.ts';
import type { LocalOwners } from './local-owners.ts';
import { refuseMalformed } from './malformed.ts';
import { Mismatches } from './mismatches.ts';
import type { NovaClient } from './nova-client.ts';
import type { NovaReply } from './nova-reply.ts';
import { Recheck } from './recheck.ts';
import { type Reason, Refusal } from './refuse.ts';
import { passOn, refuse } from './reply.ts';
import type { RequestRecord } from './request-record.ts';
import type { ResolverLike } from './resolver-like.ts';
import { ResponseCache } from './response-cache.ts';
import type { AgentSettings } from './settings/settings.ts';
import { Signer } from './sign.ts';
import { type Instance, SourceError } from './source.ts';
import { pathOf } from './target.ts';

/** A request must have come whole within this time; idle connections may stay as long as they like. */
const REQUEST_MS = 60_000;

export interface AgentParts {
  readonly settings: AgentSettings;
  readonly resolver: ResolverLike;
  readonly nova: NovaClient;
  /** Whose instances may ask. */
  readonly owners: LocalOwners;
  readonly log: Logger;
}

/** Serves proxies on the agent's socket. */
export class AgentServer {
  readonly counters = new Counters();
  /** Of requests whose head could be read, from there to their end. */
  readonly times = new Histogram();
  readonly cache: ResponseCache;
  readonly #parts: AgentParts;
  readonly #server: Server;
  readonly #signer: Signer;
  readonly #recheck: Recheck;
  readonly #accessLog: AccessLog;
  readonly #mismatches: Mismatches;
  /** Connections, and for each what ends the requests that are open on it. */
  readonly #connections = new Map<Socket, Set<() => void>>();
  #listener: SocketListener | undefined;
  #open = 0;
  #isStopping = false;
  #onIdle: (() => void) | undefined;

  constructor(parts: AgentParts) {
    const { settings, resolver, log } = parts;
    this.#parts = parts;
    this.cache = new ResponseCache(settings.responseCache);
    this.#signer = new Signer(settings.nova.sharedSecret);
    this.#recheck = new Recheck(resolver);
    this.#accessLog = new AccessLog(log, settings.log.access);
    this.#mismatches = new Mismatches(log);
    this.#server = this.#makeServer();
  }

  get connections(): number {
    return this.#connections.size;
  }

  get requestsOpen(): number {
    return this.#open;
  }

  /** @throws {MetasteerError} `agent-socket-…` */
  async listen(): Promise<void> {
    const { settings, log } = this.#parts;
    this.#listener = await listenOnAgentSocket(this.#server, settings.socket, log);
  }

  /** Takes no more connections, lets requests in progress finish for at most so long, and ends. */
  async stop(drainMs: number): Promise<void> {
    this.#isStopping = true;
    const closed = new Promise((resolve) => this.#server.once('close', resolve));
    this.#listener?.close();
    this.#server.closeIdleConnections();
    // Node does not count those as idle that have never sent anything.
    for (const socket of this.#connections.keys()) if (socket.bytesRead === 0) socket.destroy();
    if (this.#open > 0) await this.#idle(drainMs);
    this.#server.closeAllConnections();
    if (this.#listener !== undefined) await closed;
  }

  #makeServer(): Server {
    const options = {
      maxHeaderSize: this.#parts.settings.limits.headBytes,
      requestTimeout: REQUEST_MS,
      headersTimeout: REQUEST_MS,
      // A pooled proxy may use an idle connection at any moment.
      keepAliveTimeout: 0,
      // Nothing is done with it, and Neutron's agents do not ask for it.
      requireHostHeader: false,
    };
    const server = createServer(options, (request, response) => void this.#serve(request, response));
    // Left at its default, headers beyond the thousandth would be dropped unseen: the proxy's own, which come last.
    server.maxHeadersCount = 0;
    server.maxConnections = this.#parts.settings.connections;
    server.on('connection', (socket) => {
      const ends = new Set<() => void>();
      this.#connections.set(socket, ends);
      socket.once('close', () => {
        this.#connections.delete(socket);
        // Responses that wait behind another one on the connection hear nothing of its end.
        for (const end of ends) end();
      });
    });
    server.on('clientError', (error, socket) => {
      const isBusy = (this.#connections.get(socket as Socket)?.size ?? 0) > 0;
      const ending = refuseMalformed(error, socket as Socket, isBusy);
      if (ending !== undefined) this.counters.count(ending);
    });
    return server;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: target = '', socket } = request;
    const record: RequestRecord = { startedAt: performance.now(), method, target, askedAt: 0, status: 0, bytes: 0 };
    const caller = new Caller();
    const ends = this.#connections.get(socket);
    const end = () => {
      if (ends?.delete(end) !== true) return;
      if (!response.writableFinished) {
        record.reason ??= 'client-left';
        caller.leave();
      }
      this.#ended(record);
    };
    ends?.add(end);
    this.#open += 1;
    response.once('close', end);
    try {
      const reply = await this.#answer(request, record, caller);
      passOn(response, reply, { record, caller, close: this.#isStopping });
    } catch (error) {
      refuse(response, this.#reasonOf(error, record), record, this.#isStopping);
    }
  }

  async #answer(request: IncomingMessage, record: RequestRecord, caller: Caller): Promise<NovaReply> {
    const path = pathOf(record.target);
    const who = identify(request.rawHeaders);
    record.asker = who.asker;
    if (!this.#parts.owners.has(who.asker.owner)) throw new Refusal('owner-elsewhere');
    const body = hasBody(request) ? await readBody(request, this.#parts.settings.limits.bodyBytes) : null;
    const instance = await this.#resolve(who, record);
    record.instance = instance;
    const key = this.cache.keyOf(record.method, path, who, instance);
    const kept = key === undefined ? undefined : this.cache.get(key);
    if (kept !== undefined) return kept;
    const ask = (whose: Instance) => this.#ask({ request, path, body, who, record, caller }, whose);
    const reply = await ask(instance);
    if (isMissing(reply, record.method)) {
      const other = await this.#recheck.changed(who, instance);
      if (other === undefined) return reply;
      record.instance = other;
      return ask(other);
    }
    if (key !== undefined) this.cache.put(key, reply);
    return reply;
  }

  /** @throws {Refusal} when there is not exactly one, when it has another MAC, or when it cannot be told */
  async #resolve({ asker, isMacUnknown }: Identified, record: RequestRecord): Promise<Instance> {
    if (isMacUnknown) throw new Refusal('mac-unknown');
    const resolution = await this.#parts.resolver.resolve(asker);
    if (resolution.kind === 'found') return resolution.instance;
    if (resolution.kind === 'none') throw new Refusal('instance-unknown');
    if (resolution.kind === 'ambiguous') throw new Refusal('instance-ambiguous');
    const { instance } = resolution;
    if (instance.macs !== undefined) record.expectedMacs = instance.macs;
    this.#mismatches.tell(asker, instance);
    throw new Refusal('mac-mismatch');
  }

  /** Nothing of the client's own headers goes to nova but what says what its body is (contract.md 1.2). */
  #ask({ request, path, body, who, record, caller }: Question, instance: Instance): Promise<NovaReply> {
    const { instanceId, projectId } = instance;
    const headers = [
      ...['X-Forwarded-For', who.forwardedFor],
      ...['X-Instance-ID', instanceId],
      ...['X-Tenant-ID', projectId],
      ...['X-Instance-ID-Signature', this.#signer.sign(instanceId)],
    ];
    const type = body === null ? undefined : request.headers['content-type'];
    if (type !== undefined) headers.push('Content-Type', type);
    record.askedAt = performance.now();
    return this.#parts.nova.ask({ method: record.method, path, headers, body }, caller);
  }

  #reasonOf(error: unknown, { asker, instance }: RequestRecord): Reason {
    if (error instanceof Refusal) return error.reason;
    const { log } = this.#parts;
    const about = { owner: asker?.owner.id, client: asker?.address, instance: instance?.instanceId };
    if (error instanceof SourceError) {
      log.warn({ ...about, error: error.message }, 'the instance cannot be looked up');
      return 'source-failed';
    }
    log.error({ ...about, error: stackOf(error) }, 'internal error');
    return 'internal';
  }

  #ended(record: RequestRecord): void {
    this.#open -= 1;
    this.counters.count(record);
    this.times.observe(performance.now() - record.startedAt);
    this.#accessLog.write(record);
    if (this.#open === 0) this.#onIdle?.();
  }

  #idle(mostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, mostMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

interface Question {
  readonly request: IncomingMessage;
  readonly path: string;
  readonly body: Buffer | null;
  readonly who: Identified;
  readonly record: RequestRecord;
  readonly caller: Caller;
}

/** Nova's 404 to a request that may be sent again. */
function isMissing({ head, rest }: NovaReply, method: string): boolean {
  return head.status === 404 && rest === undefined && (method === 'GET' || method === 'HEAD');
}
