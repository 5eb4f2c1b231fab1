/** Needs CAP_BPF and CAP_NET_ADMIN (root). What a trace tells of packets, and that it changes nothing about them. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { addressBytes, addressText, PacketEvents, type PacketTraced } from '../../src/kernel/packet-events.ts';
import { until } from '../kit/node.ts';
import { EVERYTHING, PORT, PortInstance } from './port-instance.ts';
import { ProgramBench } from './program-bench.ts';
import { RESTORE_ROWS } from './restore-rows.ts';
import { STEER_ROWS } from './steer-rows.ts';

for (const [way, rows] of [
  ['in', STEER_ROWS],
  ['out', RESTORE_ROWS],
] as const) {
  describe(`while everything is traced, the way ${way}:`, () => {
    let bench: ProgramBench;
    before(async () => {
      bench = await ProgramBench.open(way, true);
    });
    after(() => bench.close());

    for (const row of rows) test(row.name, () => bench.check(row));
  });
}

describe('a trace', () => {
  let instance: PortInstance;
  let events: PacketEvents;
  const told: PacketTraced[] = [];
  before(async () => {
    instance = await PortInstance.open('in', { room: 64 });
    events = new PacketEvents(instance.maps, {
      moved: () => undefined,
      refused: () => undefined,
      crowded: () => undefined,
      traced: (packet) => {
        told.push(packet);
      },
    });
  });
  after(async () => {
    events.close();
    await instance.close();
  });

  /** A row that passes or is steered as the name says, with nothing special about its setup. */
  const rowOf = (verdict: string) => {
    const row = STEER_ROWS.find((each) => each.verdict === verdict && each.setup === undefined);
    assert.ok(row, verdict);
    return row;
  };

  async function runRow(verdict: string): Promise<void> {
    const row = rowOf(verdict);
    await instance.prepare({});
    instance.run(row.frame);
  }

  test('tells the verdict, who sent the packet, and its flags', async () => {
    await instance.programs.startTrace(EVERYTHING);
    const before = Number(process.hrtime.bigint() / 1000n);
    await runRow('steer_syn');
    await until('it is told', () => told.length === 1);
    const [packet] = told.splice(0);
    const { frame } = rowOf('steer_syn');
    assert.deepEqual(
      [packet?.verdict, packet?.portId, packet?.flags, packet?.mac],
      [
        'steer_syn',
        PORT,
        'SYN',
        [...frame.subarray(6, 12)].map((byte) => byte.toString(16).padStart(2, '0')).join(':'),
      ],
    );
    assert.equal(packet?.clientPort, frame.readUInt16BE(34));
    assert.ok((packet?.atUs ?? 0) >= before);
  });

  test('tells of packets that pass, but of no bystander', async () => {
    await runRow('pass_other_address');
    await runRow('pass_other_protocol');
    await runRow('pass_other_port');
    await until('it is told', () => told.length > 0);
    assert.deepEqual(
      told.splice(0).map(({ verdict }) => verdict),
      ['pass_other_port'],
    );
  });

  test('tells of one client and one port alone, and of nobody once it is over', async () => {
    const ports = [...EVERYTHING.ports];
    ports[0] = 1n << BigInt(PORT);
    const address = (text: string) => ({ ports, address: addressBytes(text) ?? assert.fail(), byAddress: 1 });
    const { frame } = rowOf('steer_syn');
    const client = [...frame.subarray(26, 30)].join('.');
    await instance.programs.startTrace(address('10.99.99.99'));
    await runRow('steer_syn');
    await instance.programs.startTrace({ ...address(client), ports: ports.map(() => 0n) });
    await runRow('steer_syn');
    instance.programs.stopTrace();
    instance.programs.stopTrace();
    await runRow('steer_syn');
    await instance.programs.startTrace(address(client));
    await runRow('pass_no_flow');
    await until('the last is told', () => told.length > 0);
    assert.deepEqual(
      told.splice(0).map(({ verdict }) => verdict),
      ['pass_no_flow'],
    );
  });
});

describe('addresses in packets', () => {
  for (const text of ['10.0.0.5', 'fe80::1', '2001:db8::1:0:0:1', '2001:db8:1:2:3:4:5:6', '::2', 'fd00::'])
    test(`can be written and read: ${text}`, () => {
      assert.equal(addressText(addressBytes(text) ?? new Uint8Array(16)), text);
    });
  for (const text of ['10.0.0', 'fe80::1%eth0', 'x', ''])
    test(`are none: ${text}`, () => assert.equal(addressBytes(text), undefined));
});
