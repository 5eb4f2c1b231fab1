import type { MacAddress } from '../identity/mac-address.ts';

/** Who is at the other end of a client's connection, as the kernel says. */
export interface FrontPeer {
  readonly fd: number;
  readonly address: string;
  readonly port: number;
  /** Looks its MAC address up, by the slot of its connection and the descriptor of its socket, while that is open. */
  readonly macOf: (slot: number, fd: number) => MacAddress | undefined;
}

/** The agent, whose socket has that name. */
export function agentPeer(path: string): FrontPeer {
  return { fd: -1, address: path, port: 0, macOf: () => undefined };
}
