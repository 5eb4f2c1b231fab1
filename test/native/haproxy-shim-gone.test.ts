// Needs root: a mount namespace with settings of the test. What the shim does when the daemon ends while it answers.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { haproxyConfig } from '../../bench/incumbent.ts';
import { ShimmedNeutron } from '../kit/haproxy-shim.ts';
import { needsRoot } from '../kit/node.ts';

const OWNER = '7d3c0a1e-52b7-4f0e-9a3b-1f0f3c2d4e5f';
/** The kernel says of a socket who began to listen on it: here a process that has ended before anything is answered. */
const ANSWERER = `
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
child = os.fork()
if child == 0:
    listener.listen()
    os._exit(0)
os.waitpid(child, 0)
print('listening', flush=True)
client, _ = listener.accept()
client.recv(4096)
client.sendall(b'HTTP/1.1 200 OK\\r\\n\\r\\n{"serves":true}')
`;

const folder = mkdtempSync(join(tmpdir(), 'metasteer-shim-gone-'));
after(() => rmSync(folder, { recursive: true }));

test('where the daemon has ended meanwhile, no process stays that would never see it', needsRoot, async () => {
  const socket = join(folder, 'admin.sock');
  const pidFile = join(folder, 'pid');
  const settings = [`admin_socket ${socket}`, 'haproxy /bin/echo'];
  const neutron = await ShimmedNeutron.prepare({ file: (name) => join(folder, name) }, '/none', settings);
  const conf = neutron.confOf(OWNER);
  const written = { routerId: OWNER, agentSocket: '/none', pidFile, user: 'nobody', group: 'nogroup' };
  writeFileSync(conf, haproxyConfig(written));
  const answerer = spawn('/usr/bin/python3', ['-c', ANSWERER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(answerer, 'exit');
  await once(answerer.stdout, 'data');
  try {
    const { status, stdout, stderr } = await neutron.run('haproxy', '-f', conf);
    assert.deepEqual({ status, stdout }, { status: 0, stdout: `-f ${conf}\n` });
    assert.match(stderr, new RegExp(`does not serve ${OWNER} \\(No such process\\): starting the real haproxy`));
    assert.equal(existsSync(pidFile), false);
  } finally {
    if (existsSync(pidFile)) process.kill(Number(readFileSync(pidFile, 'utf8')));
    answerer.kill();
    await ended;
  }
});
