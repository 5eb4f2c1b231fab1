/** A port's programs on maps of their own, which a row's setup fills. */

import { macBytes } from '../../bench/packet-builder.ts';
import { parsePortId } from '../../src/identity/port-id.ts';
import { isKernelError } from '../../src/kernel/kernel-error.ts';
import { FLOW_FLAG, STAGE } from '../../src/kernel/layout.gen.ts';
import { SteeringMaps } from '../../src/kernel/maps.ts';
import type { SteeringProgram, TestRun } from '../../src/kernel/program.ts';
import { Programs } from '../../src/kernel/programs.ts';
import { clientKey, DEVICE, endsBeforeIpHeader, ROUTER } from './frames.ts';
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
  } as const;
  return flags.reduce((total, flag) => total | values[flag], 0);
}

export class PortInstance {
  readonly maps: SteeringMaps;
  readonly program: SteeringProgram;
  readonly programs: Programs;

  private constructor(maps: SteeringMaps, programs: Programs, program: SteeringProgram) {
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
    return new PortInstance(maps, programs, await load[way]());
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
      this.maps.writeEndedFlow({ portId: PORT, address: clientKey(address), clientPort }, { seenNs: now, flags: 0 });
    this.maps.setDraining(PORT, setup.draining ?? 'not');
    const here = (each: { readonly at?: 'other port' }) => each.at === undefined;
    this.maps.writePort(PORT, {
      ...MACS,
      busyUntilNs: ahead(now, setup.portBusySeconds),
      takingOverUntilNs: setup.takingOver === 'port' ? now + HOUR : 0n,
      neighbours: setup.counted ?? (setup.known ?? []).filter(here).length,
      open: setup.open ?? (setup.flows ?? []).filter(here).length,
    });
  }

  /** Undefined where the kernel refuses the frame: newer ones (seen with 6.18) want a whole IP header behind its EtherType. */
  run(frame: Buffer): TestRun | undefined {
    try {
      return this.program.testRun(frame);
    } catch (error) {
      if (endsBeforeIpHeader(frame) && isKernelError(error, 'EINVAL')) return undefined;
      throw error;
    }
  }

  close(): void {
    this.program.close();
    this.programs.close();
    this.maps.close();
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
    const { address, mac, at, seenNs = 1n, busySeconds, open = 0, confirmed = false } = known;
    const portId = at === undefined ? PORT : OTHER_PORT;
    const state = { seenNs, busyUntilNs: ahead(now, busySeconds), open, confirmed: confirmed ? 1 : 0 };
    this.maps.writeNeighbour({ portId, address: clientKey(address) }, { mac: macBytes(mac), ...state });
  }

  #writeFlow({ address, clientPort, flags = [], seenNs = 1n, at }: KnownFlow): void {
    const portId = at === undefined ? PORT : OTHER_PORT;
    this.maps.writeFlow({ portId, address: clientKey(address), clientPort }, { seenNs, flags: flagsValue(flags) });
  }
}

function rate(limit: Limit | undefined): { readonly intervalNs: bigint; readonly burstNs: bigint } {
  if (limit === undefined) return { intervalNs: 0n, burstNs: 0n };
  const intervalNs = SECOND / BigInt(limit.perSecond);
  return { intervalNs, burstNs: intervalNs * BigInt(limit.burst) };
}

function ahead(now: bigint, seconds: number | undefined): bigint {
  return seconds === undefined ? 0n : now + BigInt(Math.round(seconds * 1e9));
}
