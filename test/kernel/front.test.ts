// Needs gcc, no privileges. The front's C alone, under sanitisers that end it at the first wrong access or race.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { packageRoot } from '../../src/kernel/paths.ts';

const SOURCES = [
  'test/kernel/front-host.c',
  'test/kernel/front-reader.c',
  ...['front.c', 'front_memory.c', 'front_read.c', 'front_ops.c', 'peer_mac.c'].map((file) => `native/${file}`),
];
const FLAGS = ['-std=gnu11', '-O1', '-g', '-Wall', '-Wextra', '-Werror', '-fno-sanitize-recover=all'];
/** Of each of two seeds. Five of six send urgent data at least. */
const CONNECTIONS = { 'address,undefined': 12_000, thread: 1000 };
const URGENT_MIN = 5 / 6;

describe('clients that send, mark bytes as urgent, pause, half-close and reset at random get back exactly what they sent, and so does who asks the agent, under', () => {
  const folder = mkdtempSync(join(tmpdir(), 'metasteer-front-'));
  after(() => rmSync(folder, { recursive: true }));
  for (const [sanitiser, connections] of Object.entries(CONNECTIONS)) {
    test(`-fsanitize=${sanitiser}`, () => {
      const program = join(folder, sanitiser);
      const sources = SOURCES.map((path) => join(packageRoot, path));
      execFileSync('gcc', [...FLAGS, `-fsanitize=${sanitiser}`, '-o', program, ...sources, '-lpthread']);
      for (const seed of ['1', '2']) {
        const said = execFileSync(program, [seed, String(connections), join(folder, 'agent')], {
          encoding: 'latin1',
          timeout: 120_000,
        });
        const [accepted = 0, echoed = 0, answers = 0, urgent = 0, resent = 0] = said.split(' ').map(Number);
        assert.ok(accepted > connections / 2 && echoed > 0 && answers > connections / 10, said);
        assert.ok(urgent >= connections * URGENT_MIN, said);
        assert.ok(resent > connections / 20, said);
      }
    });
  }
});
