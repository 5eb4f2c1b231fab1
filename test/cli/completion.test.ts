import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { cli } from './run-cli.ts';

/** What bash proposes for a command line whose last word is being typed. */
async function proposed(...words: readonly string[]): Promise<string[]> {
  const { stdout: script } = await cli('completion', 'bash');
  const test = `${script}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _metasteer; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync('bash', ['-c', test, 'bash', 'metasteer', ...words], { encoding: 'utf8' });
  return output.split('\n').filter((line) => line !== '');
}

describe('completion for bash', () => {
  const cases: readonly [words: readonly string[], expected: readonly string[]][] = [
    [['stat'], ['status']],
    [['tra'], ['trace']],
    [
      ['config', ''],
      ['show', 'example', 'schema', '--help', '-h'],
    ],
    [['config', 'show', '--j'], ['--json']],
    [['status', '--socket', '/etc/host', '--j'], ['--json']],
    [['completion', 'z'], ['zsh']],
    [['run', '-c', '/etc/passw'], ['/etc/passwd']],
    [['nonsense', ''], []],
    [['work'], ['workers']],
  ];
  for (const [words, expected] of cases) {
    test(`of "metasteer ${words.join(' ')}"`, async () => {
      const found = await proposed(...words);
      assert.deepEqual(
        found.filter((each) => !each.startsWith('/etc/passwd-')),
        expected,
      );
    });
  }

  test('knows every command that help shows', async () => {
    const { stdout } = await cli('help');
    const commands = [...(stdout.split('Commands:\n')[1] ?? '').matchAll(/^ {2}([\w-]+)/gm)].map(([, name]) => name);
    const found = await proposed('');
    assert.deepEqual(
      commands.filter((name) => !found.includes(name ?? '')),
      [],
    );
  });
});

for (const shell of ['bash', 'zsh', 'fish']) {
  const isThere = spawnSync(shell, ['-c', 'true']).status === 0;
  test(`the script for ${shell} is read by it`, { skip: isThere ? false : `${shell} is not installed` }, async () => {
    const { stdout } = await cli('completion', shell);
    execFileSync(shell, ['-n'], { input: stdout });
  });
}

test('the script for fish proposes commands, options and parts of commands', async () => {
  const { stdout } = await cli('completion', 'fish');
  for (const line of [
    "complete -c metasteer -f -n '__fish_use_subcommand' -a trace -d ",
    "complete -c metasteer -n '__fish_seen_subcommand_from trace' -l client -d ",
    "complete -c metasteer -f -n '__fish_seen_subcommand_from config' -a show -d ",
    "complete -c metasteer -n '__fish_seen_subcommand_from run' -l config -r -d ",
  ])
    assert.ok(stdout.includes(line), line);
});

test('there is none for other shells', async () => assert.equal((await cli('completion', 'csh')).code, 2));
