import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isSameUser, socketProblem, workerUser } from '../../src/control/agent-socket.ts';
import { findUser, type User } from '../../src/unix/user.ts';

const SHUT_IN = { sandbox: true };
const OPEN = { sandbox: false };

describe('the agent’s socket, seen by a user', () => {
  const folder = mkdtempSync(join(tmpdir(), 'metasteer-'));
  const socket = join(folder, 'agent.sock');
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  const owner: User = { name: 'owner', uid, gid, groups: [] };
  const member: User = { name: 'member', uid: uid + 1, gid: gid + 1, groups: [gid] };
  const stranger: User = { name: 'stranger', uid: uid + 1, gid: gid + 1, groups: [] };
  let server: Server;

  before(async () => {
    server = createServer();
    await new Promise<void>((resolve) => server.listen(socket, resolve));
  });
  after(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const rows: readonly [string, number, number, User, boolean][] = [
    ['its owner, when the owner may write', 0o755, 0o755, owner, true],
    ['its owner, when only others may', 0o755, 0o577, owner, false],
    ['a member of its group, when the group may write', 0o755, 0o720, member, true],
    ['a member of its group, when the group may not', 0o755, 0o702, member, false],
    ['a stranger, when everybody may write', 0o755, 0o666, stranger, true],
    ['a stranger, when only owner and group may', 0o755, 0o775, stranger, false],
    ['a stranger, when the folder cannot be entered', 0o700, 0o666, stranger, false],
    ['its owner, in a folder only the owner can enter', 0o700, 0o700, owner, true],
  ];
  for (const [name, folderMode, mode, user, isOpen] of rows) {
    it(`${isOpen ? 'can' : 'cannot'} be opened by ${name}`, () => {
      chmodSync(folder, folderMode);
      chmodSync(socket, mode);
      assert.equal(socketProblem(socket, user, OPEN)?.code, isOpen ? undefined : 'agent-socket-denied');
    });
  }

  it('can be opened by a worker that is shut in whoever may enter the folders above', () => {
    const inner = join(folder, 'inner');
    mkdirSync(inner);
    chmodSync(socket, 0o666);
    renameSync(socket, join(inner, 'agent.sock'));
    chmodSync(folder, 0o700);
    const problem = (rules: { readonly sandbox: boolean }) => socketProblem(join(inner, 'agent.sock'), stranger, rules);
    assert.equal(problem(SHUT_IN), undefined);
    assert.equal(problem(OPEN)?.code, 'agent-socket-denied');
    renameSync(join(inner, 'agent.sock'), socket);
  });

  it('is reported when it is not there, or is something else', () => {
    chmodSync(folder, 0o755);
    assert.equal(socketProblem(`${socket}.not`, owner, OPEN)?.code, 'agent-socket-missing');
    assert.match(socketProblem(folder, owner, OPEN)?.message ?? '', /is not a socket/);
  });
});

describe('the worker’s user', () => {
  const own: User = { name: 'metasteer', uid: 4_000_001, gid: 4_000_002, groups: [] };
  const none = undefined;

  it('is nobody when there is no socket to own, which is said to be weaker', () => {
    const user = workerUser(SHUT_IN, '/nonexistent/agent.sock', none);
    assert.equal(user.name, 'nobody');
    assert.match(user.weakness ?? '', /^workers run as nobody/);
  });
  it('is the one configured', () =>
    assert.equal(workerUser({ ...SHUT_IN, user: 'daemon' }, '/nonexistent', own).name, 'daemon'));
  it('cannot be one that does not exist', () => {
    assert.throws(() => workerUser({ ...SHUT_IN, user: 'no-such-user' }, '/nonexistent'), {
      code: 'worker-user-unknown',
    });
  });
  for (const root of ['root', '0'])
    it(`cannot be root called ${root}`, () => {
      assert.throws(() => workerUser({ ...SHUT_IN, user: root }, '/nonexistent'), { code: 'worker-user-root' });
    });
  it('is the one for workers alone while there is no socket', () => {
    assert.deepEqual(workerUser(SHUT_IN, '/nonexistent/agent.sock', own), own);
  });

  describe('where the socket is somebody’s', { skip: process.geteuid?.() === 0 ? false : 'needs root' }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'metasteer-'));
    const socket = join(folder, 'agent.sock');
    const [daemon, group] = [findUser('daemon')?.uid ?? 0, 60];
    let server: Server;
    before(async () => {
      server = createServer();
      await new Promise<void>((resolve) => server.listen(socket, resolve));
      chownSync(socket, daemon, group);
      chmodSync(folder, 0o755);
    });
    after(() => {
      server.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it('is the one for workers alone, in the socket’s group, where that may write to it', () => {
      chmodSync(socket, 0o664);
      assert.deepEqual(workerUser(SHUT_IN, socket, own), { ...own, groups: [group] });
    });
    it('is the socket’s owner where its group may not write, which is said to be weaker', () => {
      chmodSync(socket, 0o644);
      const user = workerUser(SHUT_IN, socket, own);
      assert.equal(user.name, 'daemon');
      assert.match(user.weakness ?? '', /^workers run as daemon, who owns the agent’s socket/);
    });
    it('is not put into root’s group', () => {
      chmodSync(socket, 0o666);
      chownSync(socket, 0, 0);
      assert.deepEqual(workerUser(SHUT_IN, socket, own), own);
    });
  });

  it('is another to the kernel when its groups differ', () => {
    assert.equal(isSameUser(own, { ...own, name: 'other' }), true);
    assert.equal(isSameUser(own, { ...own, groups: [60] }), false);
  });
  it('is found by name and number, with its groups', () => {
    assert.deepEqual(findUser('root')?.uid, 0);
    assert.equal(findUser(0)?.name, 'root');
    assert.equal(findUser('no-such-user'), undefined);
  });
});
