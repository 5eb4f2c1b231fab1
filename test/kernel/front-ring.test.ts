// Needs no privileges. What the reading side of the front's memory makes of records, clients and results that cannot be.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FrontLink } from '../../src/kernel/front-link.ts';
import { FrontOps } from '../../src/kernel/front-ops.ts';
import { FrontRing, wordsOf } from '../../src/kernel/front-ring.ts';
import { SlotGenerations } from '../../src/kernel/front-slots.ts';
import {
  FRONT_CLIENT_BYTES,
  FRONT_OP_BYTES,
  FRONT_OP_GENERATION_WORD,
  FRONT_OP_KIND,
  FRONT_OP_RESULT_WORD,
  FRONT_OP_SLOT_WORD,
  FRONT_RECORD_BYTES,
  FRONT_RECORD_KIND,
  FRONT_RECORD_WORDS,
  FRONT_RING_BYTES,
  FRONT_RING_DONE_WORD,
  FRONT_RING_READ_WORD,
  FRONT_RING_WORDS,
  FRONT_RING_WRITTEN_WORD,
  FRONT_SIZE,
  type FrontClient,
  type FrontRecord,
  writeFrontClient,
  writeFrontRecord,
} from '../../src/kernel/layout.gen.ts';
import type { FrontBreach } from '../../src/link/front-breach.ts';

const { MS_FRONT_BATCHES, MS_FRONT_BYTES, MS_FRONT_OPS, MS_FRONT_OP_BYTES, MS_FRONT_READ_BYTES, MS_FRONT_RECORDS } =
  FRONT_SIZE;
const { MS_FRONT_ACCEPTED, MS_FRONT_DATA, MS_FRONT_ENDED, MS_FRONT_REFUSED, MS_FRONT_ACCEPT_FAILED } =
  FRONT_RECORD_KIND;
const SLOTS = 8;
const AGENT_SLOTS = 2;

const RECORD = { kind: 0, slot: 0, generation: 1, start: 0, length: 0, portId: 0, error: 0, sequence: 0 };
const CLIENT = {
  ...{ portId: 3, fd: 9, addressLen: 7, port: 1024, macLen: 6 },
  mac: Buffer.from([0xfa, 0x16, 0x3e, 0, 0, 0xa, 0, 0]),
  address: Buffer.alloc(40, '10.0.0.1'),
};

/** What is wrong, thrown so that a test can ask for it. */
function breach(what: FrontBreach): never {
  throw new Error(what);
}

class Site {
  readonly memory = {
    ring: Buffer.alloc(FRONT_RING_BYTES + MS_FRONT_RECORDS * FRONT_RECORD_BYTES),
    bytes: Buffer.alloc(MS_FRONT_BYTES),
    clients: Buffer.alloc(SLOTS * FRONT_CLIENT_BYTES),
  };
  readonly words = wordsOf(this.memory.ring);
  readonly ring = new FrontRing(this.memory, breach);
  readonly taken: (readonly number[])[] = [];

  /** Writes records as the front does, but for what they say. */
  write(...records: readonly Partial<FrontRecord>[]): this {
    for (const record of records) {
      const sequence = this.words[FRONT_RING_WRITTEN_WORD] ?? 0;
      const place = sequence & (MS_FRONT_RECORDS - 1);
      const bytes = writeFrontRecord({ ...RECORD, sequence, ...record });
      bytes.copy(this.memory.ring, 4 * (FRONT_RING_WORDS + place * FRONT_RECORD_WORDS));
      this.words[FRONT_RING_WRITTEN_WORD] = (sequence + 1) | 0;
    }
    return this;
  }

  client(slot: number, client: Partial<FrontClient>): this {
    writeFrontClient({ ...CLIENT, ...client }).copy(this.memory.clients, slot * FRONT_CLIENT_BYTES);
    return this;
  }

  take(): number {
    return this.ring.take(
      (...record) => this.taken.push(record),
      () => undefined,
    );
  }
}

function data(start: number, length: number): Partial<FrontRecord> {
  return { kind: MS_FRONT_DATA, start, length };
}

describe('the reading side of the ring', () => {
  const wrong: readonly (readonly [what: string, breach: FrontBreach, record: Partial<FrontRecord>])[] = [
    ['of no kind', 'record-kind', { kind: 0 }],
    ['of a kind there is not', 'record-kind', { kind: MS_FRONT_ACCEPT_FAILED + 1 }],
    ['of a negative kind', 'record-kind', { kind: 0x8000_0002 }],
    ['written before its time', 'record-sequence', { kind: MS_FRONT_ENDED, sequence: 1 }],
    ['left from the round before', 'record-sequence', { kind: MS_FRONT_ENDED, sequence: -MS_FRONT_RECORDS >>> 0 }],
    ['of bytes, without any', 'record-length', data(0, 0)],
    ['of more bytes than are read at once', 'record-length', data(0, MS_FRONT_READ_BYTES + 1)],
    ['of a negative number of bytes', 'record-length', data(0, 0xffff_ffff)],
    ['of another kind with bytes', 'record-length', { kind: MS_FRONT_ENDED, length: 1 }],
    ['of bytes that lie elsewhere', 'record-start', data(1, 8)],
    ['of bytes beyond the mapping', 'record-start', data(MS_FRONT_BYTES, 8)],
    ['of bytes before the mapping', 'record-start', data(0xffff_fff0, 8)],
    ['of an end with a place', 'record-excess', { kind: MS_FRONT_ENDED, start: 8 }],
    ['of an end with a port', 'record-excess', { kind: MS_FRONT_ENDED, portId: 1 }],
    ['of a client with an error', 'record-excess', { kind: MS_FRONT_ACCEPTED, error: 1 }],
    ['of a refused client with a slot', 'record-excess', { kind: MS_FRONT_REFUSED, slot: 1 }],
  ];
  for (const [what, name, record] of wrong) {
    test(`finds a record ${what}`, () => {
      const site = new Site().write(record);
      assert.throws(() => site.take(), { message: name });
      assert.deepEqual(site.taken, []);
    });
  }

  test('finds that more records were written than there is room for', () => {
    const site = new Site();
    site.words[FRONT_RING_WRITTEN_WORD] = MS_FRONT_RECORDS + 1;
    assert.throws(() => site.take(), { message: 'ring-positions' });
  });

  test('finds that records were taken back', () => {
    const site = new Site().write({ kind: MS_FRONT_ENDED });
    site.take();
    site.words[FRONT_RING_WRITTEN_WORD] = 0;
    assert.throws(() => site.take(), { message: 'ring-positions' });
  });

  test('goes by its own position, whatever the memory says it has read', () => {
    const site = new Site().write({ kind: MS_FRONT_ENDED });
    site.take();
    site.words[FRONT_RING_READ_WORD] = 0;
    assert.equal(site.take(), 0);
  });

  test('takes bytes that go on from the last ones, and from the beginning where a read would not fit in', () => {
    const site = new Site();
    const reads = MS_FRONT_BYTES / MS_FRONT_READ_BYTES;
    for (let read = 0; read < reads - 1; read += 1) site.write(data(read * MS_FRONT_READ_BYTES, MS_FRONT_READ_BYTES));
    site.write(data((reads - 1) * MS_FRONT_READ_BYTES, 1), data(0, 5), data(5, 7));
    assert.equal(site.take(), reads + 2);
    site.write(data(11, 1));
    assert.throws(() => site.take(), { message: 'record-start' });
  });

  const clients: readonly (readonly [what: string, client: Partial<FrontClient>])[] = [
    ['that is not there', { fd: 0 }],
    ['with a negative descriptor', { fd: -1 }],
    ['with a port number there is not', { port: 65_536 }],
    ['with an address longer than its room', { addressLen: 41 }],
    ['with an address of a negative length', { addressLen: 0xffff_ffff }],
  ];
  for (const [what, client] of clients) {
    test(`finds a client ${what}`, () => {
      assert.throws(() => new Site().client(5, client).ring.client(5), { message: 'client' });
    });
  }

  test('finds a MAC address of another length', () => {
    for (const macLen of [5, 7, 0xffff_ffff])
      assert.throws(() => new Site().client(5, { macLen }).ring.macOf(5), { message: 'client' });
  });

  test('reads a client, and its MAC address where there is one', () => {
    assert.equal(new Site().client(5, {}).ring.macOf(5), 'fa:16:3e:00:00:0a');
    assert.equal(new Site().client(5, { macLen: 0 }).ring.macOf(5), undefined);
    assert.deepEqual(new Site().client(5, {}).ring.client(5), { portId: 3, fd: 9, port: 1024, address: '10.0.0.' });
  });
});

describe('generations of slots', () => {
  const newest = 0x7fff_ffff;
  function slots(): SlotGenerations {
    const generations = new SlotGenerations(SLOTS, AGENT_SLOTS, breach);
    generations.accepted(5, 1);
    generations.placed(0, newest);
    return generations;
  }
  const rows: readonly (readonly [what: string, FrontBreach | boolean, (of: SlotGenerations) => unknown])[] = [
    ['a client in a slot of the agent’s', 'record-slot', (of) => of.accepted(1, 1)],
    ['a client in a slot that is not there', 'record-slot', (of) => of.accepted(SLOTS, 1)],
    ['a client in a negative slot', 'record-slot', (of) => of.accepted(-1, 1)],
    ['a client that is there already', 'record-generation', (of) => of.accepted(5, 1)],
    ['a client before which one was left out', 'record-generation', (of) => of.accepted(5, 3)],
    ['a client of no generation', 'record-generation', (of) => of.accepted(6, 0)],
    ['something of a slot that nobody has had', 'record-generation', (of) => of.isCurrent(6, 0)],
    ['something of a connection to come', 'record-generation', (of) => of.isCurrent(5, 2)],
    ['something of no generation', 'record-generation', (of) => of.isCurrent(5, 0)],
    ['something of a negative generation', 'record-generation', (of) => of.isCurrent(5, -1)],
    ['something of a slot that is not there', 'record-slot', (of) => of.isCurrent(SLOTS, 1)],
    ['something of the connection there is', true, (of) => of.isCurrent(5, 1)],
    ['something of a connection before it', false, (of) => of.isCurrent(0, newest - 1)],
    ['a connection to the agent in a slot of clients', 'op-result', (of) => of.placed(AGENT_SLOTS, 1)],
    ['a connection to the agent in a negative slot', 'op-result', (of) => of.placed(-1, 1)],
    ['a connection to the agent that is there already', 'op-result', (of) => of.placed(0, newest)],
    ['a connection to the agent from before', 'op-result', (of) => of.placed(0, newest - 1)],
  ];
  for (const [what, expected, act] of rows) {
    test(`know ${what}`, () => {
      if (typeof expected === 'string') assert.throws(() => act(slots()), { message: expected });
      else assert.equal(act(slots()), expected);
    });
  }

  test('begin again with 1 after the last', () => {
    const generations = slots();
    generations.placed(0, 1);
    assert.equal(generations.isCurrent(0, newest), false);
    assert.equal(generations.isCurrent(0, 1), true);
  });
});

describe('results of operations', () => {
  const { MS_FRONT_SEND, MS_FRONT_SEND_LAST, MS_FRONT_CLOSE, MS_FRONT_CONNECT } = FRONT_OP_KIND;
  const BYTES = Buffer.from('reply');

  /** Carries one operation out with that result; returns what its link was told of. */
  function settle(kind: number, bytes: Buffer | undefined, result: number, done = 1): string[] {
    const told: string[] = [];
    const memory = {
      ops: Buffer.alloc(MS_FRONT_BATCHES * MS_FRONT_OPS * FRONT_OP_BYTES),
      opBytes: Buffer.alloc(MS_FRONT_BATCHES * MS_FRONT_OP_BYTES),
    };
    const words = wordsOf(memory.ops);
    const head = new Int32Array(FRONT_RING_WORDS);
    const ops = new FrontOps(memory, {
      schedule: () => undefined,
      submit: () => {
        words[FRONT_OP_RESULT_WORD] = result;
        words[FRONT_OP_SLOT_WORD] = 1;
        words[FRONT_OP_GENERATION_WORD] = 2;
        head[FRONT_RING_DONE_WORD] = done;
      },
      done: () => head[FRONT_RING_DONE_WORD] ?? 0,
      placed: (_, slot, generation) => told.push(`placed ${slot} ${generation}`),
      left: () => undefined,
      breach,
    });
    const link: Pick<FrontLink, 'slot' | 'generation' | 'seen' | 'isOpen' | 'carriedOut' | 'afterwards'> = {
      isOpen: true,
      slot: 5,
      generation: 1,
      seen: 0,
      carriedOut: () => true,
      afterwards: (_kind, length, came) => told.push(`${came} of ${length}`),
    };
    ops.carry(link as FrontLink, kind, bytes);
    ops.flush();
    return told;
  }

  const right: readonly (readonly [
    kind: number,
    bytes: Buffer | undefined,
    result: number,
    told: readonly string[],
  ])[] = [
    [MS_FRONT_SEND, BYTES, 5, ['5 of 5']],
    [MS_FRONT_SEND, BYTES, 0, ['0 of 5']],
    [MS_FRONT_SEND, BYTES, -32, ['-32 of 5']],
    [MS_FRONT_SEND_LAST, BYTES, 6, ['6 of 5']],
    [MS_FRONT_CONNECT, undefined, 0, ['placed 1 2', '0 of 0']],
  ];
  for (const [kind, bytes, result, told] of right) {
    test(`are told: ${told.join(', ')}`, () => assert.deepEqual(settle(kind, bytes, result), told));
  }
  const wrong: readonly (readonly [what: string, kind: number, bytes: Buffer | undefined, result: number])[] = [
    ['more bytes than were sent', MS_FRONT_SEND, BYTES, 6],
    ['more than the last bytes and the end', MS_FRONT_SEND_LAST, BYTES, 7],
    ['bytes where none were sent', MS_FRONT_CLOSE, undefined, 1],
    ['a connection that is more than made', MS_FRONT_CONNECT, undefined, 1],
    ['an error that the kernel does not have', MS_FRONT_SEND, BYTES, -4096],
  ];
  for (const [what, kind, bytes, result] of wrong) {
    test(`are not believed: ${what}`, () => {
      assert.throws(() => settle(kind, bytes, result), { message: 'op-result' });
    });
  }

  test('are not believed of batches that were never submitted', () => {
    assert.throws(() => settle(MS_FRONT_SEND, BYTES, 5, 2), { message: 'ring-positions' });
    assert.throws(() => settle(MS_FRONT_SEND, BYTES, 5, -1), { message: 'ring-positions' });
  });
});
