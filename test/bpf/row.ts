/** One row of the tables, and the bench that runs it through a real program by BPF_PROG_TEST_RUN. */
import assert from 'node:assert/strict';
import { parsePortId } from '../../src/identity/port-id.ts';
import { isKernelError } from '../../src/kernel/kernel-error.ts';
import { type Neighbour, STAGE, VERDICT_NAMES, type VerdictName } from '../../src/kernel/layout.gen.ts';
import { type Counters, SteeringMaps } from '../../src/kernel/maps.ts';
import type { SteeringProgram, TestRun } from '../../src/kernel/program.ts';
import { Programs } from '../../src/kernel/programs.ts';
import { macBytes } from '../kit/packet.ts';
import { addressKey, clientKey, DEVICE, endsBeforeIpHeader, ROUTER } from './frames.ts';

/** The port whose programs run, and another one of the same node. */
const PORT = parsePortId(2);
const OTHER_PORT = parsePortId(1);

/** The device a packet of BPF_PROG_TEST_RUN is on: the loopback of the namespace. */
const TEST_RUN_IFINDEX = 1;

const MACS = { routerMac: macBytes(ROUTER.mac), deviceMac: macBytes(DEVICE.mac) };
const OTHER_MACS = { routerMac: macBytes('fa:16:3e:00:02:01'), deviceMac: macBytes('fa:16:3e:00:02:fe') };

export const ACTION = { pass: -1, accept: 0, drop: 2 } as const;

const SECOND = 10n ** 9n;
const HOUR = 3600n * SECOND;

export interface Known {
  readonly address: string;
  readonly mac: string;
  /** At the port of the row unless this says otherwise. */
  readonly at?: 'other port';
  /** CLOCK_MONOTONIC in nanoseconds; 1 unless given. */
  readonly seenNs?: bigint;
}

/** What the maps hold before the packet comes. Left out: a daemon that answers and a port without neighbours. */
export interface Setup {
  readonly heartbeat?: 'stale' | 'never' | 'later than now';
  readonly known?: readonly Known[];
  /** What is counted at the port; the entries in `known` unless given. */
  readonly counted?: number;
  readonly perPortMax?: number;
  /** Whose process has ended: the kernel has emptied its stages. */
  readonly daemon?: 'gone';
  /** Whether the device the packet leaves by is the port's; it is unless this says otherwise. */
  readonly device?: 'of no port';
  /** The node's table has room for one neighbour. */
  readonly tableOfOne?: true;
}

/** What is checked besides verdict, action, bytes and counters. */
export interface After {
  /** MAC that replies to the frame's source go to; the frame's own unless given. */
  readonly mac?: string;
  readonly seen?: 'now' | 'as before';
}

export interface Row {
  readonly name: string;
  readonly frame: Buffer;
  readonly verdict: VerdictName;
  /** MACs of the frame when it leaves; without them no byte may change. */
  readonly leavesWith?: { readonly to: string; readonly from?: string };
  readonly action: (typeof ACTION)[keyof typeof ACTION];
  readonly setup?: Setup;
  readonly after?: After;
}

/** A packet that goes to the port device. */
export function steered(row: Omit<Row, 'action' | 'leavesWith'>): Row {
  return { ...row, action: ACTION.accept, leavesWith: { to: DEVICE.mac } };
}

/** A packet that is left to whoever would have had it without us. */
export function passed(row: Omit<Row, 'action'>): Row {
  return { ...row, action: ACTION.pass };
}

export function dropped(row: Omit<Row, 'action'>): Row {
  return { ...row, action: ACTION.drop };
}

function expectedFrame({ frame, leavesWith }: Row): Buffer {
  if (leavesWith === undefined) return frame;
  const from = leavesWith.from === undefined ? frame.subarray(6, 12) : macBytes(leavesWith.from);
  return Buffer.concat([macBytes(leavesWith.to), from, frame.subarray(12)]);
}

/** The way in begins with ms_match and goes on with ms_steer; the way out is ms_restore. */
type Way = 'in' | 'out';

/** One way on maps of its own. */
class Instance {
  readonly maps: SteeringMaps;
  readonly program: SteeringProgram;
  readonly #programs: Programs;

  private constructor(maps: SteeringMaps, programs: Programs, program: SteeringProgram) {
    this.maps = maps;
    this.program = program;
    this.#programs = programs;
  }

  static async open(way: Way, neighboursMax: number): Promise<Instance> {
    const maps = await SteeringMaps.create({ portsMax: 4, neighboursMax });
    const constants = { portId: PORT, ...MACS };
    const programs = await Programs.prepare(maps);
    return new Instance(maps, programs, way === 'in' ? await programs.loadMatch(constants) : programs.restore);
  }

  async prepare(setup: Setup): Promise<void> {
    const now = process.hrtime.bigint();
    const heartbeats = { stale: 1n, never: 0n, 'later than now': now + HOUR } as const;
    const known = setup.known ?? [];
    if (setup.device === 'of no port') this.maps.removeDevice(TEST_RUN_IFINDEX);
    else this.maps.addDevice(TEST_RUN_IFINDEX, PORT);
    await this.maps.beginPort(PORT, MACS);
    await this.maps.beginPort(OTHER_PORT, OTHER_MACS);
    this.maps.writeSettings({
      heartbeatNs: setup.heartbeat === undefined ? now : heartbeats[setup.heartbeat],
      staleAfterNs: setup.heartbeat === 'stale' ? 1n : setup.heartbeat === 'never' ? 0n : HOUR,
      neighboursPerPortMax: setup.perPortMax ?? 8,
    });
    for (const { address, mac, at, seenNs = 1n } of known) {
      const portId = at === undefined ? PORT : OTHER_PORT;
      this.maps.writeNeighbour({ portId, address: clientKey(address) }, { mac: macBytes(mac), seenNs });
    }
    const here = known.filter(({ at }) => at === undefined).length;
    this.maps.writePort(PORT, { neighbours: setup.counted ?? here, ...MACS });
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

  neighbour(key: Buffer): Neighbour | undefined {
    return this.maps.neighbour({ portId: PORT, address: key });
  }

  /** What the other port knows is never touched. */
  checkOtherPort(setup: Setup): void {
    assert.deepEqual(this.maps.counters(OTHER_PORT), exactly());
    for (const { address, mac, at } of setup.known ?? []) {
      if (at === undefined) continue;
      const theirs = this.maps.neighbour({ portId: OTHER_PORT, address: clientKey(address) });
      assert.deepEqual(theirs && Buffer.from(theirs.mac), macBytes(mac));
    }
  }

  close(): void {
    this.program.close();
    this.#programs.close();
    this.maps.close();
  }
}

/** Counters in which `verdict` stands at 1 and every other at 0. */
export function exactly(verdict?: VerdictName): Counters {
  return Object.fromEntries(VERDICT_NAMES.map((name) => [name, name === verdict ? 1 : 0])) as Counters;
}

/** A way with room for many neighbours, the same with room for one, and one whose daemon is gone. */
export class ProgramBench {
  readonly #usual: Instance;
  readonly #small: Instance;
  readonly #abandoned: Instance;

  private constructor(usual: Instance, small: Instance, abandoned: Instance) {
    this.#usual = usual;
    this.#small = small;
    this.#abandoned = abandoned;
  }

  static async open(way: Way): Promise<ProgramBench> {
    const abandoned = await Instance.open(way, 64);
    abandoned.maps.clearStage(STAGE.MS_STAGE_STEER);
    return new ProgramBench(await Instance.open(way, 64), await Instance.open(way, 1), abandoned);
  }

  #instanceFor({ tableOfOne, daemon }: Setup): Instance {
    if (daemon === 'gone') return this.#abandoned;
    return tableOfOne ? this.#small : this.#usual;
  }

  /** Runs a row and checks everything about it. */
  async check(row: Row): Promise<void> {
    const setup = row.setup ?? {};
    const instance = this.#instanceFor(setup);
    await instance.prepare(setup);
    const key = addressKey(row.frame, row.verdict.startsWith('restore_') ? 'destination' : 'source');
    const before = key && instance.neighbour(key);
    const countedBefore = instance.maps.port(PORT).neighbours;
    const strayBefore = instance.maps.counters(instance.maps.noPort);
    const startedNs = process.hrtime.bigint();

    const run = instance.run(row.frame);
    if (run === undefined) return;

    const isOfNoPort = row.verdict === 'restore_no_port';
    assert.deepEqual(instance.maps.counters(PORT), exactly(isOfNoPort ? undefined : row.verdict));
    assert.deepEqual(instance.maps.counters(instance.maps.noPort), {
      ...strayBefore,
      restore_no_port: strayBefore.restore_no_port + (isOfNoPort ? 1 : 0),
    });
    instance.checkOtherPort(setup);
    assert.equal(run.action, row.action);
    assert.equal(run.frame.toString('hex'), expectedFrame(row).toString('hex'));
    const now = key && instance.neighbour(key);
    const learned = before === undefined && now !== undefined ? 1 : 0;
    assert.equal(instance.maps.port(PORT).neighbours, countedBefore + learned);
    if (!row.verdict.startsWith('steer_')) assert.deepEqual(now, before, 'nothing is learned');
    else checkNeighbour(row, before, now, startedNs);
  }

  /** The verdict a frame ends with, on a port without neighbours. */
  async verdict(frame: Buffer): Promise<VerdictName> {
    await this.#usual.prepare({});
    this.#usual.program.testRun(frame);
    const moved = Object.entries(this.#usual.maps.counters(PORT)).filter(([, packets]) => packets !== 0);
    assert.equal(moved.length, 1);
    const name = VERDICT_NAMES.find((verdict) => verdict === moved[0]?.[0]);
    assert.ok(name);
    return name;
  }

  close(): void {
    this.#usual.close();
    this.#small.close();
    this.#abandoned.close();
  }
}

/** Replies go to the MAC the frame came from, unless the row says otherwise. */
function checkNeighbour(row: Row, before: Neighbour | undefined, now: Neighbour | undefined, startedNs: bigint): void {
  const mac = row.after?.mac === undefined ? row.frame.subarray(6, 12) : macBytes(row.after.mac);
  assert.ok(now, 'the sender is known');
  assert.equal(Buffer.from(now.mac).toString('hex'), mac.toString('hex'));
  if (row.after?.seen === 'as before') assert.equal(now.seenNs, before?.seenNs);
  else assert.ok(now.seenNs >= startedNs && now.seenNs <= process.hrtime.bigint());
}
