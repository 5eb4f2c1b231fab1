// Needs root: network namespaces and BPF. What a worker keeps of connections that have gone.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Daemon } from '../../src/demo/daemon.ts';
import { needsRoot, TestNode, until, whoAmI } from '../kit/node.ts';
import { NO_LIMITS } from '../kit/steady-load.ts';

const CONNECTIONS = 4000;
/** Of each body, which says it has more: about what one read takes, and kept with what it grew by. */
const BODY_BYTES = 40_000;
const KEPT_MAX_KIB = 25 * 1024;
const WITHIN_MS = 30_000;

describe(`a worker that held ${CONNECTIONS} bodies which never ended`, needsRoot, () => {
  let node: TestNode;
  let daemon: Daemon;

  before(async () => {
    node = await TestNode.build();
    daemon = await node.startSteering({ ...NO_LIMITS });
  });
  after(() => node.remove());

  it('has given back what they took', { timeout: 120_000 }, async (test) => {
    assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
    const pid = (await daemon.status()).workers[0]?.pid ?? 0;
    const before = residentKib(pid);
    let highest = 0;
    const script = `
import socket, sys
clients = []
for _ in range(${CONNECTIONS}):
    client = socket.socket()
    client.connect(('169.254.169.254', 80))
    client.send(b'POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 60000\\r\\n\\r\\n' + b'x' * ${BODY_BYTES})
    clients.append(client)
sys.stdin.readline()
`;
    const run = [
      'netns',
      'exec',
      node.green.instance.namespace.name,
      'bash',
      '-c',
      'ulimit -n 8192; exec /usr/bin/python3 -c "$0"',
      script,
    ];
    const guest = spawn('ip', run, { stdio: ['pipe', 'ignore', 'inherit'] });
    node.undo('guest', () => void guest.kill('SIGKILL'));
    await until('all bodies are held', async () => {
      highest = Math.max(highest, residentKib(pid));
      return (await daemon.status()).workers[0]?.connections === CONNECTIONS;
    });
    guest.kill('SIGKILL');
    await until('they have gone', async () => (await daemon.status()).workers[0]?.connections === 0);
    let left = 0;
    await until(
      'the memory is given back',
      () => {
        left = residentKib(pid) - before;
        return left <= KEPT_MAX_KIB;
      },
      WITHIN_MS,
    ).catch((error: unknown) => assert.fail(`${left} KiB are left: ${error}`));
    test.diagnostic(`${before} KiB before, ${highest} KiB with them, ${left} KiB more afterwards`);
    assert.ok(highest - before > 2 * KEPT_MAX_KIB, `they took ${highest - before} KiB: too little to show anything`);
    assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
  });
});

/** Memory of a process that is in the machine's, in KiB. */
function residentKib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
