import type { PortId } from '../identity/port-id.ts';
import { call, callAsync, cString, type Memory, ownRoom, room } from './ffi.ts';
import { isKernelError, KernelError } from './kernel-error.ts';
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
import type { SteeringProgram } from './program.ts';

/** Packets by verdict. Every verdict has an entry. */
export type Counters = Readonly<Record<VerdictName, number>>;

export type Draining = 'not' | 'pass' | 'hold';

const DRAINING_VALUES: Readonly<Record<Draining, number>> = {
  not: DRAINING.MS_DRAINING_NOT,
  pass: DRAINING.MS_DRAINING_PASS,
  hold: DRAINING.MS_DRAINING_HOLD,
};

/** What a port begins with. */
export type PortBeginning = Pick<Port, 'routerMac' | 'deviceMac'> & Partial<Pick<Port, 'takingOverUntilNs'>>;

/** The maps at one moment. */
export interface MapsReading {
  /** What was counted over all ports since the maps were made, those that are gone too. */
  readonly total: Counters;
  readonly counters: (slot: number) => Counters;
  readonly port: (portId: PortId) => Port;
}

/** How many maps all programs share. */
export const SHARED_MAPS = MAPS_WORDS;

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

  /** For tests of the programs: the daemon leaves this to them. */
  writePort(portId: PortId, port: Port): void {
    call('ms_port_write', readMaps(this.#descriptors).ports, portId, writePort(port));
  }

  /** Gives a slot to a new port: nothing counted, nothing learned. */
  async beginPort(portId: PortId, begun: PortBeginning): Promise<void> {
    for (const [index, packets] of Object.values(this.counters(portId)).entries())
      this.#former[index] = (this.#former[index] ?? 0) + packets;
    const port = { takingOverUntilNs: 0n, ...begun, busyUntilNs: 0n, neighbours: 0, open: 0 };
    await callAsync('ms_port_begin', this.#descriptors, portId, writePort(port));
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
