import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeFolder } from '../../src/unix/folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'metasteer-folder-'));
after(() => rmSync(folder, { recursive: true }));

test('a folder is made with those above it, and may be there already', () => {
  const path = join(folder, 'a/b/c');
  for (let times = 0; times < 2; times += 1) makeFolder(path);
  assert.ok(statSync(path).isDirectory());
});

test('where none can be made, that is an error and not a wait for ever', () => {
  assert.throws(() => makeFolder('/proc/metasteer/run'), { code: 'ENOENT' });
  writeFileSync(join(folder, 'file'), '');
  assert.throws(() => makeFolder(join(folder, 'file/below')), { code: 'ENOTDIR' });
});
