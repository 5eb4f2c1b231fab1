import type { Owner } from '../identity/owner-id.ts';
import type { PortId } from '../identity/port-id.ts';
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

/** What is counted over all ports. */
export interface Census {
  connections: number;
}

/** What the worker counts and holds for one port. */
export class PortState {
  readonly port: Port;
  readonly #connections = new Set<Connection>();
  readonly #census: Census;
  requests = 0;
  readonly #refused = new Map<Reason, number>();

  constructor(port: Port, census: Census) {
    this.port = port;
    this.#census = census;
  }

  /** Open client connections, oldest first. */
  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  opened(connection: Connection): void {
    this.#connections.add(connection);
    this.#census.connections += 1;
  }

  closed(connection: Connection): void {
    if (this.#connections.delete(connection)) this.#census.connections -= 1;
  }

  countRefused(reason: Reason): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }

  status(): PortStatus {
    return {
      portId: this.port.id,
      connections: this.#connections.size,
      requests: this.requests,
      refused: Object.fromEntries(this.#refused),
    };
  }
}
