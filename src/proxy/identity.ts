import type { Socket } from 'node:net';
import { type ClientAddress, clientAddressOf, isLinkLocal } from '../identity/client-address.ts';
import type { MacAddress } from '../identity/mac-address.ts';
import { fdOf } from './handle.ts';

/** Looks up the MAC address that frames of a connection came from, by the descriptor of its socket. */
export type PeerMac = (fd: number) => MacAddress | undefined;

/**
 * MAC address that the frames of one connection came from. It is looked up when it is first asked for, and kept: the kernel
 * frees the saved SYN once it has been read (TCP_SAVED_SYN).
 */
export class ConnectionMac {
  readonly #socket: Socket;
  readonly #peerMac: PeerMac;
  #asked = false;
  #mac: MacAddress | undefined;

  constructor(socket: Socket, peerMac: PeerMac) {
    this.#socket = socket;
    this.#peerMac = peerMac;
  }

  /** Returns undefined when the kernel kept no SYN, or when the connection was gone before anybody asked. */
  get(): MacAddress | undefined {
    const fd = fdOf(this.#socket);
    if (this.#asked || fd === -1) return this.#mac;
    this.#asked = true;
    this.#mac = this.#peerMac(fd);
    return this.#mac;
  }
}

/** Who is at the other end of a connection. */
export interface Client {
  readonly address: ClientAddress;
  readonly mac: ConnectionMac;
}

/**
 * Finds out who a client is, from its socket alone (design D8). The MAC is looked up only for link-local clients.
 *
 * @returns undefined when the client cannot be identified; its connection must be reset, not answered (contract.md F8)
 */
export function identify(socket: Socket, peerMac: PeerMac): Client | undefined {
  const peer = peerAddress(socket);
  if (peer === undefined) return undefined;
  const mac = new ConnectionMac(socket, peerMac);
  const address = clientAddressOf(peer, isLinkLocal(peer) ? mac.get() : undefined);
  return address === undefined ? undefined : { address, mac };
}

/** Tells whether a client was gone before anybody looked at it. */
export function hasLeft(socket: Socket): boolean {
  try {
    return socket.remoteAddress === undefined;
  } catch {
    return false;
  }
}

/** Node throws for a link-local peer whose zone is no interface of its own namespace (contract.md 2.1). */
function peerAddress(socket: Socket): string | undefined {
  try {
    return socket.remoteAddress;
  } catch {
    return undefined;
  }
}
