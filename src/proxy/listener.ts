import { type AddressInfo, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { Connection } from './connection.ts';
import type { ProxyContext } from './context.ts';
import { connectionsMax, EXCESS_MAX } from './descriptors.ts';
import { hasLeft, identify } from './identity.ts';
import type { PortState } from './port.ts';
import type { Reason } from './refuse.ts';
import { makeRoom } from './room.ts';

/** Accepts the clients of one port. */
export class Listener {
  readonly state: PortState;
  readonly #context: ProxyContext;
  readonly #server: Server;

  constructor(state: PortState, context: ProxyContext) {
    this.state = state;
    this.#context = context;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  /** @throws {Error} what `listen` reports */
  listen(options: ListenOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(options, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#context.environment.log.error({ err: error }, 'accepting failed'));
        resolve();
      });
    });
  }

  /** Where it listens. */
  address(): AddressInfo | undefined {
    const address = this.#server.address();
    return typeof address === 'string' || address === null ? undefined : address;
  }

  /** Stops accepting. Open connections go on. */
  close(): void {
    this.#server.close();
  }

  #accept(socket: Socket): void {
    const client = identify(socket, this.#context.environment.peerMac);
    if (client === undefined) {
      if (hasLeft(socket)) socket.on('error', () => undefined).destroy();
      else this.#reset(socket, 'client-unidentified');
      return;
    }
    const { census, environment, ports, settings } = this.#context;
    const excess = census.connections - connectionsMax(settings, ports.size, environment.descriptorsMax);
    const full = excess >= 0 && !makeRoom(ports, this.state, client.address);
    if (full && excess >= EXCESS_MAX) {
      this.#reset(socket, 'connections-exhausted');
      return;
    }
    const connection = new Connection(socket, this.state, client, this.#context);
    if (full) connection.refuse('connections-exhausted');
    this.state.lastAcceptedAt = this.#context.clock.now();
    this.#context.lastAcceptedAt = this.state.lastAcceptedAt;
    if (this.#context.isStopping || this.state.isDraining) connection.serveOnce();
  }

  #reset(socket: Socket, reason: Reason): void {
    this.state.countRefused(reason);
    socket.on('error', () => undefined);
    socket.resetAndDestroy();
  }
}
