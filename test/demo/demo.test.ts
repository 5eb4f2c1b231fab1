// Needs root: runs the whole demo, with the real daemon in network namespaces.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tryCommand } from '../../src/demo/command.ts';
import type { Report } from '../../src/demo/report.ts';

const MAIN = fileURLToPath(new URL('../../src/demo/main.js', import.meta.url));
const DEADLINE_MS = 120_000;
const needsRoot = { timeout: DEADLINE_MS, ...(process.getuid?.() === 0 ? {} : { skip: 'needs root' }) };

/** Starts the demo in a process of its own; `ended` has what it printed and how it ended. */
function startDemo(...args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], timeout: DEADLINE_MS });
  const pid = child.pid;
  assert(pid !== undefined);
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
    ([stdout, stderr, [status]]) => ({ stdout, stderr, status: status as unknown }),
  );
  return { child, pid, ended };
}

/** Fails when anything of the demo with this pid is still on this machine. */
async function assertNothingRemains(pid: number, report?: Report): Promise<void> {
  assert.ok(!existsSync(`/run/metasteer-demo-${pid}`), 'its directory remains');
  const { stdout: namespaces } = await tryCommand('ip', ['netns', 'list']);
  assert.doesNotMatch(namespaces, new RegExp(`^(ms${pid}-|metasteer-demo-${pid})`, 'm'));
  const { stdout: mounts } = await tryCommand('cat', ['/proc/self/mounts']);
  assert.doesNotMatch(mounts, new RegExp(`ms${pid}-|metasteer-demo-${pid}`));
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  for (const process of processes) {
    const { stdout } = await tryCommand('cat', [`/proc/${process}/cmdline`]);
    assert.ok(!stdout.includes(`/run/metasteer-demo-${pid}/`), `process ${process} remains: ${stdout}`);
  }
  for (const { router } of report?.tenants ?? []) assert.ok(!namespaces.includes(router.namespace), router.namespace);
  for (const { pid: worker } of report?.workers ?? []) assert.ok(!existsSync(`/proc/${worker}`), `worker ${worker}`);
}

test('the demo shows what it claims, in words, and leaves nothing behind', needsRoot, async () => {
  const { pid, ended } = startDemo();
  const { stdout, stderr, status } = await ended;
  assert.equal(status, 0, `${stderr}\n${stdout}`);
  assert.match(stdout, /All \d+ checks hold\./);
  assert.match(stdout, /conntrack entries in the router +0 +0/);
  await assertNothingRemains(pid);
});

test('with --json standard output is one JSON document, and no link of the demo remains', needsRoot, async () => {
  const { pid, ended } = startDemo('--json');
  const { stdout, stderr, status } = await ended;
  assert.equal(status, 0, `${stderr}\n${stdout}`);
  const report = JSON.parse(stdout) as Report & { readonly holds: boolean };
  assert.equal(report.holds, true);
  assert.equal(report.tenants.length, 2);
  await assertNothingRemains(pid, report);
  const { stdout: links } = await tryCommand('ip', ['link']);
  for (const { router, port } of report.tenants) {
    assert.ok(!links.includes(router.interface));
    assert.ok(port === undefined || !links.includes(`${port.device}@`));
  }
});

test('with --keep it stays until Ctrl-C, and then cleans up', needsRoot, async () => {
  const { child, pid, ended } = startDemo('--keep');
  await new Promise<void>((resolve) => {
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('Ctrl-C')) resolve();
    });
    child.once('close', () => resolve());
  });
  child.kill('SIGINT');
  const { stderr, status } = await ended;
  assert.equal(status, 0, stderr);
  assert.match(stderr, /ip netns exec ms\d+-\S+ curl /);
  await assertNothingRemains(pid);
});

test('an unknown option is told with the usage', { timeout: DEADLINE_MS }, async () => {
  const { stderr, status } = await startDemo('--nonsense').ended;
  assert.equal(status, 2);
  assert.match(stderr, /--nonsense.*usage:/s);
});
