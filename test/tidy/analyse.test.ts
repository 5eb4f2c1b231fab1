/** What `npm run check` has gcc and clang look for in C is found: in a copy of a file of ours, with a fault put in. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ROOT, read } from './sources.ts';

const FILE = 'native/lock.c';
const COPIED = [FILE, 'native/internal.h', 'native/metasteer.h', 'bpf/abi.h'];

const made: string[] = [];
after(() => {
  for (const folder of made) rmSync(folder, { recursive: true });
});

function analyse(added: string) {
  const folder = mkdtempSync(join(tmpdir(), 'metasteer-analyse-'));
  made.push(folder);
  for (const name of ['native', 'bpf']) mkdirSync(join(folder, name));
  for (const path of COPIED) cpSync(join(ROOT, path), join(folder, path));
  writeFileSync(join(folder, FILE), `${read(FILE)}\n${added}`);
  const { status, stdout, stderr } = spawnSync(join(ROOT, 'packaging/analyse.sh'), [folder], { encoding: 'utf8' });
  return { status, said: stdout + stderr };
}

const FAULTS: readonly [title: string, code: string, found: RegExp][] = [
  [
    'a length that loses bits on its way into a narrower type',
    '__u16 cut(size_t length);\n__u16 cut(size_t length)\n{\n\treturn length;\n}\n',
    /lock\.c:\d+:\d+: error: .*\[-Werror=conversion\]/,
  ],
  [
    'a negative number that becomes a large one',
    'size_t grown(int length);\nsize_t grown(int length)\n{\n\treturn length;\n}\n',
    /lock\.c:\d+:\d+: error: .*\[-Werror=sign-conversion\]/,
  ],
  [
    'a null pointer that is followed on one path, which only the analyser sees',
    'int first(const int *list);\nint first(const int *list)\n{\n\tif (!list)\n\t\tlist = NULL;\n\treturn *list;\n}\n',
    /lock\.c:\d+:\d+: error: .*\[core\.NullDereference\]/,
  ],
];

describe('packaging/analyse.sh', () => {
  test('passes a file as it is', () => {
    assert.deepEqual(analyse(''), { status: 0, said: '' });
  });

  for (const [title, code, found] of FAULTS) {
    test(`fails for ${title}`, () => {
      const { status, said } = analyse(code);
      assert.notEqual(status, 0);
      assert.match(said, found);
    });
  }

  test('fails where there is no C', () => {
    const folder = mkdtempSync(join(tmpdir(), 'metasteer-analyse-'));
    made.push(folder);
    const { status } = spawnSync(join(ROOT, 'packaging/analyse.sh'), [folder]);
    assert.equal(status, 1);
  });

  test('is run by check', () => {
    assert.match(read('packaging/check.sh'), /^packaging\/analyse\.sh$/m);
  });
});
