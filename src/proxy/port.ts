import type { ClientAddress } from '../identity/client-address.ts';
import type { Owner } from '../identity/owner-id.ts';
import type { PortId } from '../identity/port-id.ts';
import type { Census } from './census.ts';
import type { Connection } from './connection.ts';
import type { PortStatus } from './messages.ts';
import type { Reason } from './refuse.ts';

/** A steered router interface, as the request path knows it: whose clients they are, and names for logs. */
export interface Port {
  readonly id: PortId;
  readonly owner: Owner;
  readonly namespace: string;
  readonly interface: string;
}

/** What the worker counts and holds for one port. */
export class PortState {
  readonly port: Port;
  /** Open client connections by client, the oldest of each first. */
  readonly #byClient = new Map<ClientAddress, Set<Connection>>();
  readonly #census: Census;
  #count = 0;
  requests = 0;
  /** It takes no more connections but those on their way, and each serves one more request. */
  isDraining = false;
  /** On the clock's scale. */
  lastAcceptedAt = 0;
  readonly #refused = new Map<Reason, number>();

  constructor(port: Port, census: Census) {
    this.port = port;
    this.#census = census;
  }

  /** How many client connections are open. */
  get count(): number {
    return this.#count;
  }

  get byClient(): ReadonlyMap<ClientAddress, ReadonlySet<Connection>> {
    return this.#byClient;
  }

  connections(): Connection[] {
    return [...this.#byClient.values()].flatMap((connections) => [...connections]);
  }

  opened(connection: Connection): void {
    const others = this.#byClient.get(connection.client);
    if (others === undefined) this.#byClient.set(connection.client, new Set([connection]));
    else others.add(connection);
    this.#count += 1;
    this.#census.connections += 1;
  }

  closed(connection: Connection): void {
    const others = this.#byClient.get(connection.client);
    if (others?.delete(connection) !== true) return;
    if (others.size === 0) this.#byClient.delete(connection.client);
    this.#count -= 1;
    this.#census.connections -= 1;
  }

  countRefused(reason: Reason): void {
    this.#census.refused(reason);
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }

  status(): PortStatus {
    return {
      portId: this.port.id,
      connections: this.#count,
      requests: this.requests,
      refused: Object.fromEntries(this.#refused),
    };
  }
}
