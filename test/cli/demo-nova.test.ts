import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import type { ErrorCode } from '../../src/errors.ts';
import { builtFile } from '../../src/kernel/paths.ts';
import { ask } from '../nova/client.ts';
import { headersFor, PLAIN, PROJECT, SECRET } from '../nova/sample.ts';
import { cli } from './run-cli.ts';

const MAIN = builtFile('main');
const folder = mkdtempSync(join(tmpdir(), 'metasteer-demo-nova-'));
after(() => rmSync(folder, { recursive: true }));
const inventory = join(folder, 'inventory.yaml');
const bad = join(folder, 'bad.yaml');
const secret = join(folder, 'secret');
const empty = join(folder, 'empty');
const exposed = join(folder, 'exposed');
const none = join(folder, 'none');
writeFileSync(inventory, `instances: [{ id: ${PLAIN}, project: "${PROJECT}", ports: [] }]\n`);
writeFileSync(bad, 'instances: 7\n');
writeFileSync(secret, `${SECRET}\n`, { mode: 0o600 });
writeFileSync(empty, '\n', { mode: 0o600 });
writeFileSync(exposed, `${SECRET}\n`, { mode: 0o604 });

/** Starts it on a port that the kernel chooses, and reads its first line. */
async function start(env: NodeJS.ProcessEnv, ...argv: readonly string[]) {
  const args = [MAIN, 'demo-nova', '--inventory', inventory, '--listen', '127.0.0.1:0', ...argv];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  const log = text(child.stderr);
  const [line] = (await Promise.race([once(createInterface({ input: child.stdout }), 'line'), failed(child, log)])) as [
    string,
  ];
  return { child, line, log };
}

async function failed(child: ChildProcess, log: Promise<string>): Promise<never> {
  await once(child, 'exit');
  throw new Error(`it ended: ${await log}`);
}

describe('metasteer demo-nova', () => {
  const ways: readonly (readonly [how: string, env: NodeJS.ProcessEnv, argv: readonly string[]])[] = [
    ['a file', {}, ['--secret-file', secret]],
    ['the environment', { METASTEER_SHARED_SECRET: SECRET }, []],
  ];
  for (const [how, env, argv] of ways) {
    test(`serves the inventory with the secret from ${how} until SIGTERM, and logs no secret`, async () => {
      const { child, line, log } = await start(env, '--json', '--log-level', 'debug', ...argv);
      const { url } = JSON.parse(line) as { readonly url: string };
      const reply = await ask(url, '/latest/meta-data/instance-id', { headers: headersFor(PLAIN) });
      const wrong = headersFor(PLAIN, { 'X-Instance-ID-Signature': 'wrong signature' });
      assert.equal((await ask(url, '/latest', { headers: wrong })).status, 403);
      child.kill('SIGTERM');
      const [code] = (await once(child, 'exit')) as [number];
      const lines = (await log).trimEnd().split('\n');
      assert.equal(reply.text, 'i-00000001');
      assert.equal(code, 0);
      assert.deepEqual(
        lines.map((entry) => JSON.parse(entry).msg),
        ['listening', 'request', 'invalid signature', 'request', 'stopped'],
      );
      assert.doesNotMatch(lines.join('\n'), new RegExp(`${SECRET}|wrong signature`));
    });
  }

  test('prints where it listens in words, unless asked for JSON', async () => {
    const { child, line } = await start({}, '--secret-file', secret);
    child.kill('SIGTERM');
    assert.match(line, /^listening on http:\/\/127\.0\.0\.1:\d+$/);
  });

  const errors: readonly (readonly [argv: readonly string[], code: ErrorCode, message: RegExp])[] = [
    [[], 'usage', /--inventory/],
    [['--inventory', inventory, '--listen', 'here'], 'usage', /HOST:PORT/],
    [['--inventory', inventory, '--delay', 'long'], 'usage', /duration/],
    [['--inventory', inventory, '--tls-cert', none], 'usage', /--tls-key/],
    [['--inventory', none, '--secret-file', secret], 'inventory-unreadable', /ENOENT/],
    [['--inventory', bad, '--secret-file', secret], 'inventory-invalid', /bad\.yaml:1:12: instances: /],
    [['--inventory', inventory, '--secret-file', none], 'config-unreadable', /ENOENT/],
    [['--inventory', inventory, '--secret-file', empty], 'config-invalid-value', /empty is to hold one secret/],
    [['--inventory', inventory, '--secret-file', exposed], 'config-secret-exposed', /its mode is 0604/],
    [['--inventory', inventory], 'secret-unusable', /METASTEER_SHARED_SECRET is not set/],
    [['--inventory', inventory, '--secret-file', secret, '--tls-cert', none, '--tls-key', none], 'tls-files', /ENOENT/],
  ];
  for (const [argv, code, message] of errors) {
    test(`ends with ${code}: ${argv.map((argument) => argument.replace(`${folder}/`, '')).join(' ')}`, async () => {
      const result = await cli('demo-nova', ...argv, '--json');
      const { error } = JSON.parse(result.stderr);
      assert.deepEqual([result.code, error.code], [2, code]);
      assert.match(error.message, message);
    });
  }
});
