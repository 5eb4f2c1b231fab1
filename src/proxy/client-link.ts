import type { AddressInfo, ListenOptions } from 'node:net';
import type { MacAddress } from '../identity/mac-address.ts';
import type { PortId } from '../identity/port-id.ts';

/** One client's TCP connection, as the request path sees it, whoever has the socket. */
export interface ClientLink {
  /** Address of the other end, from the kernel; undefined when there is none any more or it cannot be named. */
  readonly peer: string | undefined;
  /** Its port, 0 when it has none any more. */
  readonly peerPort: number;
  /** Whether the client had gone before anybody looked. */
  readonly hasLeft: boolean;
  /** MAC address that its frames came from, while the kernel knows it; to be asked once, and only while `isOpen`. */
  readonly peerMac: () => MacAddress | undefined;
  readonly isOpen: boolean;
  /** Bytes written that wait in this process, those that have just been handed to the kernel among them. */
  readonly waiting: number;
  /** Bytes written that the kernel has not taken. It shrinks while the client reads. */
  readonly unsent: number;
  /** Whether the client should be waited for before more is written. */
  readonly isSlow: boolean;
  /** Begins to tell what the client does. Nothing is told before. */
  serve(user: LinkUser): void;
  /** The client has nothing to wait for: what it sends next matters. Without this it is told some time later. */
  expectMore(): void;
  /** Returns false when the client should be waited for; `drained` tells when no longer. */
  write(bytes: Buffer): boolean;
  /**
   * Sends the last bytes, if any, and ends our side.
   *
   * @param isWhole nothing more of the client is of interest: if the kernel takes all bytes, the connection may be closed at once
   */
  end(bytes: Buffer | undefined, isWhole: boolean): void;
  /** Leaves the client's bytes with the kernel. */
  pause(): void;
  resume(): void;
  /** Closes at once. Nothing is told any more. */
  destroy(): void;
  /** The same, with a reset for the client. */
  reset(): void;
}

/** Who a link tells. */
export interface LinkUser {
  /** The buffer is the user's. */
  received(chunk: Buffer): void;
  /** The client has ended its side. */
  clientEnded(): void;
  /** The client has taken everything. */
  drained(): void;
  /** The client does not take what `write` seemed to have got rid of. */
  stalled(): void;
  /** Our side is ended, and everything before it is with the kernel. */
  weEnded(): void;
  /** The connection is closed, by whomever. */
  gone(): void;
}

/** What Node's servers listen on. Its types do not know the descriptor. */
export interface ListenTarget extends ListenOptions {
  /** Of a socket that is bound, which is the gate's from here on. */
  readonly fd?: number;
}

/** Where the clients of one port come in. */
export interface Gate {
  /**
   * Begins to accept.
   *
   * @returns where it listens
   * @throws {Error} what listening reports
   */
  listen(target: ListenTarget): Promise<AddressInfo | undefined>;
  /** Stops accepting. Open connections go on. */
  close(): void;
}

/** What a gate tells. */
export interface GateUser {
  accepted(link: ClientLink): void;
  /** A client was reset, because there were more than can be held. */
  refused(): void;
  failed(error: Error): void;
}

/** Makes the gate of a port. */
export type GateOpener = (portId: PortId, user: GateUser) => Gate;
