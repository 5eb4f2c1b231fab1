// Needs root: makes network namespaces.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { runCommand } from '../../src/demo/command.ts';
import { RunDir, removeLeftovers } from '../../src/demo/run-dir.ts';
import { Topology } from '../../src/demo/topology.ts';

const needsRoot = process.getuid?.() === 0 ? {} : { skip: 'needs root' };

/** The pid of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn('true');
  await once(child, 'exit');
  assert(child.pid !== undefined);
  return child.pid;
}

test('what a killed demo left is removed: namespaces on record, its daemon and its directory', needsRoot, async () => {
  const pid = await deadPid();
  const directory = `/run/metasteer-demo-${pid}`;
  const made = `/run/ms-${pid}-made`;
  const recorded = `qrouter-${pid}-leftover`;
  const byName = `ms${pid}-leftover`;
  const daemon = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  try {
    const ended = once(daemon, 'exit');
    mkdirSync(made);
    writeFileSync(`${made}/started`, '1');
    writeFileSync(`${made}/namespaces`, `${recorded}\nnever-made\n`);
    writeFileSync(`${made}/daemons`, `${daemon.pid} ${startTimeOf(daemon.pid)}\n${process.pid} 1\n`);
    // From here on other tests that begin on this machine may be the ones to remove it; what counts is that it goes.
    for (const name of [recorded, byName]) await runCommand('ip', ['netns', 'add', name]);
    renameSync(made, directory);
    const removed = await removeLeftovers();
    await ended;
    assert.deepEqual(
      removed.filter((each) => each.includes(String(pid)) && each !== directory && each !== byName),
      [],
    );
    for (const path of [directory, `/run/netns/${recorded}`, `/run/netns/${byName}`])
      assert.ok(!existsSync(path), path);
  } finally {
    daemon.kill('SIGKILL');
    for (const path of [made, directory]) rmSync(path, { recursive: true, force: true });
    for (const name of [recorded, byName]) await runCommand('ip', ['netns', 'del', name]).catch(() => {});
  }
});

test('what belongs to a process that runs stays', needsRoot, async () => {
  const runDir = RunDir.create('test');
  const topology = new Topology(runDir);
  try {
    const namespace = await topology.createNamespace(`ms${process.pid}-stays`);
    await removeLeftovers();
    assert.ok(existsSync(namespace.path));
    assert.ok(existsSync(runDir.path));
  } finally {
    await topology.remove();
    runDir.remove();
  }
});

function startTimeOf(pid: number | undefined): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
