import type { PeerMac } from '../identity/mac-address.ts';
import type { FrontLink } from './front-link.ts';

/** Who a link tells; the proxy's `LinkUser`. */
export interface LinkUser {
  received(chunk: Buffer): void;
  peerEnded(): void;
  drained(): void;
  stalled(): void;
  weEnded(): void;
  gone(code?: string): void;
}

/** Who is at the other end of a client's connection, as the kernel says. */
export interface FrontPeer {
  readonly fd: number;
  readonly address: string;
  readonly port: number;
  readonly macOf: PeerMac;
}

/** Who hears what became of an attempt to connect; the proxy's `DialUser`. */
export interface DialUser {
  connected(link: FrontLink): void;
  connectFailed(code: string, message: string): void;
}
