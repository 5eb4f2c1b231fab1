import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { changesBetween, keepingWhatNeedsRestart, keptOf } from '../../src/config/changes.ts';
import { loadConfigFile } from '../../src/config/load.ts';
import type { ConfigFile } from '../../src/config/schema.ts';

const folder = mkdtempSync(join(tmpdir(), 'metasteer-changes-'));
after(() => rmSync(folder, { recursive: true }));

function file(yaml: string): ConfigFile {
  const path = join(folder, 'metasteer.yaml');
  writeFileSync(path, `agent: { socket: /run/agent.sock }\n${yaml}`);
  return loadConfigFile(path).file;
}

describe('between two configurations', () => {
  test('a default that is written out is no change', () => {
    const changes = changesBetween(file(''), file('steering: { stale_after: 2000ms }'));
    assert.deepEqual(changes, { applicable: [], restart: [] });
  });

  test('keys that can be followed are told from those that need a restart', () => {
    const after = file('workers: 2\nrun_dir: /run/other\nsteering: { drain: 9s, flows_max: 99 }\nguard: { xdp: auto }');
    assert.deepEqual(changesBetween(file(''), after), {
      applicable: ['workers', 'steering.drain', 'guard.xdp'],
      restart: ['run_dir', 'steering.flows_max'],
    });
  });

  test('what needs a restart is kept, and nothing else', () => {
    const before = file(
      'run_dir: /run/one\nsteering: { attach: clsact, ports_max: 9, neighbours_max: 2000, flows_max: 8 }',
    );
    const wanted = file(
      'run_dir: /run/two\nnamespace: two\nnetns_dir: /two\nadmin: { socket: /two }\nworkers: 3\nsteering: { drain: 9s, on_exit: hold }',
    );
    const kept = keepingWhatNeedsRestart(wanted, keptOf(before));
    const { applicable, restart } = changesBetween(before, kept);
    assert.deepEqual([applicable, restart], [['workers', 'steering.drain'], []]);
    assert.deepEqual(changesBetween(kept, wanted).applicable, []);
  });
});
