// Needs root: network namespaces, PID namespaces and BPF. Who may take a daemon over, and who ends when that fails.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { tryCommand } from '../../src/demo/command.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import { MetasteerError } from '../../src/errors.ts';
import { builtFile } from '../../src/kernel/paths.ts';
import { askDaemon } from '../../src/unix/admin-request.ts';
import { curl, METADATA_V4, needsRoot, TestNode } from '../kit/node.ts';

/** Becomes the parent of the daemon, with a /proc of its own, and passes on what ends it. CLONE_NEWPID and _NEWNS; MS_PRIVATE. */
const IN_PID_NAMESPACE = `
import ctypes, os, signal, sys
libc = ctypes.CDLL(None, use_errno=True)
def done(result):
    assert result == 0, os.strerror(ctypes.get_errno())
done(libc.unshare(0x20020000))
child = os.fork()
if child == 0:
    libc.prctl(1, signal.SIGKILL)
    done(libc.mount(None, b"/proc", None, 1 << 18, None))
    done(libc.mount(b"proc", b"/proc", b"proc", 0, None))
    os.execvp(sys.argv[1], sys.argv[1:])
signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
`;

describe('a daemon in a PID namespace of its own, as in a container', needsRoot, () => {
  let node: TestNode;
  let daemon: Daemon;

  before(async () => {
    node = await TestNode.build();
    daemon = node.startDaemon({}, ['/usr/bin/python3', '-c', IN_PID_NAMESPACE]);
    await daemon.untilSteering(2, new AbortController().signal);
  });
  after(() => node.remove());

  it('is not taken over by a process that it does not see, which it could not end, and goes on', async () => {
    const words = [builtFile('main'), 'run', '-c', daemon.configFile, '--take-over'];
    const { status, stderr, stdout } = await tryCommand(process.execPath, words, { timeoutMs: 60_000 });
    assert.notEqual(status, 0);
    assert.match(stdout + stderr, /in a PID namespace that this daemon does not see[\s\S]*upgrade-refused/);
    const { daemon: self, ports, workers } = await daemon.status();
    assert.deepEqual([self.pid, ports.length, workers.length], [1, 2, 1]);
    assert.equal((await curl(node.blue, `${METADATA_V4}/`)).status, 200);
  });

  it('believes nobody that did not begin to take it over', async () => {
    const request = { method: 'PUT', path: '/v1/hand-over/commit', body: '{}', withinMs: 5000 } as const;
    await assert.rejects(
      askDaemon(daemon.adminSocket, request),
      (error) => error instanceof MetasteerError && error.code === 'upgrade-refused',
    );
    assert.equal((await curl(node.blue, `${METADATA_V4}/`)).status, 200);
  });
});
