/** The bench that runs rows through the real programs by BPF_PROG_TEST_RUN, and checks everything about them. */
import assert from 'node:assert/strict';
import { macBytes } from '../../bench/packet-builder.ts';
import type { Neighbour, VerdictName } from '../../src/kernel/layout.gen.ts';
import { FLOW_FLAG, VERDICT_NAMES } from '../../src/kernel/layout.gen.ts';
import type { Counters } from '../../src/kernel/maps.ts';
import { addressKey, clientKey, clientPortOf, isSyn } from './frames.ts';
import { flagsValue, OTHER_PORT, PORT, PortInstance, type Way } from './port-instance.ts';
import type { After, FlowFlag, Row, Setup } from './row.ts';

/** Counters in which `verdict` stands at 1 and every other at 0. */
export function exactly(verdict?: VerdictName): Counters {
  return Object.fromEntries(VERDICT_NAMES.map((name) => [name, name === verdict ? 1 : 0])) as Counters;
}

type Instances = Readonly<Record<'usual' | 'small' | 'abandoned' | 'holding', PortInstance>>;

/** A way with room for many neighbours, the same with room for one, and those whose daemon is gone. */
export class ProgramBench {
  readonly #instances: Instances;

  private constructor(instances: Instances) {
    this.#instances = instances;
  }

  /** @param traced whether every packet of every port is traced */
  static async open(way: Way, traced = false): Promise<ProgramBench> {
    return new ProgramBench({
      usual: await PortInstance.open(way, { room: 64, traced }),
      small: await PortInstance.open(way, { room: 1, traced }),
      abandoned: await PortInstance.open(way, { room: 64, traced, daemon: 'gone' }),
      holding: await PortInstance.open(way, { room: 64, traced, daemon: 'gone and holding' }),
    });
  }

  /** Runs a row and checks everything about it. */
  async check(row: Row): Promise<void> {
    const setup = row.setup ?? {};
    const instance = this.#instanceFor(setup);
    await instance.prepare(setup);
    const before = observe(instance, row);
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
    checkOtherPort(instance, setup);
    assert.equal(run.action, row.action);
    assert.equal(run.frame.toString('hex'), expectedFrame(row).toString('hex'));
    const now = observe(instance, row);
    checkNeighbour(row, before, now, startedNs);
    checkFlow(row, before, now);
  }

  /** The verdict a frame ends with, on a port without neighbours. */
  async verdict(frame: Buffer): Promise<VerdictName> {
    const { usual } = this.#instances;
    await usual.prepare({});
    usual.program.testRun(frame);
    const moved = Object.entries(usual.maps.counters(PORT)).filter(([, packets]) => packets !== 0);
    assert.equal(moved.length, 1);
    const name = VERDICT_NAMES.find((verdict) => verdict === moved[0]?.[0]);
    assert.ok(name);
    return name;
  }

  close(): void {
    for (const instance of Object.values(this.#instances)) instance.close();
  }

  #instanceFor({ tableOfOne, daemon }: Setup): PortInstance {
    if (daemon === 'gone') return this.#instances.abandoned;
    if (daemon === 'gone and holding') return this.#instances.holding;
    return tableOfOne ? this.#instances.small : this.#instances.usual;
  }
}

/** What the maps know of the client at one end of a frame. */
interface Observation {
  readonly neighbour: Neighbour | undefined;
  readonly flags: number | undefined;
  readonly neighbours: number;
  readonly open: number;
}

function observe(instance: PortInstance, { frame, verdict }: Row): Observation {
  const end = verdict.startsWith('restore_') ? 'destination' : 'source';
  const address = addressKey(frame, end);
  const clientPort = clientPortOf(frame, end);
  const { neighbours, open } = instance.maps.port(PORT);
  const flow =
    address === undefined || clientPort === undefined
      ? undefined
      : instance.maps.flow({ portId: PORT, address, clientPort });
  const neighbour = address && instance.maps.neighbour({ portId: PORT, address });
  return { neighbour, flags: flow?.flags, neighbours, open };
}

function expectedFrame({ frame, leavesWith }: Row): Buffer {
  if (leavesWith === undefined) return frame;
  const from = leavesWith.from === undefined ? frame.subarray(6, 12) : macBytes(leavesWith.from);
  return Buffer.concat([macBytes(leavesWith.to), from, frame.subarray(12)]);
}

/** Replies go to the MAC the frame came from, unless the row says otherwise; what is not steered teaches nothing. */
function checkNeighbour(row: Row, before: Observation, now: Observation, startedNs: bigint): void {
  const learned = before.neighbour === undefined && now.neighbour !== undefined ? 1 : 0;
  assert.equal(now.neighbours, before.neighbours + learned, 'neighbours are counted');
  const expected = row.after ?? {};
  if (expected.confirmed !== undefined) assert.equal(now.neighbour?.confirmed === 1, expected.confirmed);
  if (row.verdict.startsWith('restore_')) return;
  if (!row.verdict.startsWith('steer_')) {
    assert.deepEqual(now.neighbour, before.neighbour, 'nothing is learned');
    return;
  }
  const mac = expected.mac === undefined ? row.frame.subarray(6, 12) : macBytes(expected.mac);
  assert.ok(now.neighbour, 'the sender is known');
  assert.equal(Buffer.from(now.neighbour.mac).toString('hex'), mac.toString('hex'));
  if (expected.seen === 'as before') assert.equal(now.neighbour.seenNs, before.neighbour?.seenNs);
  else assert.ok(now.neighbour.seenNs >= startedNs && now.neighbour.seenNs <= process.hrtime.bigint());
}

/** What becomes of the frame's connection, and that port and neighbour count it. */
function checkFlow(row: Row, before: Observation, now: Observation): void {
  const flags = expectedFlags(row, before.flags);
  assert.equal(now.flags, flags === undefined ? undefined : flags, 'the flow is as expected');
  const change = (now.flags === undefined ? 0 : 1) - (before.flags === undefined ? 0 : 1);
  assert.equal(now.open, before.open + change, 'the port counts its flows');
  const openBefore = before.neighbour?.open ?? 0;
  // A neighbour that is counted down is never counted below zero: it may have been forgotten meanwhile.
  assert.equal(now.neighbour?.open ?? 0, Math.max(0, openBefore + change), 'the neighbour counts its flows');
}

function expectedFlags(row: Row, before: number | undefined): number | undefined {
  const expected: After['flow'] = row.after?.flow;
  if (expected === 'none') return undefined;
  if (expected !== undefined) return flagsValue(expected as readonly FlowFlag[]);
  const opens = isSyn(row.frame) && row.verdict.startsWith('steer_syn') && row.verdict !== 'steer_syn_untracked';
  return opens ? 0 : before;
}

/** What the other port knows is never touched. */
function checkOtherPort(instance: PortInstance, setup: Setup): void {
  assert.deepEqual(instance.maps.counters(OTHER_PORT), exactly());
  for (const { address, mac, at } of setup.known ?? []) {
    if (at === undefined) continue;
    const theirs = instance.maps.neighbour({ portId: OTHER_PORT, address: clientKey(address) });
    assert.deepEqual(theirs && Buffer.from(theirs.mac), macBytes(mac));
  }
  for (const { address, clientPort, flags = [], at } of setup.flows ?? []) {
    if (at === undefined) continue;
    const theirs = instance.maps.flow({ portId: OTHER_PORT, address: clientKey(address), clientPort });
    assert.equal(theirs?.flags, flagsValue(flags));
  }
}

/** Every flag has a name in rows. */
assert.equal(flagsValue(['answered', 'client_ended', 'service_ended']), sum(Object.values(FLOW_FLAG)));

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
