import type { Socket } from 'node:net';
import { type ClientAddress, clientAddressOf, isLinkLocal } from '../identity/client-address.ts';
import type { MacAddress } from '../identity/mac-address.ts';
import { fdOf } from './handle.ts';

/** Looks up the MAC address that frames of a connection came from, by the descriptor of its socket. */
export type PeerMac = (fd: number) => MacAddress | undefined;

/**
 * Finds out who a client is, from its socket alone (design D8). The MAC is looked up only for link-local clients.
 *
 * @returns undefined when the client cannot be identified; its connection must be reset, not answered (contract.md F8)
 */
export function identify(socket: Socket, peerMac: PeerMac): ClientAddress | undefined {
  const peer = peerAddress(socket);
  if (peer === undefined) return undefined;
  return clientAddressOf(peer, isLinkLocal(peer) ? peerMac(fdOf(socket)) : undefined);
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
