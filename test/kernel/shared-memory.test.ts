// Needs no privileges. Memory that another process has too: what is believed of it, and what such a process can do.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { afterEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withSoundRates } from '../../src/control/request-rates.ts';
import { createDocument, readDocument } from '../../src/kernel/document.ts';
import { KernelError } from '../../src/kernel/kernel-error.ts';
import { RateCounter, RateTable } from '../../src/kernel/rates.ts';
import { handOverDocument } from '../control/sample-hand-over.ts';
import { foreignMemory, SEAL } from '../kit/foreign-memory.ts';

const TAKER = fileURLToPath(new URL('./rate-taker.js', import.meta.url));
const WINDOWS = { baseMs: 10_000, baseLimit: 10, burstMs: 1000, burstLimit: 4, countRefused: 0 };

const HEADER_BYTES = 24;
const SLOT_BYTES = 24;
/** As versions before 0.1.1 made it, for 16 clients. */
const FORMER_TABLE = Buffer.alloc(HEADER_BYTES + 16 * SLOT_BYTES);
FORMER_TABLE.writeBigUInt64LE(16n, 16);

const FIXED_SIZE = SEAL.shrink + SEAL.grow;
const TABLE_SEALS = FIXED_SIZE + SEAL.seal;
const DOCUMENT_SEALS = FIXED_SIZE + SEAL.write;

/** Does what it likes with the table that is its descriptor 3, as a worker could that was taken over. */
const HOSTILE = `
import fcntl, mmap, os, random, struct
size = os.fstat(3).st_size
for cut in (0, size - 1, size + 1):
    try:
        os.ftruncate(3, cut)
        print('cut to', cut)
    except PermissionError:
        pass
try:
    fcntl.fcntl(3, 1033, 16)  # F_SEAL_FUTURE_WRITE: the next worker could not use it
    print('sealed')
except PermissionError:
    pass
memory = mmap.mmap(3, size)
print('writes', flush=True)
words = [0, 1, 2**64 - 1, 2**40, 2**63]
while True:
    struct.pack_into('<Q', memory, 8 * random.randrange(size // 8), random.choice(words))
    struct.pack_into('<Q', memory, 16, random.choice(words))
`;

let open: number[] = [];
afterEach(() => {
  for (const fd of open) closeSync(fd);
  open = [];
});

function owned(fd: number): number {
  open.push(fd);
  return fd;
}

function errnoOf(run: () => unknown): string {
  try {
    run();
    return 'none';
  } catch (error) {
    assert.ok(error instanceof KernelError, String(error));
    return error.code;
  }
}

describe('a table of requests', () => {
  const rows: readonly [title: string, make: () => number | Promise<number>, errno: string][] = [
    ['that was made here is taken', () => openTable(), 'none'],
    ['that could be cut, as of versions before 0.1.1, is refused', () => foreignMemory(FORMER_TABLE), 'EPERM'],
    ['that takes further seals is refused', () => foreignMemory(FORMER_TABLE, FIXED_SIZE), 'EPERM'],
    ['that may grow is refused', () => foreignMemory(FORMER_TABLE, SEAL.shrink + SEAL.seal), 'EPERM'],
    ['that may shrink is refused', () => foreignMemory(FORMER_TABLE, SEAL.grow + SEAL.seal), 'EPERM'],
    ['of another program is taken when it is sound', () => foreignMemory(FORMER_TABLE, TABLE_SEALS), 'none'],
    ['of no bytes is refused', () => foreignMemory(Buffer.alloc(0), TABLE_SEALS), 'EINVAL'],
    ['shorter than its head is refused', () => foreignMemory(FORMER_TABLE.subarray(0, 23), TABLE_SEALS), 'EINVAL'],
    ['without slots is refused', () => foreignMemory(FORMER_TABLE.subarray(0, 24), TABLE_SEALS), 'EINVAL'],
    ['with half a slot is refused', () => foreignMemory(FORMER_TABLE.subarray(0, -12), TABLE_SEALS), 'EINVAL'],
    [
      'with too few slots is refused',
      () => foreignMemory(FORMER_TABLE.subarray(0, HEADER_BYTES + 8 * SLOT_BYTES), TABLE_SEALS),
      'EINVAL',
    ],
    [
      'whose slots are no power of two is refused',
      () => foreignMemory(Buffer.alloc(HEADER_BYTES + 17 * SLOT_BYTES), TABLE_SEALS),
      'EINVAL',
    ],
    ['that is a file is refused', () => openSync(TAKER, 'r'), 'EINVAL'],
  ];
  for (const [title, make, errno] of rows) {
    test(title, async () => {
      const fd = owned(await make());
      assert.equal(RateTable.isSound(fd), errno === 'none');
      assert.equal(
        errnoOf(() => RateCounter.open(fd, WINDOWS)),
        errno,
      );
    });
  }

  test('that stands wrong about its size is used with the size it has', async () => {
    for (const count of [0n, 1n << 40n, 0xffff_ffff_ffff_fff1n]) {
      const table = Buffer.from(FORMER_TABLE);
      table.writeBigUInt64LE(count, 16);
      const counter = RateCounter.open(owned(await foreignMemory(table, TABLE_SEALS)), WINDOWS);
      const waits = Array.from({ length: 5 }, () => counter.take('a', 5000) > 0);
      assert.deepEqual(waits, [false, false, false, false, true]);
    }
  });

  test('of the daemon before is left out where it is not sound', async () => {
    const document = { ...handOverDocument(), ratesAt: 7 };
    const sound = owned(openTable());
    const former = owned(await foreignMemory(FORMER_TABLE));
    const of = (fd: number) => (place: number) => {
      assert.equal(place, 7);
      return fd;
    };
    assert.equal(withSoundRates(document, of(sound)).ratesAt, 7);
    assert.equal(withSoundRates(document, of(former)).ratesAt, -1);
    assert.equal(withSoundRates({ ...document, ratesAt: -1 }, of(-1)).ratesAt, -1);
  });

  test('stays of use to others whatever a worker writes into it, and cannot be cut', async () => {
    const fd = owned(RateTable.create(64).fd);
    const hostile = spawn('python3', ['-c', HOSTILE], { stdio: ['ignore', 'pipe', 'inherit', fd] });
    try {
      assert.ok(hostile.stdout);
      const [said] = (await once(hostile.stdout, 'data')) as [Buffer];
      assert.match(said.toString(), /^writes/);
      for (let turn = 0; turn < 3; turn += 1) {
        const args = [TAKER, '10000', '1000'];
        const { status, signal, stdout } = spawnSync(process.execPath, args, {
          stdio: ['ignore', 'pipe', 'inherit', fd],
        });
        assert.deepEqual({ status, signal }, { status: 0, signal: null });
        assert.match(stdout.toString(), /^\d+\n$/);
      }
      assert.equal(hostile.exitCode, null, 'it was there all the time');
    } finally {
      hostile.kill('SIGKILL');
      await once(hostile, 'exit');
    }
    assert.equal(fstatSync(fd).size, HEADER_BYTES + 64 * SLOT_BYTES);
  });
});

function openTable(): number {
  return RateTable.create(16).fd;
}

describe('a document in memory', () => {
  const rows: readonly [title: string, make: () => number | Promise<number>, errno: string][] = [
    ['that was made here is read', () => createDocument('text'), 'none'],
    [
      'of another program is read when nobody can change it',
      () => foreignMemory(Buffer.from('a'), DOCUMENT_SEALS),
      'none',
    ],
    ['that takes no seals is not read', () => foreignMemory(Buffer.from('a')), 'EPERM'],
    ['that may be written is not read', () => foreignMemory(Buffer.from('a'), TABLE_SEALS), 'EPERM'],
    ['that may shrink is not read', () => foreignMemory(Buffer.from('a'), SEAL.grow + SEAL.write), 'EPERM'],
    ['that may grow is not read', () => foreignMemory(Buffer.from('a'), SEAL.shrink + SEAL.write), 'EPERM'],
    ['that is a file is not read', () => openSync(TAKER, 'r'), 'EINVAL'],
    ['that is longer than any is not read', () => longMemory(), 'EFBIG'],
  ];
  for (const [title, make, errno] of rows) {
    test(title, async () => {
      const fd = owned(await make());
      assert.equal(
        errnoOf(() => readDocument(fd)),
        errno,
      );
    });
  }
});

/** One byte more than a document may have, none of them there. */
function longMemory(): Promise<number> {
  return foreignMemory(Buffer.alloc(0), DOCUMENT_SEALS, 64 * 1024 * 1024 + 1);
}
