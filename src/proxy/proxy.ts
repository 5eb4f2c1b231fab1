import type { AddressInfo } from 'node:net';
import type { PortId } from '../identity/port-id.ts';
import type { ListenTarget } from '../link/client-link.ts';
import { AccessLog } from './access-log.ts';
import { Agent } from './agent.ts';
import { Census } from './census.ts';
import { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import type { ProxyContext, ProxyEnvironment } from './context.ts';
import { HeadParser } from './head.ts';
import { Listener } from './listener.ts';
import type { ProxySettings, ProxyStatus, TraceFilter } from './messages.ts';
import { type Port, PortState } from './port.ts';
import { RateLimit } from './rate-limit.ts';
import { Tracer } from './tracer.ts';

export type { ProxyEnvironment } from './context.ts';

/**
 * The worker's request path. A request goes through these stages, each in a file of its own; any of them may end it early
 * with a reason of refuse.ts:
 *
 *     listener.ts        a client connects (client-link.ts: what a connection is; room.ts: when there are too many)
 *     identity.ts        who it is: from its socket, never from its bytes
 *     connection.ts      its requests, one after the other, and their responses
 *     request-reader.ts  one request: its head, parsed strictly (head.ts), and its whole body (body.ts)
 *     rate-limit.ts      whether its client asks too often
 *     ask.ts             the request as the agent gets it, with our identity lines (headers.ts)
 *     agent.ts           its turn (queue.ts), on a connection fit for the agent (generation.ts, pool.ts, agent-connection.ts)
 *     reply-reader.ts    the agent's reply (reply.ts)
 *     response.ts        the reply as the client gets it (outlet.ts: no faster than it reads)
 *     account.ts         what happened: counted (census.ts), logged (access-log.ts), traced (tracer.ts)
 */
export class MetadataProxy {
  readonly #context: ProxyContext;
  readonly #listeners = new Map<PortId, Listener>();
  /** Requests of ports that are gone. */
  #removedRequests = 0;

  constructor(settings: ProxySettings, environment: ProxyEnvironment) {
    const clock = new Clock();
    const { rateLimit } = settings;
    const { countRequest, traced } = environment;
    if (rateLimit !== undefined && countRequest === undefined) throw new Error('nobody counts requests');
    this.#context = {
      settings,
      environment,
      clock,
      headParser: new HeadParser(settings.limits),
      agent: new Agent(settings, clock, environment.dial),
      accessLog: new AccessLog(environment.log, settings.log.access),
      ports: new Set(),
      census: new Census(),
      ...(rateLimit && countRequest ? { rateLimit: new RateLimit(rateLimit, countRequest) } : {}),
      ...(traced === undefined ? {} : { tracer: new Tracer(traced) }),
      isStopping: false,
      lastAcceptedAt: 0,
    };
  }

  /**
   * Begins to serve a port.
   *
   * @param listen `{ fd, backlog }` of a socket bound to the port's device, or an address in tests
   * @returns the address it listens on
   * @throws {Error} when the port is served already, or the socket cannot listen
   */
  async addPort(port: Port, listen: ListenTarget): Promise<AddressInfo | undefined> {
    if (this.#listeners.has(port.id)) throw new Error(`port ${port.id} is served already`);
    const listener = new Listener(new PortState(port, this.#context.census), this.#context);
    this.#listeners.set(port.id, listener);
    let address: AddressInfo | undefined;
    try {
      address = await listener.listen(listen);
    } catch (error) {
      this.#listeners.delete(port.id);
      throw error;
    }
    this.#context.ports.add(listener.state);
    return address;
  }

  /** Stops accepting on a port and ends its connections: idle ones at once, others with their response. */
  async removePort(id: PortId): Promise<void> {
    const listener = this.#listeners.get(id);
    if (listener === undefined) return;
    this.#listeners.delete(id);
    listener.close();
    const { state } = listener;
    for (const connection of state.connections()) connection.shutDown();
    await until(() => state.count === 0);
    this.#removedRequests += state.requests;
    this.#context.ports.delete(state);
  }

  /**
   * Lets the requests of a port end, and those of connections on their way or kept open; then stops accepting on it.
   *
   * @returns how many requests were still being served at the deadline, and are cut
   */
  async drainPort(id: PortId, deadlineMs: number): Promise<number> {
    const listener = this.#listeners.get(id);
    if (listener === undefined) return 0;
    const { clock, ports } = this.#context;
    const { state } = listener;
    const deadline = clock.now() + deadlineMs;
    state.isDraining = true;
    state.lastAcceptedAt = clock.now();
    for (const connection of state.connections()) connection.serveOnce(true);
    await until(() => clock.now() - state.lastAcceptedAt >= LAST_CLIENTS_MS || clock.now() >= deadline);
    this.#listeners.delete(id);
    listener.close();
    await until(() => state.count === 0 || clock.now() >= deadline);
    const cut = state.connections().filter(({ evictable }) => !evictable).length;
    for (const connection of state.connections()) connection.destroy();
    this.#removedRequests += state.requests;
    ports.delete(state);
    return cut;
  }

  /** Client connections open now. */
  get connections(): number {
    return this.#context.census.connections;
  }

  status(): ProxyStatus {
    const ports = [...this.#listeners.values()].map((listener) => listener.state.status());
    let requests = this.#removedRequests;
    for (const state of this.#context.ports) requests += state.requests;
    const { census, agent } = this.#context;
    return { ports, connections: census.connections, requests, agent: agent.status(), counts: census.counts() };
  }

  /** Tells of what becomes of these clients' requests from here on, in place of whom it told before; of nobody without one. */
  trace(filter: TraceFilter | undefined): void {
    const { tracer, ports } = this.#context;
    if (filter === undefined) tracer?.stop();
    else tracer?.start(filter);
    for (const state of ports) for (const connection of state.connections()) connection.account.follow();
  }

  /**
   * Lets open requests end, and those of connections that are on their way; stops accepting when no more come, and after
   * `deadlineMs` ends the rest.
   */
  async stop(deadlineMs: number): Promise<void> {
    const { clock } = this.#context;
    const deadline = clock.now() + deadlineMs;
    this.#context.lastAcceptedAt = clock.now();
    this.#context.isStopping = true;
    for (const connection of this.#connections()) connection.serveOnce();
    const calm = () => clock.now() - this.#context.lastAcceptedAt >= LAST_CLIENTS_MS;
    await until(() => calm() || clock.now() >= deadline);
    await this.#finish(deadline);
  }

  /**
   * The same where other workers serve the same sockets: those get who comes from now on. Connections that are kept open
   * serve one more request each, or end when they would for their silence; so none is cut under a request on its way.
   */
  async retire(deadlineMs: number): Promise<void> {
    const deadline = this.#context.clock.now() + deadlineMs;
    this.#context.isStopping = true;
    for (const connection of this.#connections()) connection.serveOnce(true);
    await this.#finish(deadline);
  }

  #connections(): Connection[] {
    return [...this.#context.ports].flatMap((state) => state.connections());
  }

  /** Accepts no more, waits for the connections there are, and ends the rest at the deadline. */
  async #finish(deadline: number): Promise<void> {
    const { ports, agent, census, clock } = this.#context;
    for (const listener of this.#listeners.values()) listener.close();
    await until(() => census.connections === 0 || clock.now() >= deadline);
    for (const connection of this.#connections()) connection.destroy();
    agent.stop();
    this.#listeners.clear();
    ports.clear();
  }
}

/** No client in this time, and none is on its way any more: several round trips within a data centre. */
const LAST_CLIENTS_MS = 100;

/** Waits for a condition that other events bring about. Its callers bound it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
