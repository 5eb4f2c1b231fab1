import type { PortId } from '../identity/port-id.ts';
import { call, callAsync, cString } from './ffi.ts';
import { isKernelError, KernelError } from './kernel-error.ts';
import {
  MAPS_BYTES,
  NEIGHBOUR_BYTES,
  type Neighbour,
  type NeighbourKey,
  PORT_COUNTERS_BYTES,
  PORT_STATE_BYTES,
  type PortState,
  readMaps,
  readNeighbour,
  readPortCounters,
  readPortState,
  type Settings,
  VERDICT_NAMES,
  type VerdictName,
  writeMapSizes,
  writeNeighbour,
  writeNeighbourKey,
  writePortState,
  writeSettings,
} from './layout.gen.ts';
import { builtFile } from './paths.ts';

/** Packets by verdict. Every verdict has an entry. */
export type Counters = Readonly<Record<VerdictName, number>>;

const LOG_BYTES = 256 * 1024;
/** Log buffers between two uses; as many as calls ever ran at once. */
const spareLogs: Buffer[] = [];

/** Runs a call that explains itself in a log, and puts the explanation into the error. */
export async function withLog(run: (log: Buffer, size: number) => Promise<void>): Promise<void> {
  const log = spareLogs.pop() ?? Buffer.alloc(LOG_BYTES);
  try {
    await run(log, log.length);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    const end = log.indexOf(0);
    throw new KernelError(error.operation, error.errno, importantLines(log.toString('utf8', 0, end)));
  } finally {
    spareLogs.push(log);
  }
}

/** The verifier's reason is in its last lines; thousands of lines of state come before them. */
function importantLines(log: string): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  const shown = lines.slice(-12);
  const left = lines.length - shown.length;
  return left > 0 ? `(${left} lines left out)\n${shown.join('\n')}` : shown.join('\n');
}

/** The maps that all program instances of this daemon share (bpf/maps.h). Owns their descriptors. */
export class SteeringMaps {
  readonly #descriptors: Buffer;
  #open = true;

  private constructor(descriptors: Buffer) {
    this.#descriptors = descriptors;
  }

  /**
   * @param sizes bounds: slots for ports, and neighbours over all ports.
   * @throws {KernelError} with libbpf's explanation: EPERM without CAP_BPF, for example.
   */
  static async create(sizes: { readonly portsMax: number; readonly neighboursMax: number }): Promise<SteeringMaps> {
    const descriptors = Buffer.alloc(MAPS_BYTES);
    const path = cString(builtFile('steer'));
    await withLog((log, size) => callAsync('ms_maps_create', path, writeMapSizes(sizes), descriptors, log, size));
    return new SteeringMaps(descriptors);
  }

  /** `struct ms_maps`, for calls that take it. */
  get descriptors(): Buffer {
    return this.#descriptors;
  }

  counters(portId: PortId): Counters {
    const packets = Buffer.alloc(PORT_COUNTERS_BYTES);
    call('ms_counters_read', readMaps(this.#descriptors).counters, portId, packets);
    const counted = readPortCounters(packets).packets;
    return Object.fromEntries(VERDICT_NAMES.map((name, index) => [name, Number(counted[index])])) as Counters;
  }

  portState(portId: PortId): PortState {
    const state = Buffer.alloc(PORT_STATE_BYTES);
    call('ms_port_state_read', readMaps(this.#descriptors).portState, portId, state);
    return readPortState(state);
  }

  /** For tests of the programs: the daemon leaves this to them. */
  writePortState(portId: PortId, state: PortState): void {
    call('ms_port_state_write', readMaps(this.#descriptors).portState, portId, writePortState(state));
  }

  /** Makes a slot fit for a new port: nothing counted, nothing learned. */
  async reset(portId: PortId): Promise<void> {
    await callAsync('ms_port_reset', this.#descriptors, portId);
  }

  /** One lookup; undefined when the address is not known at that port. */
  neighbour(key: NeighbourKey): Neighbour | undefined {
    const value = Buffer.alloc(NEIGHBOUR_BYTES);
    try {
      call('ms_neighbour_read', readMaps(this.#descriptors).neighbours, writeNeighbourKey(key), value);
    } catch (error) {
      if (isKernelError(error, 'ENOENT')) return undefined;
      throw error;
    }
    return readNeighbour(value);
  }

  /** For tests of the programs: not counted in the port's state. */
  writeNeighbour(key: NeighbourKey, neighbour: Neighbour): void {
    const { neighbours } = readMaps(this.#descriptors);
    call('ms_neighbour_write', neighbours, writeNeighbourKey(key), writeNeighbour(neighbour));
  }

  writeSettings(settings: Settings): void {
    call('ms_settings_write', readMaps(this.#descriptors).settings, writeSettings(settings));
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const fd of Object.values(readMaps(this.#descriptors))) call('ms_close', fd);
  }
}
