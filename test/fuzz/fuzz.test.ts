/** Every fuzz target on inputs that are the same each time, under sanitisers. Needs gcc, no privileges. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { compile, environmentOf, writeSeeds } from './target.ts';
import { TARGETS } from './targets.ts';

const SEED = 1_700_000_017;

const folder = mkdtempSync(join(tmpdir(), 'metasteer-replay-'));
after(() => rmSync(folder, { recursive: true }));

describe('bytes of others do no harm to', () => {
  for (const target of TARGETS) {
    test(`${target.meaning}`, () => {
      const program = compile(target, 'replay', folder);
      assert.ok(program, 'gcc fails');
      const seeds = writeSeeds(target, folder);
      assert.ok(seeds.length > 0);
      const args = [SEED, target.runs, target.maxLength, ...seeds].map(String);
      const { status, signal, stdout, stderr } = spawnSync(program, args, {
        encoding: 'utf8',
        env: environmentOf(target),
        cwd: folder,
        timeout: 120_000,
      });
      assert.deepEqual({ status, signal }, { status: 0, signal: null }, stderr);
      assert.equal(stdout, `${target.runs + seeds.length}\n`);
    });
  }
});

test('targets have names of their own', () => {
  assert.equal(new Set(TARGETS.map(({ name }) => name)).size, TARGETS.length);
});
