/** Whether the tables say something about every verdict. Needs no privileges. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VERDICT_NAMES, type VerdictName } from '../../src/kernel/layout.gen.ts';
import { endsBeforeIpHeader } from './frames.ts';
import { GUARD_ROWS } from './guard-rows.ts';
import { RESTORE_ROWS } from './restore-rows.ts';
import { STEER_ROWS } from './steer-rows.ts';

const rows = [...STEER_ROWS, ...RESTORE_ROWS, ...GUARD_ROWS];

/** Verdicts that no frame can produce under BPF_PROG_TEST_RUN. */
const WITHOUT_ROW: Partial<Readonly<Record<VerdictName, string>>> = {
  drop_rewrite_failed: 'the helper fails only when the kernel has no memory to unclone the header',
  restore_rewrite_failed: 'the helper fails only when the kernel has no memory to unclone the header',
};

test('every verdict has a row, or a reason why it cannot have one', () => {
  const produced = new Set(rows.map(({ verdict }) => verdict));
  const missing = VERDICT_NAMES.filter((name) => !produced.has(name));
  assert.deepEqual(missing, Object.keys(WITHOUT_ROW));
});

test('only pass_short_frame is left to the parser on the host where the kernel refuses short frames', () => {
  const always = new Set(rows.filter(({ frame }) => !endsBeforeIpHeader(frame)).map(({ verdict }) => verdict));
  const sometimes = VERDICT_NAMES.filter((name) => !always.has(name) && !(name in WITHOUT_ROW));
  assert.deepEqual(sometimes, ['pass_short_frame']);
});

test('verdicts of one program are in the table of that program alone', () => {
  for (const { name, verdict } of STEER_ROWS) assert.match(verdict, /^(steer|pass|drop)_/, name);
  for (const { name, verdict } of GUARD_ROWS) assert.match(verdict, /^guard_/, name);
  for (const { name, verdict } of RESTORE_ROWS) assert.match(verdict, /^restore_/, name);
});

test('no two rows of a table have the same name', () => {
  for (const table of [STEER_ROWS, RESTORE_ROWS, GUARD_ROWS]) {
    const names = table.map(({ name }) => name);
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    );
  }
});
