import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runHarness } from '../../src/cli/bench.ts';

const folder = mkdtempSync(join(tmpdir(), 'metasteer-bench-cli-'));
after(() => rmSync(folder, { recursive: true }));

/** A package whose harness ends with the status it is given, if its arguments are the right ones. */
function packageWith(name: string, parts: readonly string[]): string {
  const root = join(folder, name);
  for (const part of parts) {
    mkdirSync(dirname(join(root, part)), { recursive: true });
    writeFileSync(join(root, part), "process.exit(process.argv[2] === '--status' ? Number(process.argv[3]) : 9);\n");
  }
  return root;
}

const SOURCES = ['bench/load/load.c', 'bench/syn-flood.c'];

describe('metasteer bench', () => {
  const whole = packageWith('whole', ['dist/bench/main.js', ...SOURCES]);

  test('hands its arguments to the harness and ends as it ends', async () => {
    await runHarness(whole, ['--status', '0']);
    await assert.rejects(runHarness(whole, ['--status', '1']), { code: 'bench-failed', message: /status 1/ });
    await assert.rejects(runHarness(whole, ['--status', '2']), { code: 'usage' });
  });

  test('without the harness names what is missing', async () => {
    const bare = packageWith('bare', []);
    await assert.rejects(runHarness(bare, []), {
      code: 'bench-missing',
      message: /no dist\/bench\/main\.js, no bench\/load/,
    });
    const compiled = packageWith('compiled', ['dist/bench/main.js']);
    await assert.rejects(runHarness(compiled, []), {
      code: 'bench-missing',
      message: /^(?!.*main\.js).*no bench\/load/,
    });
  });
});
