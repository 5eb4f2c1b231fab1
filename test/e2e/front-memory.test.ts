// Needs root: network namespaces and BPF. Records that a fault in the front's C might write over those of a real worker.
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Daemon } from '../../src/demo/daemon.ts';
import { wordsOf } from '../../src/kernel/front-ring.ts';
import {
  FRONT_RECORD_BYTES,
  FRONT_RECORD_KIND,
  FRONT_RECORD_KIND_WORD,
  FRONT_RECORD_LENGTH_WORD,
  FRONT_RECORD_START_WORD,
  FRONT_RING_BYTES,
  FRONT_RING_WRITTEN_WORD,
  FRONT_SIZE,
  type FrontRecord,
  writeFrontRecord,
} from '../../src/kernel/layout.gen.ts';
import type { FrontBreach } from '../../src/link/front-breach.ts';
import { KeepAliveAgent } from '../kit/agents.ts';
import { curl, METADATA_V4, needsRoot, TestNode, until } from '../kit/node.ts';
import { guardedMappings, readMemory, writeMemory, writeOwnPipe } from '../kit/process-memory.ts';

const { MS_FRONT_ACCEPTED, MS_FRONT_DATA, MS_FRONT_ENDED, MS_FRONT_BROKEN } = FRONT_RECORD_KIND;
const { MS_FRONT_WRITABLE, MS_FRONT_CLOSED, MS_FRONT_REFUSED, MS_FRONT_ACCEPT_FAILED } = FRONT_RECORD_KIND;
const { MS_FRONT_RECORDS, MS_FRONT_READ_BYTES } = FRONT_SIZE;
const PAGE_BYTES = 4096;
const RING_PAGES = Math.ceil((FRONT_RING_BYTES + MS_FRONT_RECORDS * FRONT_RECORD_BYTES) / PAGE_BYTES);
const WRITTEN_AT = 4 * FRONT_RING_WRITTEN_WORD;
/** Ends of workers in a row that are no crash loop yet. */
const ROWS_OF_DAEMON = 4;

/** A client's slot that nobody has had. */
const UNUSED = 1500;
const FORGED = { kind: 0, slot: UNUSED, generation: 1, start: 0, length: 0, portId: 0, error: 0 };

type Row = readonly [what: string, breach: FrontBreach, record: Partial<FrontRecord>];

const ROWS: readonly Row[] = [
  ['of no kind', 'record-kind', {}],
  ['of a kind there is not', 'record-kind', { kind: 200 }],
  ['of a client that nobody accepted', 'client', { kind: MS_FRONT_ACCEPTED }],
  ['of a client in a slot of the agent’s', 'record-slot', { kind: MS_FRONT_ACCEPTED, slot: 0 }],
  ['of a client before its time', 'record-generation', { kind: MS_FRONT_ACCEPTED, generation: 7 }],
  ['of bytes of a client that is not there', 'record-generation', { kind: MS_FRONT_DATA, length: 10 }],
  ['of bytes beyond their mapping', 'record-start', { kind: MS_FRONT_DATA, start: 0x7fff_0000, length: 10 }],
  ['of too many bytes', 'record-length', { kind: MS_FRONT_DATA, length: MS_FRONT_READ_BYTES + 1 }],
  ['of the end of what is in no slot', 'record-slot', { kind: MS_FRONT_ENDED, slot: 0x4000_0000 }],
  ['of the break of a connection to come', 'record-generation', { kind: MS_FRONT_BROKEN, generation: 9 }],
  ['of a writable connection, with bytes', 'record-length', { kind: MS_FRONT_WRITABLE, length: 1 }],
  ['of a closed connection, with a port', 'record-excess', { kind: MS_FRONT_CLOSED, portId: 1 }],
  ['of a client refused at a port it has not', 'record-port', { kind: MS_FRONT_REFUSED, slot: 0, portId: 900 }],
  [
    'of a failure at a port it has not',
    'record-port',
    { kind: MS_FRONT_ACCEPT_FAILED, slot: 0, portId: 900, error: 24 },
  ],
  ['that belongs elsewhere', 'record-sequence', { kind: MS_FRONT_ENDED, sequence: 0xdead_beef }],
];

describe('a worker whose front’s memory was overwritten', needsRoot, () => {
  let node: TestNode;
  let agent: KeepAliveAgent;

  before(async () => {
    node = await TestNode.build();
    agent = await KeepAliveAgent.start(node.runDir.file('echo-agent.sock'));
    chmodSync(agent.path, 0o666);
    node.undo('agent', () => agent.stop());
  });
  after(() => node.remove());

  for (let first = 0; first < ROWS.length; first += ROWS_OF_DAEMON) {
    const rows = ROWS.slice(first, first + ROWS_OF_DAEMON);
    describe(`by records ${first + 1} to ${first + rows.length}`, () => {
      let daemon: Daemon;
      before(async () => {
        daemon = await node.startSteering({ agent: { socket: agent.path } });
      });
      after(async () => assert.equal(await daemon.stop(), true));

      for (const [what, breach, record] of rows) {
        it(`by a record ${what}: ends with the reason, is replaced, and asks the agent nothing`, async () => {
          await ask();
          const pid = await workerOf(daemon);
          const { workers_lost_by_reason: before } = (await daemon.status()).daemon;
          const asked = agent.received.length;
          forge(pid, record);
          await until('another worker runs', async () => (await workerOf(daemon)) !== pid);
          const { events, daemon: about } = await daemon.status();
          const told = `worker ${pid} ended: the memory of its front is wrong (${breach})`;
          assert.ok(
            events.some(({ event }) => event.startsWith(told)),
            JSON.stringify(events),
          );
          assert.equal(about.workers_lost_by_reason.breach, before.breach + 1);
          assert.equal(agent.received.length, asked);
          await ask();
        });
      }
    });
  }

  async function ask(): Promise<void> {
    assert.equal((await curl(node.blue, `${METADATA_V4}/`)).status, 200);
  }
});

async function workerOf(daemon: Daemon): Promise<number> {
  const { workers } = await daemon.status();
  return workers.find(({ state }) => state === 'running')?.pid ?? 0;
}

/** Writes a record behind those that were written, and wakes the worker. */
function forge(pid: number, record: Partial<FrontRecord>): void {
  const ring = ringOf(pid);
  const head = readMemory(pid, ring, FRONT_RING_BYTES);
  const sequence = head.readUInt32LE(WRITTEN_AT);
  const start = record.kind === MS_FRONT_DATA ? endOfBytes(pid, ring, sequence) : 0;
  const place = ring + FRONT_RING_BYTES + (sequence % MS_FRONT_RECORDS) * FRONT_RECORD_BYTES;
  writeMemory(pid, place, writeFrontRecord({ ...FORGED, sequence, start, ...record }));
  head.writeUInt32LE(sequence + 1, WRITTEN_AT);
  writeMemory(pid, ring + WRITTEN_AT, head.subarray(WRITTEN_AT, WRITTEN_AT + 4));
  writeOwnPipe(pid);
}

/** Where the mapping with the records begins. */
function ringOf(pid: number): number {
  const found = guardedMappings(pid).filter(({ bytes }) => bytes === RING_PAGES * PAGE_BYTES);
  const [ring] = found;
  assert.ok(ring !== undefined && found.length === 1, JSON.stringify(found));
  return ring.start;
}

/** Where the bytes of the next record belong. */
function endOfBytes(pid: number, ring: number, written: number): number {
  let end = 0;
  for (let sequence = 0; sequence < written; sequence += 1) {
    const words = wordsOf(readMemory(pid, ring + FRONT_RING_BYTES + sequence * FRONT_RECORD_BYTES, FRONT_RECORD_BYTES));
    if (words[FRONT_RECORD_KIND_WORD] === MS_FRONT_DATA)
      end = (words[FRONT_RECORD_START_WORD] ?? 0) + (words[FRONT_RECORD_LENGTH_WORD] ?? 0);
  }
  return end;
}
