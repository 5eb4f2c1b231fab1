// Needs the shim, but no privileges. The thread of the front, as the kernel has it.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { after, test } from 'node:test';
import { Front } from '../../src/kernel/front.ts';

const { SIGHUP, SIGINT, SIGTERM, SIGCHLD, SIGPIPE, SIGALRM, SIGPROF, SIGUSR1, SIGUSR2, SIGIO, SIGURG } =
  constants.signals;

const before = threads();
const mask = blockedOf('self');
const front = new Front({ connections: 1, agentConnections: 0, agentPath: '', unackedMs: 1000 });
after(() => front.close());

test('no signal ends a read of the front’s thread before bytes that follow an urgent one', () => {
  const [thread, ...others] = threads().filter((id) => !before.includes(id));
  assert.ok(thread !== undefined && others.length === 0);
  const blocked = blockedOf(thread);
  for (const signal of [SIGHUP, SIGINT, SIGTERM, SIGCHLD, SIGPIPE, SIGALRM, SIGPROF, SIGUSR1, SIGUSR2, SIGIO, SIGURG])
    assert.ok(blocked & (1n << BigInt(signal - 1)), `signal ${signal}`);
});

test('the thread that opened the front takes those signals that it took before', () => {
  assert.equal(blockedOf('self'), mask);
});

function threads(): readonly string[] {
  return readdirSync('/proc/self/task');
}

/** Signals that a thread of this process does not take: a bit each, from 1 on. @param id `self` for the main one */
function blockedOf(id: string): bigint {
  const thread = id === 'self' ? String(process.pid) : id;
  const [, mask] = /^SigBlk:\s+([0-9a-f]+)$/m.exec(readFileSync(`/proc/self/task/${thread}/status`, 'utf8')) ?? [];
  return BigInt(`0x${mask}`);
}
