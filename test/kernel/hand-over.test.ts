import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, fstatSync, mkdtempSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { HandOverSocket, handDescriptorsOver } from '../../src/kernel/hand-over.ts';
import { isKernelError } from '../../src/kernel/kernel-error.ts';
import { takeLock } from '../../src/kernel/lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'ms-hand-over-'));
after(() => rmSync(folder, { recursive: true }));

/** More than one message may carry. */
const MANY = 600;

describe('descriptors that are handed over', () => {
  it('come in their order, however many they are, and are the same files', () => {
    const socket = HandOverSocket.listen(join(folder, 'many.sock'));
    const files = [openSync('/dev/null', 'r'), openSync(folder, 'r')];
    const sent = Array.from({ length: MANY }, (_, index) => files[index % 2] ?? -1);
    handDescriptorsOver(socket.path, sent);
    const received = socket.receive(MANY);
    assert.equal(new Set(received).size, MANY);
    for (const [index, fd] of received.entries()) assert.equal(fstatSync(fd).ino, fstatSync(sent[index] ?? -1).ino);
    for (const fd of [...received, ...files]) closeSync(fd);
    socket.close();
    assert.equal(existsSync(socket.path), false);
  });

  it('that do not come are missed', () => {
    const socket = HandOverSocket.listen(join(folder, 'few.sock'));
    const file = openSync('/dev/null', 'r');
    handDescriptorsOver(socket.path, [file]);
    assert.throws(
      () => socket.receive(2),
      (error) => isKernelError(error),
    );
    closeSync(file);
    socket.close();
  });

  it('that are more than announced are refused, and closed', () => {
    const socket = HandOverSocket.listen(join(folder, 'more.sock'));
    const file = openSync('/dev/null', 'r');
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    handDescriptorsOver(socket.path, [file, file, file]);
    assert.throws(() => socket.receive(2), /^Error: 3 descriptors came, and 2 were announced$/);
    assert.equal(open(), before);
    closeSync(file);
    socket.close();
  });

  it('come over a socket that nobody else may connect to', () => {
    const socket = HandOverSocket.listen(join(folder, 'mode.sock'));
    assert.equal(statSync(socket.path).mode & 0o777, 0o600);
    socket.close();
  });
});

it('a lock is held as long as one process has its descriptor, and names who holds it', () => {
  const path = join(folder, 'lock');
  const lock = takeLock(path);
  assert.ok(lock.held);
  const tried = (fd: number | 'ignore') =>
    spawnSync('flock', ['--nonblock', path, 'true'], { stdio: ['ignore', 'ignore', 'ignore', fd] }).status;
  assert.equal(tried('ignore'), 1);
  // As a daemon that was handed the descriptor would have it.
  const next = spawnSync('sh', ['-c', `flock --nonblock ${path} true; echo $?`], {
    stdio: ['ignore', 'pipe', 'ignore', lock.fd],
    encoding: 'utf8',
  });
  assert.equal(next.stdout.trim(), '1');
  closeSync(lock.fd);
  assert.equal(tried('ignore'), 0);
});
