// Needs root: a network namespace, and to send netlink messages to another socket. Events are the kernel's alone.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { runCommand } from '../../src/demo/command.ts';
import { Namespace } from '../../src/demo/namespace.ts';
import { type KernelEvent, KernelEvents } from '../../src/kernel/events.ts';
import { lookAtNamespace } from '../../src/kernel/links.ts';
import { needsRoot, until } from '../kit/node.ts';

/** An id that no namespace has. */
const FORGED_ID = 987_654;

/** Sends "the namespace of that id has gone" to a socket, as the kernel would word it, and a message that is cut off. */
const FORGER = `
import socket, struct, sys
port, nsid = int(sys.argv[1]), int(sys.argv[2])
gone = struct.pack('=IHHIIIHHi', 28, 89, 0, 0, 0, 0, 8, 1, nsid)
sender = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
for _ in range(3):
    print(sender.sendto(gone, (port, 0)))
    print(sender.sendto(gone[:18], (port, 0)))
`;

const namespace = new Namespace(`ms-forged-${process.pid}`);
before(async () => {
  if (!needsRoot.skip) await runCommand('ip', ['netns', 'add', namespace.name]);
});
after(async () => {
  if (!needsRoot.skip) await runCommand('ip', ['netns', 'del', namespace.name]);
});

/** Netlink ports of this process's sockets: the second number of a line, by the inode at its end. */
function netlinkPorts(): readonly number[] {
  const inodes = new Set(
    readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  const lines = readFileSync('/proc/net/netlink', 'utf8').trim().split('\n').slice(1);
  const sockets = lines.map((line) => line.trim().split(/\s+/));
  return sockets.filter((words) => inodes.has(words.at(-1) ?? '')).map((words) => Number(words[2]));
}

test('an event that another process sends is not taken for the kernel’s', needsRoot, async () => {
  const events: KernelEvent[] = [];
  const stream = new KernelEvents((event) => events.push(event));
  try {
    const { id } = await lookAtNamespace(namespace.path);
    const ports = netlinkPorts();
    assert.ok(ports.length > 0);
    const sent = ports.map((port) => execFileSync('python3', ['-c', FORGER, String(port), String(FORGED_ID)]));
    assert.deepEqual(
      sent.map(String),
      ports.map(() => '28\n18\n'.repeat(3)),
      'they were sent',
    );
    await namespace.ip('link', 'set', 'lo', 'up');
    await until('what came after it was heard', () =>
      events.some((event) => 'namespace' in event && event.namespace === id),
    );
    assert.deepEqual(
      events.filter((event) => event.kind === 'lost' || event.namespace === FORGED_ID),
      [],
    );
  } finally {
    stream.close();
  }
});
