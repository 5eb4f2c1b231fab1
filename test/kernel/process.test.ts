// The rows with other PID namespaces need root.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { isAlive, ProcessHandle, peerOf } from '../../src/kernel/process.ts';
import { fdOf } from '../../src/proxy/handle.ts';
import { needsRoot, until } from '../kit/node.ts';

const folder = mkdtempSync(join(tmpdir(), 'ms-process-'));
after(() => rmSync(folder, { recursive: true }));

/** Connects, and waits until it is ended. */
const CONNECTS = 'import socket,sys,time; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); time.sleep(60)';

interface Visit {
  readonly visitor: ChildProcess;
  readonly socket: Socket;
}

/** Has a process connect. */
async function visit(name: string, ...before: readonly string[]): Promise<Visit> {
  const path = join(folder, name);
  const server = createServer({ pauseOnConnect: true }).listen(path);
  const [command = '', ...argv] = [...before, 'python3', '-c', CONNECTS, path];
  const visitor = spawn(command, argv, { stdio: 'inherit' });
  const [socket] = (await once(server, 'connection')) as [Socket];
  socket.on('error', () => undefined);
  server.close();
  after(() => {
    socket.destroy();
    visitor.kill('SIGKILL');
  });
  return { visitor, socket };
}

describe('a process at the other end of a socket', () => {
  it('is known by number and user, and is held', async () => {
    const { visitor, socket } = await visit('peer.sock');
    assert.deepEqual(peerOf(fdOf(socket)), { pid: visitor.pid, uid: process.getuid?.() });
    const held = ProcessHandle.ofPeer(fdOf(socket));
    assert.ok(held);
    assert.deepEqual([held.pid, held.hasEnded], [visitor.pid, false]);
    held.signal('SIGTERM');
    assert.deepEqual(await once(visitor, 'exit'), [null, 'SIGTERM']);
    assert.equal(held.hasEnded, true);
    // Its number may be another's by now: nothing is sent to that.
    held.signal('SIGKILL');
    held.close();
    held.close();
    held.signal('SIGKILL');
  });

  it('that has ended is not taken for another one with its number', async () => {
    const { visitor, socket } = await visit('ended.sock');
    visitor.kill('SIGKILL');
    await once(visitor, 'exit');
    assert.equal(ProcessHandle.ofPeer(fdOf(socket)), undefined);
  });

  it('in another PID namespace has number 0, and is not held', needsRoot, async () => {
    const { socket } = await visit('namespace.sock', 'unshare', '--pid', '--fork', '--kill-child');
    // From a namespace below it is seen; the other way round it is not.
    const inner = await outsideSeenFromWithin();
    assert.deepEqual(inner, { pid: 0, held: false });
    assert.notEqual(peerOf(fdOf(socket)).pid, 0);
  });
});

/** What a process in a PID namespace of its own finds out about this one. */
async function outsideSeenFromWithin(): Promise<unknown> {
  const path = join(folder, 'within.sock');
  const module = (name: string) => new URL(`../../src/${name}`, import.meta.url).href;
  const script = `
    const { createServer } = await import('node:net');
    const { peerOf, ProcessHandle } = await import('${module('kernel/process.js')}');
    const { fdOf } = await import('${module('proxy/handle.js')}');
    createServer((socket) => {
      const held = ProcessHandle.ofPeer(fdOf(socket)) !== undefined;
      console.log(JSON.stringify({ pid: peerOf(fdOf(socket)).pid, held }));
      process.exit();
    }).listen('${path}', () => console.log('"listening"'));`;
  const argv = ['--pid', '--fork', '--kill-child', process.execPath, '--input-type=module', '-e', script];
  const child = spawn('unshare', argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await until('it listens', () => said.includes('listening'));
  const { connect } = await import('node:net');
  connect(path).on('error', () => undefined);
  await once(child, 'close');
  return JSON.parse(said.trim().split('\n')[1] ?? 'null');
}

/** Runs a program on a kernel that seems not to have SO_PEERPIDFD: getsockopt fails for it with ENOPROTOOPT (seccomp(2)). */
const BEFORE_6_5 = `
import ctypes, os, platform, struct, sys
number = {"x86_64": 55, "aarch64": 209}[platform.machine()]
def step(code, k, if_true=0, if_false=0):
    return struct.pack("HBBI", code, if_true, if_false, k)
steps = [step(0x20, 0), step(0x15, number, 0, 3), step(0x20, 32), step(0x15, 77, 0, 1), step(0x06, 0x5005c), step(0x06, 0x7fff0000)]
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_char_p)]
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Program(len(steps), b"".join(steps))), 0, 0) == 0
os.execvp(sys.argv[1], sys.argv[1:])
`;

it('a process at the other end of a socket is held on kernels before 6.5 too, unless it has ended', async () => {
  const path = join(folder, 'before.sock');
  const module = (name: string) => new URL(`../../src/${name}`, import.meta.url).href;
  const script = `
    const { createServer } = await import('node:net');
    const { once } = await import('node:events');
    const { spawn } = await import('node:child_process');
    const { ProcessHandle } = await import('${module('kernel/process.js')}');
    const { fdOf } = await import('${module('proxy/handle.js')}');
    const server = createServer({ pauseOnConnect: true }).listen('${path}');
    const visitor = spawn('python3', ['-c', ${JSON.stringify(CONNECTS)}, '${path}']);
    const [socket] = await once(server, 'connection');
    const held = ProcessHandle.ofPeer(fdOf(socket));
    const isVisitor = held?.pid === visitor.pid && !held.hasEnded;
    held?.signal('SIGKILL');
    await once(visitor, 'exit');
    console.log(isVisitor, held?.hasEnded, ProcessHandle.ofPeer(fdOf(socket)) === undefined);
    process.exit();`;
  const argv = ['-c', BEFORE_6_5, process.execPath, '--input-type=module', '-e', script];
  const child = spawn('python3', argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(child, 'close');
  assert.equal(said, 'true true true\n');
});

describe('a process by its number', () => {
  it('is held, until it has ended', async () => {
    const child = spawn('sleep', ['60']);
    const held = ProcessHandle.open(child.pid ?? 0);
    assert.ok(held);
    assert.deepEqual([held.hasEnded, isAlive(held.pid)], [false, true]);
    held.signal('SIGKILL');
    await once(child, 'exit');
    assert.deepEqual([held.hasEnded, isAlive(held.pid)], [true, false]);
    held.close();
  });

  it('is none with number 0, nor one that nobody has', () => {
    for (const pid of [0, 4_194_303]) assert.equal(ProcessHandle.open(pid), undefined, String(pid));
  });
});
