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
