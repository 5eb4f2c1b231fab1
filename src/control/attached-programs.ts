import { macAddressBytes } from '../identity/mac-address.ts';
import type { Programs } from '../kernel/programs.ts';
import type { HandOverDocument } from './hand-over-document.ts';
import type { Port } from './port.ts';

export interface Replacement {
  readonly ports: readonly Port[];
  /** Whether packets stay held when the daemon ends (`steering.on_exit`). */
  readonly hold: boolean;
  /** Those that are there, where that is known: what is the same stays. */
  readonly before?: HandOverDocument['tags'];
}

/**
 * Puts a daemon's own programs on the interface and the device of each port, in place of those of another version, each in one step.
 *
 * @param failed called for each port at which it cannot be done; without it, the first ends it all
 * @throws {KernelError}
 */
export async function replacePrograms(
  programs: Programs,
  { ports, hold, before }: Replacement,
  failed?: (port: Port, error: unknown) => void,
): Promise<void> {
  const now = before === undefined ? undefined : await programs.tags();
  const isSame = (kind: 'match' | 'restore') => now !== undefined && now[kind] === before?.[kind];
  for (const port of ports) {
    try {
      if (!isSame('restore')) await port.restore.replace(programs.restore);
      if (!isSame('match')) await replaceMatch(programs, port, hold);
    } catch (error) {
      if (failed === undefined) throw error;
      failed(port, error);
    }
  }
}

async function replaceMatch(programs: Programs, port: Port, hold: boolean): Promise<void> {
  const macs = { routerMac: macAddressBytes(port.found.link.mac), deviceMac: macAddressBytes(port.device.link.mac) };
  const match = await programs.loadMatch({ portId: port.id, ...macs, hold: hold ? 1 : 0 });
  try {
    await port.attachment.replace(match);
  } finally {
    match.close();
  }
}
