import { type ClientAddress, clientAddressOf, isLinkLocal } from '../identity/client-address.ts';
import type { MacAddress } from '../identity/mac-address.ts';
import type { ClientLink } from '../link/client-link.ts';

/**
 * MAC address that the frames of one connection came from. It is looked up when it is first asked for, and kept: the kernel
 * frees the saved SYN once it has been read (TCP_SAVED_SYN).
 */
export class ConnectionMac {
  readonly #link: ClientLink;
  #asked = false;
  #mac: MacAddress | undefined;

  constructor(link: ClientLink) {
    this.#link = link;
  }

  /** Returns undefined when the kernel kept no SYN, or when the connection was gone before anybody asked. */
  get(): MacAddress | undefined {
    if (this.#asked || !this.#link.isOpen) return this.#mac;
    this.#asked = true;
    this.#mac = this.#link.peerMac();
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
export function identify(link: ClientLink): Client | undefined {
  const { peer } = link;
  if (peer === undefined) return undefined;
  const mac = new ConnectionMac(link);
  const address = clientAddressOf(peer, isLinkLocal(peer) ? mac.get() : undefined);
  return address === undefined ? undefined : { address, mac };
}
