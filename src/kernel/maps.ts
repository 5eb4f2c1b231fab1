import type { PortId } from '../identity/port-id.ts';
import { withLog } from './explained-call.ts';
import { call, callAsync, cString, type Memory, ownRoom, room } from './ffi.ts';
import { isKernelError } from './kernel-error.ts';
import {
  DRAINING,
  type Flow,
  type FlowKey,
  MAPS_WORDS,
  type MapSizes,
  type Neighbour,
  type NeighbourKey,
  type Port,
  type PortCounters,
  readFlow,
  readMaps,
  readNeighbour,
  readPort,
  readPortCounters,
  readSweepResult,
  type Settings,
  type SweepLimits,
  type SweepResult,
  VERDICT_NAMES,
  type VerdictName,
  writeFlow,
  writeFlowKey,
  writeMapSizes,
  writeNeighbour,
  writeNeighbourKey,
  writePort,
  writeSettings,
  writeSweepLimits,
} from './layout.gen.ts';
import { builtFile } from './paths.ts';
import { NEW_PORT, type PortBeginning } from './port-beginning.ts';
import type { SteeringProgram } from './program.ts';

/** Packets by verdict. Every verdict has an entry. */
export type Counters = Readonly<Record<VerdictName, number>>;

export type Draining = 'not' | 'pass' | 'hold';

const DRAINING_VALUES: Readonly<Record<Draining, number>> = {
  not: DRAINING.MS_DRAINING_NOT,
  pass: DRAINING.MS_DRAINING_PASS,
  hold: DRAINING.MS_DRAINING_HOLD,
};

/** The maps at one moment. */
export interface MapsReading {
  /** What was counted over all ports since the maps were made, those that are gone too. */
  readonly total: Counters;
  readonly counters: (slot: number) => Counters;
  readonly port: (portId: PortId) => Port;
}

/** How many maps all programs share. */
export const SHARED_MAPS = MAPS_WORDS;

function countersOf({ packets }: PortCounters): Counters {
  return Object.fromEntries(VERDICT_NAMES.map((name, index) => [name, Number(packets[index])])) as Counters;
}

/** The descriptors in `struct ms_maps`, in its order. */
function wordsOf(maps: Memory<'ms_maps'>): Int32Array {
  return new Int32Array(maps.buffer, maps.byteOffset, MAPS_WORDS);
}

/** The maps that all program instances of this daemon share (bpf/maps.h). Owns their descriptors. */
export class SteeringMaps {
  readonly #descriptors: Memory<'ms_maps'>;
  readonly #portsMax: number;
  /** Packets by verdict that slots had counted when they were given to another port. */
  readonly #former = new Array<number>(VERDICT_NAMES.length).fill(0);
  #open = true;

  private constructor(descriptors: Memory<'ms_maps'>, portsMax: number) {
    this.#descriptors = descriptors;
    this.#portsMax = portsMax;
  }

  /**
   * @param sizes bounds: slots for ports, and neighbours and flows over all ports.
   * @throws {KernelError} with libbpf's explanation: EPERM without CAP_BPF, for example.
   */
  static async create(sizes: MapSizes): Promise<SteeringMaps> {
    const descriptors = ownRoom('ms_maps');
    const path = cString(builtFile('steer'));
    await withLog((log, size) => callAsync('ms_maps_create', path, writeMapSizes(sizes), descriptors, log, size));
    return new SteeringMaps(descriptors, sizes.portsMax);
  }

  /** Those of a daemon before this one, in the order of `struct ms_maps`. */
  static adopt(fds: readonly number[], portsMax: number): SteeringMaps {
    const descriptors = ownRoom('ms_maps');
    wordsOf(descriptors).set(fds);
    return new SteeringMaps(descriptors, portsMax);
  }

  /** For the next daemon to adopt. */
  get fds(): readonly number[] {
    return [...wordsOf(this.#descriptors)];
  }

  /** `struct ms_maps`, for calls that take it. */
  get descriptors(): Memory<'ms_maps'> {
    return this.#descriptors;
  }

  /** The ring buffer in which the programs report packets. */
  get packetEvents(): number {
    return readMaps(this.#descriptors).packetEvents;
  }

  /** Reads what all slots counted and what is known of all ports, each with one call. */
  async read(): Promise<MapsReading> {
    const { counters, ports } = readMaps(this.#descriptors);
    const counted = ownRoom('ms_port_counters', this.#portsMax + 1);
    const known = ownRoom('ms_port', this.#portsMax);
    await callAsync('ms_counters_read', counters, 0, this.#portsMax + 1, counted);
    await callAsync('ms_ports_read', ports, 0, this.#portsMax, known);
    return {
      total: this.#totalOf(counted),
      counters: (slot) => countersOf(readPortCounters(counted, slot)),
      port: (portId) => readPort(known, portId),
    };
  }

  #totalOf(counted: Memory<'ms_port_counters'>): Counters {
    const total = [...this.#former];
    const numbers = new BigUint64Array(
      counted.buffer,
      counted.byteOffset,
      counted.length / BigUint64Array.BYTES_PER_ELEMENT,
    );
    for (const [index, packets] of numbers.entries()) {
      const verdict = index % VERDICT_NAMES.length;
      total[verdict] = (total[verdict] ?? 0) + Number(packets);
    }
    return Object.fromEntries(VERDICT_NAMES.map((name, index) => [name, total[index] ?? 0])) as Counters;
  }

  /** @param slot of a port, or `noPort` */
  counters(slot: number): Counters {
    const counted = room('ms_port_counters');
    call('ms_counters_read', readMaps(this.#descriptors).counters, slot, 1, counted);
    return countersOf(readPortCounters(counted));
  }

  /** Packets dropped for a limit so far, by slot of the port. */
  async limitDrops(): Promise<BigUint64Array> {
    const drops = ownRoom('u64', this.#portsMax);
    await callAsync('ms_limit_drops_read', readMaps(this.#descriptors).counters, 0, this.#portsMax, drops);
    return new BigUint64Array(drops.buffer, drops.byteOffset, this.#portsMax);
  }

  port(portId: PortId): Port {
    const port = room('ms_port');
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

  /** Says what becomes of new connections at a port: they are steered, left to whoever else there is, or held back. */
  setDraining(portId: PortId, draining: Draining): void {
    call('ms_draining_write', readMaps(this.#descriptors).draining, portId, DRAINING_VALUES[draining]);
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

  /** Says which port a router interface is. @param netns inode of its namespace */
  addInterface(netns: number, ifindex: number, portId: PortId): void {
    call('ms_interface_write', readMaps(this.#descriptors).interfaces, netns, ifindex, portId);
  }

  removeInterface(netns: number, ifindex: number): void {
    try {
      call('ms_interface_delete', readMaps(this.#descriptors).interfaces, netns, ifindex);
    } catch (error) {
      if (!isKernelError(error, 'ENOENT')) throw error;
    }
  }

  /** Makes what is on the link of a port what the addresses of an interface say now. @throws {KernelError} */
  async followPrefixes(netns: string, ifindex: number, portId: PortId): Promise<void> {
    await callAsync('ms_prefixes_follow', this.#descriptors, cString(netns), ifindex, portId);
  }

  /** Addresses of which the programs ask for the neighbour. */
  get asks(): number {
    return readMaps(this.#descriptors).asks;
  }

  /** For tests of the programs: the daemon leaves this to them. */
  writePort(portId: PortId, port: Port): void {
    call('ms_port_write', readMaps(this.#descriptors).ports, portId, writePort(port));
  }

  /** Gives a slot to a new port: nothing counted, nothing learned. */
  async beginPort(portId: PortId, begun: PortBeginning): Promise<void> {
    for (const [index, packets] of Object.values(this.counters(portId)).entries())
      this.#former[index] = (this.#former[index] ?? 0) + packets;
    await callAsync('ms_port_begin', this.#descriptors, portId, writePort({ ...NEW_PORT, ...begun }));
  }

  /** Forgets what a port learned. */
  async endPort(portId: PortId): Promise<void> {
    await callAsync('ms_port_end', this.#descriptors, portId);
  }

  /** One lookup; undefined when the address is not known at that port. */
  neighbour(key: NeighbourKey): Neighbour | undefined {
    const value = room('ms_neighbour');
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

  /** For tests of the programs: not counted at its port and neighbour. */
  writeFlow(key: FlowKey, flow: Flow): void {
    call('ms_flow_write', readMaps(this.#descriptors).flows, writeFlowKey(key), writeFlow(flow));
  }

  /** For tests of the programs. @param flow `seenNs` is when it ended */
  writeEndedFlow(key: FlowKey, flow: Flow): void {
    call('ms_flow_write', readMaps(this.#descriptors).endedFlows, writeFlowKey(key), writeFlow(flow));
  }

  /** One lookup; undefined when there is no such flow. */
  flow(key: FlowKey): Flow | undefined {
    const value = room('ms_flow');
    try {
      call('ms_flow_read', readMaps(this.#descriptors).flows, writeFlowKey(key), value);
    } catch (error) {
      if (isKernelError(error, 'ENOENT')) return undefined;
      throw error;
    }
    return readFlow(value);
  }

  /** Forgets neighbours and flows that were not used. */
  async sweep(forget: SteeringProgram, limits: SweepLimits): Promise<SweepResult> {
    const result = room('ms_sweep_result');
    await callAsync('ms_sweep', this.#descriptors, forget.fd, writeSweepLimits(limits), result);
    return readSweepResult(result);
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
