import type { PortId } from '../identity/port-id.ts';
import { call, callAsync, cString, room } from './ffi.ts';
import { isKernelError, KernelError } from './kernel-error.ts';
import {
  MAPS_BYTES,
  NEIGHBOUR_BYTES,
  type Neighbour,
  type NeighbourKey,
  PORT_BYTES,
  PORT_COUNTERS_BYTES,
  type Port,
  type PortCounters,
  readMaps,
  readNeighbour,
  readPort,
  readPortCounters,
  type Settings,
  VERDICT_NAMES,
  type VerdictName,
  writeMapSizes,
  writeNeighbour,
  writeNeighbourKey,
  writePort,
  writeSettings,
} from './layout.gen.ts';
import { builtFile } from './paths.ts';

/** Packets by verdict. Every verdict has an entry. */
export type Counters = Readonly<Record<VerdictName, number>>;

/** The maps at one moment. */
export interface MapsReading {
  readonly counters: (slot: number) => Counters;
  readonly port: (portId: PortId) => Port;
}

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

function countersOf({ packets }: PortCounters): Counters {
  return Object.fromEntries(VERDICT_NAMES.map((name, index) => [name, Number(packets[index])])) as Counters;
}

/** The maps that all program instances of this daemon share (bpf/maps.h). Owns their descriptors. */
export class SteeringMaps {
  readonly #descriptors: Buffer;
  readonly #portsMax: number;
  #open = true;

  private constructor(descriptors: Buffer, portsMax: number) {
    this.#descriptors = descriptors;
    this.#portsMax = portsMax;
  }

  /**
   * @param sizes bounds: slots for ports, and neighbours over all ports.
   * @throws {KernelError} with libbpf's explanation: EPERM without CAP_BPF, for example.
   */
  static async create(sizes: { readonly portsMax: number; readonly neighboursMax: number }): Promise<SteeringMaps> {
    const descriptors = Buffer.alloc(MAPS_BYTES);
    const path = cString(builtFile('steer'));
    await withLog((log, size) => callAsync('ms_maps_create', path, writeMapSizes(sizes), descriptors, log, size));
    return new SteeringMaps(descriptors, sizes.portsMax);
  }

  /** `struct ms_maps`, for calls that take it. */
  get descriptors(): Buffer {
    return this.#descriptors;
  }

  /** Reads what all slots counted and what is known of all ports, each with one call. */
  async read(): Promise<MapsReading> {
    const { counters, ports } = readMaps(this.#descriptors);
    const counted = Buffer.alloc((this.#portsMax + 1) * PORT_COUNTERS_BYTES);
    const known = Buffer.alloc(this.#portsMax * PORT_BYTES);
    await callAsync('ms_counters_read', counters, 0, this.#portsMax + 1, counted);
    await callAsync('ms_ports_read', ports, 0, this.#portsMax, known);
    return {
      counters: (slot) => countersOf(readPortCounters(counted, slot * PORT_COUNTERS_BYTES)),
      port: (portId) => readPort(known, portId * PORT_BYTES),
    };
  }

  /** @param slot of a port, or `noPort` */
  counters(slot: number): Counters {
    const counted = room(PORT_COUNTERS_BYTES);
    call('ms_counters_read', readMaps(this.#descriptors).counters, slot, 1, counted);
    return countersOf(readPortCounters(counted));
  }

  port(portId: PortId): Port {
    const port = room(PORT_BYTES);
    call('ms_ports_read', readMaps(this.#descriptors).ports, portId, 1, port);
    return readPort(port);
  }

  /** The slot in `counters` for what is no port's. */
  get noPort(): number {
    return this.#portsMax;
  }

  /** Puts a program into a stage; the map keeps it loaded. */
  setStage(stage: number, programFd: number): void {
    call('ms_stage_write', readMaps(this.#descriptors).stages, stage, programFd);
  }

  /** Packets that would go on to it pass untouched from here on. */
  clearStage(stage: number): void {
    call('ms_stage_clear', readMaps(this.#descriptors).stages, stage);
  }

  /** Says which port a device of the metasteer namespace is. @throws {KernelError} E2BIG when there are too many */
  addDevice(ifindex: number, portId: PortId): void {
    call('ms_device_write', readMaps(this.#descriptors).devices, ifindex, portId);
  }

  removeDevice(ifindex: number): void {
    try {
      call('ms_device_delete', readMaps(this.#descriptors).devices, ifindex);
    } catch (error) {
      if (!isKernelError(error, 'ENOENT')) throw error;
    }
  }

  /** For tests of the programs: the daemon leaves this to them. */
  writePort(portId: PortId, port: Port): void {
    call('ms_port_write', readMaps(this.#descriptors).ports, portId, writePort(port));
  }

  /** Gives a slot to a new port: nothing counted, nothing learned. */
  async beginPort(portId: PortId, macs: Pick<Port, 'routerMac' | 'deviceMac'>): Promise<void> {
    await callAsync('ms_port_begin', this.#descriptors, portId, writePort({ neighbours: 0, ...macs }));
  }

  /** Forgets what a port learned. */
  async endPort(portId: PortId): Promise<void> {
    await callAsync('ms_port_end', this.#descriptors, portId);
  }

  /** One lookup; undefined when the address is not known at that port. */
  neighbour(key: NeighbourKey): Neighbour | undefined {
    const value = room(NEIGHBOUR_BYTES);
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
