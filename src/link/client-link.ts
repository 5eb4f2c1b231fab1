import type { AddressInfo, ListenOptions } from 'node:net';
import type { MacAddress } from '../identity/mac-address.ts';
import type { PortId } from '../identity/port-id.ts';
import type { Link } from './link.ts';

/** One client's TCP connection. */
export interface ClientLink extends Link {
  /** Address of the other end, from the kernel; undefined when there is none any more or it cannot be named. */
  readonly peer: string | undefined;
  /** Its port, 0 when it has none any more. */
  readonly peerPort: number;
  /** Whether the client had gone before anybody looked. */
  readonly hasLeft: boolean;
  /** MAC address that its frames came from, while the kernel knows it; to be asked once, and only while `isOpen`. */
  readonly peerMac: () => MacAddress | undefined;
  /** The client has nothing to wait for: what it sends next matters. Without this it is told some time later. */
  expectMore(): void;
  /** The same, and nothing of the client has begun: when it ends its side, the connection may be closed before that is told. */
  rest(): void;
  /**
   * Sends the last bytes, if any, and ends our side.
   *
   * @param isWhole nothing more of the client is of interest: if the kernel takes all bytes, the connection may be closed at once
   */
  end(bytes: Buffer | undefined, isWhole: boolean): void;
  /** Closes at once, with a reset for the client. Nothing is told any more. */
  reset(): void;
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
