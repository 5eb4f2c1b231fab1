import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { MacAddress, PeerMac } from '../identity/mac-address.ts';
import type { ClientLink, Gate, GateUser, ListenTarget } from '../link/client-link.ts';
import type { Dial, Link, LinkUser } from '../link/link.ts';
import { fdOf, unsentBytes } from './handle.ts';

/** A connection on a socket of Node's own: what the request path does without the front of the shim. */
class SocketLink implements Link {
  protected readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => undefined);
  }

  get isOpen(): boolean {
    return fdOf(this.socket) !== -1;
  }

  get waiting(): number {
    return this.socket.writableLength;
  }

  get unsent(): number {
    return unsentBytes(this.socket);
  }

  get isSlow(): boolean {
    return this.socket.writableNeedDrain;
  }

  serve(user: LinkUser): void {
    this.socket.on('data', (chunk: Buffer) => user.received(chunk));
    this.socket.on('end', () => user.peerEnded());
    this.socket.on('drain', () => user.drained());
    this.socket.on('finish', () => user.weEnded());
    this.socket.on('error', (error: NodeJS.ErrnoException) => user.gone(error.code));
    this.socket.on('close', () => user.gone());
  }

  write(bytes: Buffer): boolean {
    return this.socket.write(bytes);
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    if (this.socket.isPaused()) this.socket.resume();
  }

  destroy(): void {
    this.socket.destroy();
  }
}

export class SocketClientLink extends SocketLink implements ClientLink {
  readonly peer: string | undefined;
  readonly hasLeft: boolean;
  readonly #peerMac: PeerMac;

  constructor(socket: Socket, peerMac: PeerMac) {
    super(socket);
    this.#peerMac = peerMac;
    const found = peerAddress(socket);
    this.peer = found ?? undefined;
    this.hasLeft = found === undefined;
  }

  get peerPort(): number {
    return this.socket.remotePort ?? 0;
  }

  peerMac(): MacAddress | undefined {
    return this.#peerMac(fdOf(this.socket));
  }

  expectMore(): void {}

  rest(): void {}

  end(bytes: Buffer | undefined): void {
    if (bytes === undefined) this.socket.end();
    else this.socket.end(bytes);
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }
}

/** Connects to the UNIX socket of that name by a socket of Node's own. */
export function socketDial(path: string): Dial {
  return (user) => {
    const socket = connect({ path });
    const failed = (error: NodeJS.ErrnoException) => user.connectFailed(error.code ?? 'unknown', error.message);
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.off('error', failed);
      user.connected(new SocketLink(socket));
    });
  };
}

/** Accepts on a server of Node's own. */
export class SocketGate implements Gate {
  readonly #server: Server;
  readonly #user: GateUser;

  constructor(user: GateUser, peerMac: PeerMac) {
    this.#user = user;
    // Not `noDelay`: the supervisor's sockets have it set, and connections inherit it.
    this.#server = createServer({ allowHalfOpen: true }, (socket) =>
      user.accepted(new SocketClientLink(socket, peerMac)),
    );
  }

  listen(target: ListenTarget): Promise<AddressInfo | undefined> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(target, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#user.failed(error));
        const address = this.#server.address();
        resolve(typeof address === 'string' || address === null ? undefined : address);
      });
    });
  }

  close(): void {
    this.#server.close();
  }
}

/** Returns null when Node cannot name it: it throws for a link-local peer whose zone is no interface of its namespace (contract.md 2.1). */
function peerAddress(socket: Socket): string | undefined | null {
  try {
    return socket.remoteAddress;
  } catch {
    return null;
  }
}
