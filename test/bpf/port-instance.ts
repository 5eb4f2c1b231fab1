/** A port's programs on maps of their own, which a row's setup fills. */

import { macBytes } from '../../bench/packet-builder.ts';
import { parsePortId } from '../../src/identity/port-id.ts';
import { isKernelError } from '../../src/kernel/kernel-error.ts';
import { FLOW_FLAG, type Flow, STAGE } from '../../src/kernel/layout.gen.ts';
import { SteeringMaps } from '../../src/kernel/maps.ts';
import type { SteeringProgram, TestRun } from '../../src/kernel/program.ts';
import { Programs } from '../../src/kernel/programs.ts';
import { clientKey, DEVICE, endsBeforeIpHeader, INSTANCE, ROUTER } from './frames.ts';
import { type At, enter, leave, type Places, ROUTER_NETNS } from './router-namespace.ts';
import type { FlowFlag, Known, KnownFlow, Limit, Setup } from './row.ts';

/** The port whose programs run, and another one of the same node. */
export const PORT = parsePortId(2);
export const OTHER_PORT = parsePortId(1);

/** The way in begins with ms_match and goes on with ms_steer; the way out is ms_restore; the shield is ms_guard. */
export type Way = 'in' | 'out' | 'shield';

/** The device a packet of BPF_PROG_TEST_RUN is on: the loopback of the namespace. */
const TEST_RUN_IFINDEX = 1;
const MACS = { routerMac: macBytes(ROUTER.mac), deviceMac: macBytes(DEVICE.mac) };
const OTHER_MACS = { routerMac: macBytes('fa:16:3e:00:02:01'), deviceMac: macBytes('fa:16:3e:00:02:fe') };
const SECOND = 10n ** 9n;
const HOUR = 3600n * SECOND;
/** More than any row has. */
const UNLIMITED = 1000;
/** bpf/abi.h, MS_MARK_HANDED_OVER. */
export const HANDED_OVER = 0x6d73_a9fe;

export interface InstanceOptions {
  /** Entries in the tables of neighbours and flows. */
  readonly room: number;
  readonly daemon?: Setup['daemon'];
  /** Whether every packet of every port is traced. */
  readonly traced?: boolean;
}

/** Traces all packets of all ports. */
export const EVERYTHING = {
  ports: Array.from({ length: 256 }, () => 2n ** 64n - 1n),
  address: new Uint8Array(16),
  byAddress: 0,
};

export function flagsValue(flags: readonly FlowFlag[]): number {
  const values = {
    answered: FLOW_FLAG.MS_FLOW_ANSWERED,
    client_ended: FLOW_FLAG.MS_FLOW_CLIENT_ENDED,
    service_ended: FLOW_FLAG.MS_FLOW_SERVICE_ENDED,
    accepted: FLOW_FLAG.MS_FLOW_ACCEPTED,
    established: FLOW_FLAG.MS_FLOW_ESTABLISHED,
    client_fin: FLOW_FLAG.MS_FLOW_CLIENT_FIN,
    unresolved: FLOW_FLAG.MS_FLOW_UNRESOLVED,
    handed_over: FLOW_FLAG.MS_FLOW_HANDED_OVER,
  } as const;
  return flags.reduce((total, flag) => total | values[flag], 0);
}

export class PortInstance {
  readonly maps: SteeringMaps;
  readonly program: SteeringProgram;
  readonly programs: Programs;
  readonly #way: Way;
  readonly #places: Places;

  private constructor(way: Way, places: Places, maps: SteeringMaps, programs: Programs, program: SteeringProgram) {
    this.#way = way;
    this.#places = places;
    this.maps = maps;
    this.program = program;
    this.programs = programs;
  }

  static async open(way: Way, { room, daemon, traced }: InstanceOptions): Promise<PortInstance> {
    const maps = await SteeringMaps.create({ portsMax: 4, neighboursMax: room, flowsMax: room });
    const programs = await Programs.prepare(maps);
    const constants = { portId: PORT, ...MACS, hold: daemon === 'gone and holding' ? 1 : 0 };
    if (traced) await programs.startTrace(EVERYTHING);
    if (daemon !== undefined) maps.clearStage(STAGE.MS_STAGE_STEER);
    const load = {
      in: () => programs.loadMatch(constants),
      out: () => Promise.resolve(programs.restore),
      shield: () => programs.loadGuard(constants),
    };
    return new PortInstance(way, await enter(), maps, programs, await load[way]());
  }

  async prepare(setup: Setup): Promise<void> {
    const now = process.hrtime.bigint();
    if (setup.device === 'of no port') this.maps.removeDevice(TEST_RUN_IFINDEX);
    else this.maps.addDevice(TEST_RUN_IFINDEX, PORT);
    await this.maps.beginPort(PORT, MACS);
    await this.maps.beginPort(OTHER_PORT, OTHER_MACS);
    this.#writeSettings(setup, now);
    for (const known of setup.known ?? []) this.#writeNeighbour(known, now);
    for (const flow of setup.flows ?? []) this.#writeFlow(flow);
    for (const { address, clientPort } of setup.ended ?? [])
      this.maps.writeEndedFlow({ portId: PORT, address: clientKey(address), clientPort }, flowValue({ seenNs: now }));
    this.maps.setDraining(PORT, setup.draining ?? 'not');
    this.maps.removeInterface(ROUTER_NETNS, this.#places.second);
    if (setup.second !== undefined) this.maps.addInterface(ROUTER_NETNS, this.#places.second, OTHER_PORT);
    await this.#writePrefixes(setup.prefixes ?? []);
    this.maps.writePort(PORT, this.#portState(setup, now));
  }

  #portState(setup: Setup, now: bigint) {
    const here = (each: { readonly at?: 'other port' }) => each.at === undefined;
    const known = (setup.known ?? []).filter(here);
    return {
      ...MACS,
      netns: ROUTER_NETNS,
      busyUntilNs: ahead(now, setup.portBusySeconds),
      takingOverUntilNs: setup.takingOver === 'port' ? now + HOUR : 0n,
      handedBusyUntilNs: ahead(now, setup.handedBusySeconds),
      ...{ asksBusyUntilNs: 0n, refusedNs: 0n, crowdedNs: 0n },
      neighbours: setup.counted ?? known.length,
      confirmed: setup.countedConfirmed ?? known.filter(({ confirmed }) => confirmed === true).length,
      open: setup.open ?? (setup.flows ?? []).filter(here).length,
      handedOpen: setup.handedOpen ?? 0,
      evicted: 0,
    };
  }

  /** By the addresses of the loopback of a namespace: what an interface has is what is written. */
  async #writePrefixes(prefixes: readonly string[]): Promise<void> {
    await this.#places.withAddresses(prefixes, (netns, ifindex) => this.maps.followPrefixes(netns, ifindex, PORT));
  }

  /** Undefined where the kernel refuses the frame: newer ones (seen with 6.18) want a whole IP header behind its EtherType. */
  run(
    frame: Buffer,
    setup: Pick<Setup, 'arrives' | 'handedOver'> = {},
    at: At = setup.arrives ?? 'router',
  ): TestRun | undefined {
    const mark = setup.handedOver ? HANDED_OVER : 0;
    try {
      if (this.#way === 'in') return this.program.testRun(frame, 1, { ...this.#places.at(at), mark });
      return this.program.testRun(frame);
    } catch (error) {
      if (endsBeforeIpHeader(frame) && isKernelError(error, 'EINVAL')) return undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    this.program.close();
    this.programs.close();
    this.maps.close();
    await leave();
  }

  #writeSettings(setup: Setup, now: bigint): void {
    const heartbeats = { stale: 1n, never: 0n, 'later than now': now + HOUR } as const;
    this.maps.writeSettings({
      heartbeatNs: setup.heartbeat === undefined ? now : heartbeats[setup.heartbeat],
      staleAfterNs: setup.heartbeat === 'stale' ? 1n : setup.heartbeat === 'never' ? 0n : HOUR,
      takingOverUntilNs: setup.takingOver === 'all ports' ? now + HOUR : 0n,
      portRate: rate(setup.portRate),
      sourceRate: rate(setup.sourceRate),
      portOpenMax: setup.portOpenMax ?? UNLIMITED,
      sourceOpenMax: setup.sourceOpenMax ?? UNLIMITED,
      neighboursPerPortMax: setup.perPortMax ?? 8,
    });
  }

  #writeNeighbour(known: Known, now: bigint): void {
    const { address, mac, at, seenNs = 1n, busySeconds, open = 0, confirmed = false, checked, answer } = known;
    const portId = at === undefined ? PORT : OTHER_PORT;
    const state = {
      ...{ seenNs, busyUntilNs: ahead(now, busySeconds), open, confirmed: confirmed ? 1 : 0 },
      checkedNs: checked === 'never' ? 0n : checked === 'now' ? now : 1n,
      answeredNs: answer === undefined ? 0n : answer.when === 'long ago' ? now - 60n * SECOND : now,
      answerMac: answer?.mac === undefined ? new Uint8Array(6) : macBytes(answer.mac),
    };
    this.maps.writeNeighbour({ portId, address: clientKey(address) }, { mac: macBytes(mac), ...state });
  }

  #writeFlow({ address, clientPort, at, ...flow }: KnownFlow): void {
    const portId = at === undefined ? PORT : OTHER_PORT;
    this.maps.writeFlow({ portId, address: clientKey(address), clientPort }, flowValue(flow));
  }
}

/** As the programs keep it. */
export function flowValue(flow: Omit<KnownFlow, 'address' | 'clientPort' | 'at'>): Flow {
  const {
    flags = [],
    seenNs = 1n,
    mac = INSTANCE.mac,
    clientNext = 1000,
    serviceAck = 1000,
    serviceFirst = 2000,
  } = flow;
  return { seenNs, flags: flagsValue(flags), mac: macBytes(mac), clientNext, serviceAck, serviceFirst };
}

function rate(limit: Limit | undefined): { readonly intervalNs: bigint; readonly burstNs: bigint } {
  if (limit === undefined) return { intervalNs: 0n, burstNs: 0n };
  const intervalNs = SECOND / BigInt(limit.perSecond);
  return { intervalNs, burstNs: intervalNs * BigInt(limit.burst) };
}

function ahead(now: bigint, seconds: number | undefined): bigint {
  return seconds === undefined ? 0n : now + BigInt(Math.round(seconds * 1e9));
}
