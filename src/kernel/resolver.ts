import type { PortId } from '../identity/port-id.ts';
import { call, cString, readS32, room } from './ffi.ts';
import type { SteeringMaps } from './maps.ts';
import type { SteeringProgram } from './program.ts';
import { RecordStream } from './record-stream.ts';

/**
 * Answers the programs' questions of which MAC a router's neighbour table has for an address (native/resolve.c), on a thread
 * of the shim. One in a process, because ports are registered for the process. Owns its thread.
 */
export class NeighbourResolver {
  readonly #stream: RecordStream<never>;

  /** @throws {KernelError} when the thread cannot be started */
  constructor(maps: SteeringMaps, answer: SteeringProgram) {
    this.#stream = new RecordStream({
      recordBytes: 1,
      open: () => {
        const fd = room('s32');
        call('ms_resolver_open', maps.asks, answer.fd, fd);
        return readS32(fd);
      },
      record: () => undefined,
      reopened: () => undefined,
    });
  }

  close(): void {
    this.#stream.close();
  }
}

/** Says where the neighbours of a port are found: an interface of the namespace at this path. */
export function resolveAt(portId: PortId, netns: string, ifindex: number): void {
  call('ms_resolver_port', portId, cString(netns), ifindex);
}

/** Nothing is asked for that port from here on. */
export function resolveNowhere(portId: PortId): void {
  call('ms_resolver_port', portId, cString(''), 0);
}
