import type { PeerMac } from '../identity/mac-address.ts';

/** Who is at the other end of a client's connection, as the kernel says. */
export interface FrontPeer {
  readonly fd: number;
  readonly address: string;
  readonly port: number;
  readonly macOf: PeerMac;
}

/** The agent, whose socket has that name. */
export function agentPeer(path: string): FrontPeer {
  return { fd: -1, address: path, port: 0, macOf: () => undefined };
}
