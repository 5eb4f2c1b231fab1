/** Needs CAP_BPF and CAP_NET_ADMIN (root). What is forgotten of unused neighbours and connections, and how that is counted. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { macBytes } from '../../bench/packet-builder.ts';
import type { SweepLimits } from '../../src/kernel/layout.gen.ts';
import { clientKey, INSTANCE, OTHER_INSTANCE } from './frames.ts';
import { flowValue, PORT, PortInstance } from './port-instance.ts';
import type { FlowFlag } from './row.ts';

/** Moments on the kernel's clock, in this order. */
const EARLY = 1000n;
const LIMIT = 2000n;
const LATE = 3000n;

const NOTHING: SweepLimits = {
  flowSinceNs: 0n,
  flowUnansweredSinceNs: 0n,
  neighbourSinceNs: 0n,
  neighbourOpenSinceNs: 0n,
  neighbourUnconfirmedSinceNs: 0n,
};

interface NeighbourState {
  readonly seenNs?: bigint;
  readonly open?: number;
  readonly confirmed?: 0 | 1;
}

describe('ms_forget:', () => {
  let instance: PortInstance;
  before(async () => {
    instance = await PortInstance.open('in', { room: 64 });
  });
  beforeEach(() => instance.prepare({}));
  after(() => instance.close());

  const key = (address = INSTANCE.ipv4) => ({ portId: PORT, address: clientKey(address) });
  const flowKey = (clientPort = 7) => ({ ...key(), clientPort });

  function know({ seenNs = EARLY, open = 0, confirmed = 0 }: NeighbourState, address = INSTANCE.ipv4): void {
    const state = {
      ...{ seenNs, open, confirmed, busyUntilNs: 0n },
      ...{ checkedNs: 1n, answeredNs: 0n, answerMac: new Uint8Array(6) },
    };
    instance.maps.writeNeighbour(key(address), { mac: macBytes(INSTANCE.mac), ...state });
    const port = instance.maps.port(PORT);
    instance.maps.writePort(PORT, {
      ...port,
      neighbours: port.neighbours + 1,
      confirmed: port.confirmed + confirmed,
    });
  }

  function connect(seenNs: bigint, flags: readonly FlowFlag[] = [], clientPort = 7): void {
    instance.maps.writeFlow(flowKey(clientPort), flowValue({ seenNs, flags }));
    const port = instance.maps.port(PORT);
    instance.maps.writePort(PORT, { ...port, open: port.open + 1 });
  }

  const sweep = (limits: Partial<SweepLimits>) =>
    instance.maps.sweep(instance.programs.forget, { ...NOTHING, ...limits });

  for (const [title, state, limits] of [
    ['a confirmed one by its limit', { confirmed: 1 }, { neighbourSinceNs: LIMIT }],
    ['one that was never answered by its own limit', {}, { neighbourUnconfirmedSinceNs: LIMIT }],
    ['one with connections by its own limit', { open: 2, confirmed: 1 }, { neighbourOpenSinceNs: LIMIT }],
  ] as const) {
    test(`of neighbours, ${title}`, async () => {
      know(state);
      assert.deepEqual(await sweep(limits), { flows: 0, flowsForgotten: 0, neighbours: 1, neighboursForgotten: 1 });
      assert.equal(instance.maps.neighbour(key()), undefined);
      assert.equal(instance.maps.port(PORT).neighbours, 0);
    });

    test(`of neighbours, not ${title} when it was seen since`, async () => {
      know({ ...state, seenNs: LATE });
      assert.deepEqual(await sweep(limits), { flows: 0, flowsForgotten: 0, neighbours: 1, neighboursForgotten: 0 });
      assert.notEqual(instance.maps.neighbour(key()), undefined);
      assert.equal(instance.maps.port(PORT).neighbours, 1);
    });

    test(`of neighbours, not ${title} by the limits of others`, async () => {
      know(state);
      const others = { neighbourSinceNs: LIMIT, neighbourUnconfirmedSinceNs: LIMIT, neighbourOpenSinceNs: LIMIT };
      const [own] = Object.keys(limits);
      const { neighboursForgotten } = await sweep({ ...others, [String(own)]: 0n });
      assert.equal(neighboursForgotten, 0);
    });
  }

  for (const [title, flags, limits] of [
    ['one that is open by its limit', ['answered'], { flowSinceNs: LIMIT }],
    ['one that was never answered by its own limit', [], { flowUnansweredSinceNs: LIMIT }],
    ['one that the service has ended', ['answered', 'service_ended'], { flowUnansweredSinceNs: LIMIT }],
    ['one that the client alone says it has ended', ['answered', 'client_fin', 'client_ended'], { flowSinceNs: LIMIT }],
    ['one that is established by its limit', ['accepted', 'established'], { flowSinceNs: LIMIT }],
    ['one that is accepted alone as never answered', ['accepted'], { flowUnansweredSinceNs: LIMIT }],
  ] as const) {
    test(`of connections, ${title}, and it is counted down`, async () => {
      know({ seenNs: LATE, open: 2, confirmed: 1 });
      connect(EARLY, flags);
      connect(LATE, flags, 8);
      assert.deepEqual(await sweep(limits), { flows: 2, flowsForgotten: 1, neighbours: 1, neighboursForgotten: 0 });
      assert.equal(instance.maps.flow(flowKey()), undefined);
      assert.notEqual(instance.maps.flow(flowKey(8)), undefined);
      assert.equal(instance.maps.port(PORT).open, 1);
      assert.equal(instance.maps.neighbour(key())?.open, 1);
    });
  }

  test('of connections, also one whose address is not known any more', async () => {
    connect(EARLY);
    assert.equal((await sweep({ flowUnansweredSinceNs: LIMIT })).flowsForgotten, 1);
    assert.equal(instance.maps.port(PORT).open, 0);
  });

  test('of many, exactly those that are due', async () => {
    for (let index = 0; index < 50; index += 1)
      know({ seenNs: index % 2 === 0 ? EARLY : LATE, confirmed: 1 }, `10.0.1.${index}`);
    know({ seenNs: LATE, confirmed: 1 }, OTHER_INSTANCE.ipv4);
    const { neighbours, neighboursForgotten } = await sweep({ neighbourSinceNs: LIMIT });
    assert.deepEqual({ neighbours, neighboursForgotten }, { neighbours: 51, neighboursForgotten: 25 });
    assert.equal(instance.maps.port(PORT).neighbours, 26);
  });
});
