import type { PortId } from '../identity/port-id.ts';
import { callAsync, readU32, room } from './ffi.ts';
import { MS_ALL_PORTS } from './layout.gen.ts';
import type { SteeringMaps } from './maps.ts';
import type { SteeringProgram } from './program.ts';

/** How many neighbours are to make room. */
export interface RoomWanted {
  /** At most so many that never completed a handshake, … */
  readonly unconfirmed: number;
  /** … then at most so many of all. */
  readonly all: number;
}

/**
 * Has neighbours without a connection make room, the longest unseen first.
 *
 * @param portId undefined for all ports
 * @returns how many did
 */
export async function makeRoom(
  maps: SteeringMaps,
  forget: SteeringProgram,
  portId: PortId | undefined,
  { unconfirmed, all }: RoomWanted,
): Promise<number> {
  const evicted = room('u32');
  await callAsync('ms_make_room', maps.descriptors, forget.fd, portId ?? MS_ALL_PORTS, unconfirmed, all, evicted);
  return readU32(evicted);
}
