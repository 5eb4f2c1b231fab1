/** The bench that runs rows through the real programs by BPF_PROG_TEST_RUN, and checks everything about them. */
import assert from 'node:assert/strict';
import { macBytes } from '../../bench/packet-builder.ts';
import type { Flow, Neighbour, Port, VerdictName } from '../../src/kernel/layout.gen.ts';
import { FLOW_FLAG, VERDICT_NAMES } from '../../src/kernel/layout.gen.ts';
import type { Counters } from '../../src/kernel/maps.ts';
import { addressKey, clientKey, clientPortOf, isSyn } from './frames.ts';
import { flagsValue, flowValue, HANDED_OVER, OTHER_PORT, PORT, PortInstance, type Way } from './port-instance.ts';
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

    const run = instance.run(row.frame, setup);
    if (run === undefined) return;

    const isOfNoPort = row.verdict === 'restore_no_port';
    assert.deepEqual(instance.maps.counters(PORT), exactly(isOfNoPort ? undefined : row.verdict));
    assert.deepEqual(instance.maps.counters(instance.maps.noPort), {
      ...strayBefore,
      restore_no_port: strayBefore.restore_no_port + (isOfNoPort ? 1 : 0),
    });
    checkOtherPort(instance, setup);
    assert.equal(run.action, row.action);
    if (!row.verdict.startsWith('restore_') && !row.verdict.startsWith('guard_'))
      assert.equal(run.mark, row.verdict === 'steer_handed_over' ? HANDED_OVER : 0, 'a mark is on its way alone');
    assert.equal(run.frame.toString('hex'), expectedFrame(row).toString('hex'));
    const now = observe(instance, row);
    checkNeighbour(row, before, now, startedNs);
    checkFlow(row, before, now);
  }

  /** The verdict a frame ends with, on a port without neighbours. */
  async verdict(frame: Buffer): Promise<VerdictName> {
    const { usual } = this.#instances;
    await usual.prepare({});
    const [address, clientPort] = [addressKey(frame, 'source'), clientPortOf(frame, 'source')];
    // So that what belongs to a connection does.
    if (address !== undefined && clientPort !== undefined && !isSyn(frame))
      usual.maps.writeFlow({ portId: PORT, address, clientPort }, { ...flowValue({}), mac: frame.subarray(6, 12) });
    usual.run(frame, {}, 'anywhere');
    const moved = Object.entries(usual.maps.counters(PORT)).filter(([, packets]) => packets !== 0);
    assert.equal(moved.length, 1);
    const name = VERDICT_NAMES.find((verdict) => verdict === moved[0]?.[0]);
    assert.ok(name);
    return name;
  }

  async close(): Promise<void> {
    for (const instance of Object.values(this.#instances)) await instance.close();
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
  readonly flow: Flow | undefined;
  readonly port: Port;
}

function observe(instance: PortInstance, { frame, verdict }: Row): Observation {
  const end = verdict.startsWith('restore_') ? 'destination' : 'source';
  const address = addressKey(frame, end);
  const clientPort = clientPortOf(frame, end);
  const flow =
    address === undefined || clientPort === undefined
      ? undefined
      : instance.maps.flow({ portId: PORT, address, clientPort });
  const neighbour = address && instance.maps.neighbour({ portId: PORT, address });
  return { neighbour, flow, port: instance.maps.port(PORT) };
}

function expectedFrame({ frame, leavesWith }: Row): Buffer {
  if (leavesWith === undefined) return frame;
  const from = leavesWith.from === undefined ? frame.subarray(6, 12) : macBytes(leavesWith.from);
  return Buffer.concat([macBytes(leavesWith.to), from, frame.subarray(12)]);
}

/** Only a SYN makes its sender known, by the MAC it came from; what is not steered teaches nothing. */
function checkNeighbour(row: Row, before: Observation, now: Observation, startedNs: bigint): void {
  const learned = before.neighbour === undefined && now.neighbour !== undefined ? 1 : 0;
  assert.equal(now.port.neighbours, before.port.neighbours + learned, 'neighbours are counted');
  const confirmed = (now.neighbour?.confirmed ?? 0) - (before.neighbour?.confirmed ?? 0);
  assert.equal(now.port.confirmed, before.port.confirmed + confirmed, 'confirmed neighbours are counted');
  const expected = row.after ?? {};
  if (expected.confirmed !== undefined) assert.equal(now.neighbour?.confirmed === 1, expected.confirmed);
  if (row.verdict.startsWith('restore_')) return;
  const isKnownHere = row.verdict.startsWith('steer_syn') && row.setup?.handedOver === undefined;
  if (!row.verdict.startsWith('steer_') || row.verdict === 'steer_handed_over') {
    assert.deepEqual(now.neighbour, before.neighbour, 'nothing is learned');
    return;
  }
  if (!isKnownHere) assert.equal(learned, 0, 'only a SYN makes its sender known');
  if (isKnownHere) {
    assert.ok(now.neighbour, 'the sender is known');
    assert.equal(Buffer.from(now.neighbour.mac).toString('hex'), row.frame.subarray(6, 12).toString('hex'));
    if (expected.approved !== undefined) assert.equal(now.neighbour.checkedNs >= startedNs, expected.approved);
  }
  const seen = expected.seen ?? (isKnownHere ? 'now' : undefined);
  if (seen === 'as before') assert.equal(now.neighbour?.seenNs, before.neighbour?.seenNs);
  if (seen === 'now') {
    assert.ok(now.neighbour);
    assert.ok(now.neighbour.seenNs >= startedNs && now.neighbour.seenNs <= process.hrtime.bigint());
  }
}

/** What becomes of the frame's connection, and that port and neighbour count it. */
function checkFlow(row: Row, before: Observation, now: Observation): void {
  const flags = expectedFlags(row, before.flow?.flags);
  assert.equal(now.flow?.flags, flags, 'the flow is as expected');
  const change = (now.flow === undefined ? 0 : 1) - (before.flow === undefined ? 0 : 1);
  assert.equal(now.port.open, before.port.open + change, 'the port counts its flows');
  const whole = now.flow ?? before.flow;
  const isHandedOver = ((whole?.flags ?? 0) & FLOW_FLAG.MS_FLOW_HANDED_OVER) !== 0;
  assert.equal(
    now.port.handedOpen,
    before.port.handedOpen + (isHandedOver ? change : 0),
    'what is handed over is counted',
  );
  const isOfNeighbour = whole !== undefined && !isHandedOver && hex(whole.mac) === hex(now.neighbour?.mac ?? []);
  const openBefore = row.verdict === 'steer_syn_moved' ? 0 : (before.neighbour?.open ?? 0);
  // A neighbour that is counted down is never counted below zero: it may have been forgotten meanwhile.
  const open = Math.max(0, openBefore + (isOfNeighbour ? change : 0));
  assert.equal(now.neighbour?.open ?? 0, open, 'the neighbour counts its flows');
  const { clientNext, serviceAck, flowMac } = row.after ?? {};
  if (clientNext !== undefined) assert.equal(now.flow?.clientNext, clientNext);
  if (serviceAck !== undefined) assert.equal(now.flow?.serviceAck, serviceAck);
  if (flowMac !== undefined) assert.equal(hex(now.flow?.mac ?? []), hex(macBytes(flowMac)));
}

function hex(bytes: ArrayLike<number>): string {
  return Buffer.from(Array.from(bytes)).toString('hex');
}

function expectedFlags(row: Row, before: number | undefined): number | undefined {
  const expected: After['flow'] = row.after?.flow;
  if (expected === 'none') return undefined;
  if (expected !== undefined) return flagsValue(expected as readonly FlowFlag[]);
  if (before !== undefined) return before;
  const opens = isSyn(row.frame) && row.verdict.startsWith('steer_syn') && row.verdict !== 'steer_syn_untracked';
  return opens ? 0 : undefined;
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
const FLAGS = ['answered', 'client_ended', 'service_ended', 'accepted', 'established', 'client_fin'] as const;
assert.equal(flagsValue([...FLAGS, 'unresolved', 'handed_over']), sum(Object.values(FLOW_FLAG)));

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
