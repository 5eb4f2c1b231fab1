import type { AddressInfo } from 'node:net';
import type { ClientLink, Gate, GateUser, ListenTarget } from '../link/client-link.ts';
import { Connection } from './connection.ts';
import type { ProxyContext } from './context.ts';
import { connectionsMax, EXCESS_MAX } from './descriptors.ts';
import { identify } from './identity.ts';
import type { PortState } from './port.ts';
import type { Reason } from './refuse.ts';
import { makeRoom } from './room.ts';
import { SocketGate } from './socket-link.ts';

/** Accepts the clients of one port. */
export class Listener implements GateUser {
  readonly state: PortState;
  readonly #context: ProxyContext;
  readonly #gate: Gate;

  constructor(state: PortState, context: ProxyContext) {
    this.state = state;
    this.#context = context;
    const { openGate, peerMac } = context.environment;
    this.#gate = openGate?.(state.port.id, this) ?? new SocketGate(this, peerMac);
  }

  /**
   * @returns where it listens
   * @throws {Error} what listening reports
   */
  listen(target: ListenTarget): Promise<AddressInfo | undefined> {
    return this.#gate.listen(target);
  }

  /** Stops accepting. Open connections go on. */
  close(): void {
    this.#gate.close();
  }

  accepted(link: ClientLink): void {
    const client = identify(link);
    if (client === undefined) {
      if (link.hasLeft) link.destroy();
      else this.#reset(link, 'client-unidentified');
      return;
    }
    const { census, environment, ports, settings } = this.#context;
    const excess = census.connections - connectionsMax(settings, ports.size, environment.descriptorsMax);
    const full = excess >= 0 && !makeRoom(ports, this.state, client.address);
    if (full && excess >= EXCESS_MAX) {
      this.#reset(link, 'connections-exhausted');
      return;
    }
    const connection = new Connection(link, this.state, client, this.#context);
    if (full) connection.refuse('connections-exhausted');
    this.state.lastAcceptedAt = this.#context.clock.now();
    this.#context.lastAcceptedAt = this.state.lastAcceptedAt;
    if (this.#context.isStopping || this.state.isDraining) connection.serveOnce();
  }

  refused(): void {
    this.state.countRefused('connections-exhausted');
  }

  failed(error: Error): void {
    this.#context.environment.log.error({ err: error }, 'accepting failed');
  }

  #reset(link: ClientLink, reason: Reason): void {
    this.state.countRefused(reason);
    link.reset();
  }
}
