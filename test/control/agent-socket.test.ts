import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { socketProblem, workerUser } from '../../src/control/agent-socket.ts';
import { findUser, type User } from '../../src/unix/user.ts';

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
      assert.equal(socketProblem(socket, user)?.code, isOpen ? undefined : 'agent-socket-denied');
    });
  }

  it('is reported when it is not there, or is something else', () => {
    chmodSync(folder, 0o755);
    assert.equal(socketProblem(`${socket}.not`, owner)?.code, 'agent-socket-missing');
    assert.match(socketProblem(folder, owner)?.message ?? '', /is not a socket/);
  });
});

describe('the worker’s user', () => {
  it('is nobody when there is no socket to own', () => {
    assert.equal(workerUser(undefined, '/nonexistent/agent.sock').name, 'nobody');
  });
  it('is the one configured', () => assert.equal(workerUser('daemon', '/nonexistent').name, 'daemon'));
  it('cannot be one that does not exist', () => {
    assert.throws(() => workerUser('no-such-user', '/nonexistent'), { code: 'worker-user-unknown' });
  });
  for (const root of ['root', '0'])
    it(`cannot be root called ${root}`, () => {
      assert.throws(() => workerUser(root, '/nonexistent'), { code: 'worker-user-root' });
    });
  it('is found by name and number, with its groups', () => {
    assert.deepEqual(findUser('root')?.uid, 0);
    assert.equal(findUser(0)?.name, 'root');
    assert.equal(findUser('no-such-user'), undefined);
  });
});
