// Needs root: network namespaces and BPF. What a user of the node, and a worker that was taken over, can do to the daemon.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { mapsHeldBy } from '../../bench/bpf-memory.ts';
import { tryCommand } from '../../src/demo/command.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import { BUILT, packageRoot } from '../../src/kernel/paths.ts';
import { needsRoot, TestNode } from '../kit/node.ts';

/** Tries as nobody, whom the worker runs as too; says how it ended. */
async function asNobody(script: string): Promise<string> {
  const user = ['--reuid=65534', '--regid=65534', '--clear-groups'];
  const program = `import ctypes, os, socket\ntry:\n ${script}\n print('done')\nexcept OSError as error:\n print(error.strerror)`;
  const { stdout, stderr } = await tryCommand('setpriv', [...user, '/usr/bin/python3', '-c', program]);
  return stdout.trim() || stderr;
}

describe('an unprivileged user of the node', needsRoot, () => {
  let node: TestNode;
  let daemon: Daemon;
  let worker: number;
  before(async () => {
    node = await TestNode.build();
    daemon = await node.startSteering();
    worker = (await daemon.status()).workers[0]?.pid ?? 0;
  });
  after(() => node.remove());

  const rows: readonly (readonly [what: string, script: () => string])[] = [
    ['connect to the admin socket', () => `socket.socket(socket.AF_UNIX).connect('${daemon.adminSocket}')`],
    ['take the lock', () => `open('${node.runDir.path}/lock', 'r+')`],
    ['put a file into the run directory', () => `open('${node.runDir.path}/mine', 'w')`],
    ['see what the supervisor has open', () => `os.listdir('/proc/${daemon.pid}/fd')`],
    ['read the supervisor’s memory', () => `open('/proc/${daemon.pid}/mem')`],
    ['read the supervisor’s environment', () => `open('/proc/${daemon.pid}/environ').read()`],
    ['signal the supervisor', () => `os.kill(${daemon.pid}, 0)`],
    ['change the worker’s code', () => `open('${join(packageRoot, BUILT.worker)}', 'w')`],
    ['put a file into the worker’s root', () => `open('${node.runDir.path}/root/mine', 'w')`],
    ['enter the port devices’ namespace', () => `os.setns(os.open('/run/netns/${daemon.namespace}', 0))`],
  ];
  for (const [what, script] of rows) {
    it(`cannot ${what}`, async () => {
      // Python 3.11 has no os.setns: ctypes says as much through errno.
      const call = script().replace(/^os\.setns\((.*)\)$/, (_, fd: string) => checked(`setns(${fd}, 0)`));
      assert.match(await asNobody(call), /^(Permission denied|Operation not permitted)$/);
    });
  }

  it('finds the worker with a bound for its heap', () => {
    assert.match(readFileSync(`/proc/${worker}/cmdline`, 'utf8'), /\0--max-old-space-size=512\0/);
  });

  it('finds no BPF object with the worker, only sockets that are listening or connected', () => {
    assert.deepEqual(mapsHeldBy(worker), []);
    assert.ok(mapsHeldBy(daemon.pid).length > 0);
  });
});

/** A call of the C library that raises what errno says. */
function checked(call: string): string {
  const library = 'ctypes.CDLL(None, use_errno=True)';
  return `library = ${library}; library.${call} == 0 or (_ for _ in ()).throw(OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno())))`;
}
