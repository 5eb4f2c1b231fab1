import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { SocketListener, SocketTakenError } from '../../src/unix/socket-file.ts';

const root = mkdtempSync(join(tmpdir(), 'ms-unix-'));
after(() => rmSync(root, { recursive: true }));

let folder: string;
let path: string;
const servers: Server[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(root, 'f'));
  path = join(folder, 'agent');
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

function server(greeting = ''): Server {
  const made = createServer((socket) => socket.on('error', () => undefined).end(greeting));
  servers.push(made);
  return made;
}

async function greetingOf(at: string): Promise<string> {
  const socket = connect(at).setEncoding('utf8');
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}

/** A socket whose process was killed. */
function leaveStale(): void {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  assert.equal(spawnSync(process.execPath, ['-e', script]).signal, 'SIGKILL');
  assert.ok(lstatSync(path).isSocket());
}

describe('a socket', () => {
  const modes = [0o600, 0o660, 0o666, 0o644];
  for (const mode of modes) {
    test(`gets the mode 0${mode.toString(8)}, whatever the umask`, async () => {
      await SocketListener.listen(server('hello'), { path, mode });
      assert.equal(lstatSync(path).mode & 0o7777, mode);
      assert.equal(await greetingOf(path), 'hello');
    });
  }

  test('gets its owner and group', { skip: process.getuid?.() !== 0 && 'needs root' }, async () => {
    await SocketListener.listen(server(), { path, mode: 0o660, uid: 65534, gid: 4 });
    const { uid, gid } = lstatSync(path);
    assert.deepEqual({ uid, gid }, { uid: 65534, gid: 4 });
  });

  test('leaves nothing beside it', async () => {
    const listener = await SocketListener.listen(server(), { path, mode: 0o600 });
    assert.deepEqual(readdirSync(folder), ['agent']);
    listener.close();
    assert.deepEqual(readdirSync(folder), []);
  });

  test('does not appear under its name when its owner cannot be set', async () => {
    const nobody = { path, mode: 0o600, uid: -7 };
    await assert.rejects(SocketListener.listen(server(), nobody));
    assert.deepEqual(readdirSync(folder), []);
  });

  test('has the backlog that was asked for, which is more than Node gives by itself', async () => {
    const somaxconn = Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'));
    const connections = async (backlog: number, tries: number) => {
      const at = join(folder, `b${backlog}`);
      await SocketListener.listen(server(), { path: at, mode: 0o600, backlog });
      // Connecting is one system call, made at once, and nothing is accepted before this turn ends.
      const sockets = Array.from({ length: tries }, () => connect(at));
      const outcomes = await Promise.all(sockets.map(outcomeOf));
      for (const socket of sockets) socket.destroy();
      return outcomes;
    };
    const few = await connections(50, 60);
    // The kernel takes one more than it is told.
    assert.deepEqual(
      [few.filter((each) => each === 'connect').length, new Set(few.slice(51))],
      [51, new Set(['EAGAIN'])],
    );
    const many = await connections(4096, 800);
    assert.equal(many.filter((each) => each === 'connect').length, Math.min(800, somaxconn + 1));
  });
});

function outcomeOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('connect', () => resolve('connect'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
  });
}

describe('what is at the name already', () => {
  test('is replaced when it is a socket that nobody listens on', async () => {
    leaveStale();
    await SocketListener.listen(server('new'), { path, mode: 0o600 });
    assert.equal(await greetingOf(path), 'new');
    assert.deepEqual(readdirSync(folder), ['agent']);
  });

  test('stays and goes on answering when somebody listens on it', async () => {
    await SocketListener.listen(server('first'), { path, mode: 0o600 });
    await assert.rejects(SocketListener.listen(server('second'), { path, mode: 0o600 }), SocketTakenError);
    assert.equal(await greetingOf(path), 'first');
    assert.deepEqual(readdirSync(folder), ['agent']);
  });

  const others: readonly [what: string, make: () => void][] = [
    ['a file', () => writeFileSync(path, 'precious')],
    ['a symbolic link to a socket', () => symlinkSync('/dev/null', path)],
    ['a dangling symbolic link', () => symlinkSync('/nowhere/at/all', path)],
  ];
  for (const [what, make] of others) {
    test(`is left alone when it is ${what}`, async () => {
      make();
      const before = lstatSync(path).ino;
      await assert.rejects(SocketListener.listen(server(), { path, mode: 0o600 }), /not a socket/);
      assert.equal(lstatSync(path).ino, before);
    });
  }

  test('of two that come at once to a stale one, one listens and the other is refused', async () => {
    leaveStale();
    const results = await Promise.allSettled(
      ['a', 'b'].map((name) => SocketListener.listen(server(name), { path, mode: 0o600 })),
    );
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    const winner = results.findIndex(({ status }) => status === 'fulfilled');
    assert.equal(await greetingOf(path), ['a', 'b'][winner]);
  });
});

describe('closing', () => {
  test('leaves a socket that another process has put there meanwhile', async () => {
    const listener = await SocketListener.listen(server('old'), { path, mode: 0o600 });
    rmSync(path);
    await SocketListener.listen(server('new'), { path, mode: 0o600 });
    listener.close();
    assert.equal(await greetingOf(path), 'new');
  });

  test('removes the socket and refuses who comes later', async () => {
    const made = server();
    const listener = await SocketListener.listen(made, { path, mode: 0o600 });
    const closed = once(made, 'close');
    listener.close();
    await closed;
    assert.equal(existsSync(path), false);
  });
});

test('a directory whose name leaves no room for the socket’s other name is refused', async () => {
  const long = join(folder, 'x'.repeat(95 - folder.length));
  await assert.rejects(SocketListener.listen(server(), { path: join(long, 'a'), mode: 0o600 }), /too long|at most/);
});
