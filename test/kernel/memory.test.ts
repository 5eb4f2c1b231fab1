import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { call } from '../../src/kernel/ffi.ts';

interface Mapping {
  readonly start: number;
  readonly isWritable: boolean;
  /** Kilobytes. */
  readonly resident: number;
  readonly own: number;
}

/** Mappings of the file that node is, as /proc/self/smaps has them. */
function mappingsOfProgram(): readonly Mapping[] {
  const blocks = readFileSync('/proc/self/smaps', 'latin1').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  const kilobytes = (block: string, key: string) => Number(new RegExp(`^${key}: +(\\d+) kB`, 'm').exec(block)?.[1]);
  return blocks
    .filter((block) => block.slice(0, block.indexOf('\n')).endsWith(` ${process.execPath}`))
    .map((block) => ({
      start: Number.parseInt(block, 16),
      isWritable: /^\S+ .w/.test(block),
      resident: kilobytes(block, 'Rss'),
      own: kilobytes(block, 'Anonymous'),
    }));
}

const codeResident = () =>
  mappingsOfProgram()
    .filter(({ isWritable }) => !isWritable)
    .reduce((sum, { resident }) => sum + resident, 0);

describe('giving memory back', () => {
  const memory = openSync('/proc/self/mem', 'r+');
  after(() => closeSync(memory));

  it('lets go of code that only the start ran, and what runs again comes back', () => {
    const before = codeResident();
    call('ms_memory_trim');
    const left = codeResident();
    assert.ok(left < before / 2, `${before} kB before, ${left} kB after`);
    assert.equal(new Intl.NumberFormat('en').format(12345.5), '12,345.5');
  });

  it('leaves a mapping alone that has pages of its own, such as a probe in the code', () => {
    const [first] = mappingsOfProgram();
    assert.ok(first?.resident, 'the first mapping is that of the headers');
    // As a debugger does: the page is copied, because it may not be written to.
    const byte = Buffer.alloc(1);
    readSync(memory, byte, 0, 1, first.start);
    writeSync(memory, byte, 0, 1, first.start);
    const own = mappingsOfProgram()[0]?.own;
    assert.equal(own, 4);
    call('ms_memory_trim');
    assert.equal(mappingsOfProgram()[0]?.own, own);
  });
});
