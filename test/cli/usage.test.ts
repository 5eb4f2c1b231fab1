import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ERRORS, type ErrorCode } from '../../src/errors.ts';
import { builtFile } from '../../src/kernel/paths.ts';
import { cli } from './run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'metasteer-cli-'));
after(() => rmSync(folder, { recursive: true }));
const good = join(folder, 'good.yaml');
const bad = join(folder, 'bad.yaml');
const none = join(folder, 'none.yaml');
writeFileSync(good, 'agent: { socket: /run/agent.sock }\n');
writeFileSync(bad, 'agent: { sokcet: /run/agent.sock }\n');

describe('a wrong command line or configuration ends with 2 and says what to do:', () => {
  const cases: readonly [argv: readonly string[], code: ErrorCode, message: RegExp][] = [
    [[], 'usage', /^a command is missing$/],
    [['fly'], 'usage', /^unknown command 'fly'/],
    [['status', '--colour'], 'usage', /^unknown option '--colour'/],
    [['status', 'now'], 'usage', /^too many arguments/],
    [['status', '--socket'], 'usage', /argument missing/],
    [['status', '--socket', '/a', '-c', good], 'usage', /cannot be used with/],
    [['status', '-c', bad], 'config-missing-key', /bad\.yaml:1:1: agent\.socket: is required/],
    [['run'], 'usage', /^required option '-c, --config <file>'/],
    [['run', '-c', none], 'config-unreadable', /ENOENT.*none\.yaml/],
    [['run', '-c', bad], 'config-missing-key', /bad\.yaml:1:10: agent\.sokcet: unknown key; did you mean `socket`\?/],
    [['check-config'], 'usage', /one configuration file/],
    [['check-config', good, '-c', good], 'usage', /one configuration file/],
    [['check-config', none], 'config-unreadable', /ENOENT/],
    [['check-config', bad], 'config-missing-key', /did you mean `socket`/],
  ];
  for (const [argv, code, message] of cases) {
    const line = argv.map((argument) => argument.replace(`${folder}/`, '')).join(' ');
    test(`metasteer ${line}`, async () => {
      const { stdout, stderr, ...result } = await cli(...argv);
      assert.deepEqual({ ...result, stdout }, { code: 2, stdout: '' });
      const ending = `\n  what to do: ${ERRORS[code]} (${code})\n`;
      assert.ok(stderr.startsWith('metasteer: ') && stderr.endsWith(ending), stderr);
      assert.match(stderr.slice('metasteer: '.length, -ending.length), message);
    });
  }
});

test('with --json an error is one JSON object on standard error', async () => {
  const { code, stdout, stderr } = await cli('check-config', '--json', none);
  assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
  const { error } = JSON.parse(stderr);
  assert.deepEqual(Object.keys(error), ['code', 'message', 'action']);
  assert.equal(error.code, 'config-unreadable');
  assert.equal(error.action, ERRORS['config-unreadable']);
});

describe('check-config of a valid file', () => {
  for (const argv of [[good], ['-c', good]]) {
    test(`as ${argv.length === 1 ? 'FILE' : '-c FILE'} says so`, async () => {
      assert.deepEqual(await cli('check-config', ...argv), { code: 0, stdout: `${good} is valid\n`, stderr: '' });
    });
  }

  test('with --json prints the configuration with its defaults', async () => {
    const { code, stdout } = await cli('check-config', good, '--json');
    const { valid, file, config } = JSON.parse(stdout);
    assert.deepEqual({ code, valid, file }, { code: 0, valid: true, file: good });
    assert.deepEqual([config.agent.socket, config.agent.queueTimeoutMs], ['/run/agent.sock', 8000]);
  });
});

describe('config show', () => {
  test('says of every key what holds and why', async () => {
    const { code, stdout } = await cli('config', 'show', '-c', good);
    assert.equal(code, 0);
    const lines = stdout.split('\n').map((line) => line.split(/ {2,}/));
    assert.deepEqual(lines[0], ['KEY', 'VALUE', 'SOURCE']);
    assert.ok(
      lines.some(
        ([key, value, source]) => key === 'agent.socket' && value === '/run/agent.sock' && source === `${good}:1`,
      ),
    );
    assert.ok(
      lines.some(
        ([key, value, source]) =>
          key === 'discovery.network_interfaces' && value === "['tap*', 'ns-*']" && source === 'default',
      ),
    );
    const { stdout: json } = await cli('config', 'show', '-c', good, '--json');
    const { file, keys } = JSON.parse(json);
    assert.equal(file, good);
    assert.equal(keys.length, lines.length - 2);
  });

  test('refuses what run refuses', async () => {
    const { code, stderr } = await cli('config', 'show', '-c', bad);
    assert.equal(code, 2);
    assert.match(stderr, /did you mean `socket`/);
  });
});

describe('help and version', () => {
  for (const argv of [['help'], ['--help'], ['-h']]) {
    test(`metasteer ${argv[0]} lists the commands, without those that are not for people`, async () => {
      const { code, stdout, stderr } = await cli(...argv);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
      const commands = [...(stdout.split('Commands:\n')[1] ?? '').matchAll(/^ {2}([\w-]+)/gm)].map(([, name]) => name);
      assert.deepEqual(commands, [
        'run',
        'status',
        'list',
        'top',
        'trace',
        'workers',
        'limits',
        'reload',
        'drain',
        'undrain',
        'upgrade',
        'check-config',
        'config',
        'doctor',
        'agent',
        'agent-status',
        'demo-nova',
        'completion',
        'bench',
        'version',
        'help',
      ]);
    });
  }

  test('a command shows its own help', async () => {
    const { code, stdout } = await cli('help', 'status');
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: metasteer status/);
    assert.deepEqual(await cli('status', '--help'), { code, stdout, stderr: '' });
  });

  for (const argument of ['version', '--version', '-V']) {
    test(`metasteer ${argument} prints the version of the package`, async () => {
      const { code, stdout } = await cli(argument);
      assert.equal(code, 0);
      assert.match(stdout, /^metasteer \d+\.\d+\.\d+\n$/);
    });
  }
});

describe('the program as a process', () => {
  const main = builtFile('main');
  const cases: readonly [argv: readonly string[], status: number, stdout: RegExp, stderr: RegExp][] = [
    [['version'], 0, /^metasteer /, /^$/],
    [['status', '--socket', join(folder, 'none.sock')], 1, /^$/, /\(daemon-not-running\)\n$/],
    [['fly'], 2, /^$/, /\(usage\)\n$/],
  ];
  for (const [argv, status, stdout, stderr] of cases) {
    test(`ends with ${status} after ${argv[0]}`, () => {
      const result = spawnSync(process.execPath, [main, ...argv], { encoding: 'utf8' });
      assert.equal(result.status, status);
      assert.match(result.stdout, stdout);
      assert.match(result.stderr, stderr);
    });
  }

  test('names its interpreter in the first line, as an installed command must', () => {
    assert.ok(readFileSync(main, 'utf8').startsWith('#!/usr/bin/env node\n'));
  });
});
