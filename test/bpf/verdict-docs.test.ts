/** The enum in bpf/abi.h, the generated names and docs/verdicts.md are one list. Needs no privileges. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { VERDICT_TEXTS } from '../../src/control/verdict-texts.ts';
import { VERDICT_NAMES } from '../../src/kernel/layout.gen.ts';
import { packageRoot } from '../../src/kernel/paths.ts';

function linesOf(path: string): readonly string[] {
  return readFileSync(join(packageRoot, path), 'utf8').split('\n');
}

const table = linesOf('docs/verdicts.md').filter((line) => line.startsWith('| `'));

test('docs/verdicts.md lists exactly the verdicts, in order', () => {
  assert.deepEqual(
    table.map((row) => row.split('`')[1]),
    [...VERDICT_NAMES],
  );
});

test('docs/verdicts.md says of each verdict what it means and what to do', () => {
  for (const row of table) assert.match(row, /^\| `\w+` \| [^|]+\. \| [^|]+\. \|$/);
});

test('the daemon says the same of each in a trace', () => {
  const rows = Object.entries(VERDICT_TEXTS).map(
    ([name, { meaning, action }]) => `| \`${name}\` | ${meaning} | ${action} |`,
  );
  assert.deepEqual(table, rows);
});

test('bpf/abi.h says of each verdict what it means', () => {
  const verdict = /^\tMS_(?<name>(?:STEER|PASS|DROP|RESTORE|GUARD)_\w+) = \d+, +\/\* .+ \*\/$/;
  const explained = linesOf('bpf/abi.h').flatMap((line) => verdict.exec(line)?.[1]?.toLowerCase() ?? []);
  assert.deepEqual(explained, [...VERDICT_NAMES]);
});
