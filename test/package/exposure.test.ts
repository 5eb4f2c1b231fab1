// What systemd-analyze finds about the units, and that docs/install.md explains each of it.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runCommand } from '../../src/demo/command.ts';
import { unlessThere } from '../kit/peers.ts';
import { ROOT, read } from '../tidy/sources.ts';

/** The most that it may say: 0 is nothing, 10 is everything. */
const UNITS = [
  ['metasteer-agent.service', 2],
  ['metasteer.service', 5.8],
] as const;

describe('of the exposure of', { skip: unlessThere('systemd') }, () => {
  for (const [unit, most] of UNITS) {
    it(`${unit} everything is explained, and it is at most ${most}`, async () => {
      const file = join(ROOT, 'packaging/systemd', unit);
      const said = await runCommand('systemd-analyze', ['security', '--offline=true', '--no-pager', file]);
      const found = [...said.matchAll(/^✗ (\S+)/gm)].map(([, name = '']) => name);
      assert.ok(found.length > 0, said);
      const explained = rowsOf(unit);
      assert.deepEqual(
        found.filter((name) => !explained.includes(name)),
        [],
      );
      const [, level] = /Overall exposure level .*: ([\d.]+)/.exec(said) ?? [];
      assert.ok(Number(level) <= most, said.split('\n').at(-2));
    });
  }
});

/** What the unit's table in the documentation names. */
function rowsOf(unit: string): readonly string[] {
  const [, table = ''] = read('docs/install.md').split(`| \`${unit}\` | Why |\n|---|---|\n`);
  const [rows = ''] = table.split('\n\n');
  return [...rows.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name.replaceAll('\\|', '|'));
}
