import type { PortId } from '../identity/port-id.ts';
import type { SteeringMaps } from '../kernel/maps.ts';
import { PacketEvents, type PacketTraced } from '../kernel/packet-events.ts';
import type { Programs } from '../kernel/programs.ts';
import { NeighbourResolver } from '../kernel/resolver.ts';
import type { Logger } from '../log.ts';
import type { LiveConfig } from './live-config.ts';
import { AddressMoves } from './moves.ts';
import type { Port } from './port.ts';
import { NeighbourRoom } from './room.ts';

export interface PacketReportsContext {
  readonly config: LiveConfig;
  readonly maps: SteeringMaps;
  readonly programs: Programs;
  readonly portOf: (id: PortId) => Port | undefined;
  readonly traced: (packet: PacketTraced) => void;
  readonly log: Logger;
}

/** Hears what the programs report and ask, and does something about it. Owns the threads that hear; one for a daemon's maps. */
export class PacketReports {
  readonly #room: NeighbourRoom;
  readonly #events: PacketEvents;
  readonly #resolver: NeighbourResolver;

  /** @throws {KernelError} when a thread cannot be started */
  constructor(context: PacketReportsContext) {
    const { maps, programs, portOf, traced, log } = context;
    const moves = new AddressMoves(portOf, log);
    const room = new NeighbourRoom(context);
    this.#room = room;
    this.#events = new PacketEvents(maps, {
      moved: moves.tell.bind(moves),
      refused: moves.refused.bind(moves),
      crowded: room.make.bind(room),
      traced,
    });
    this.#resolver = new NeighbourResolver(maps, programs.answer);
  }

  async close(): Promise<void> {
    this.#events.close();
    this.#resolver.close();
    await this.#room.close();
  }
}
