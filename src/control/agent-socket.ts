import { type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { MetasteerError } from '../errors.ts';
import { findUser, type User } from '../unix/user.ts';

/** Who runs the worker when nobody owns the agent's socket but root. */
const FALLBACK_USER = 'nobody';

/** Bits of one class of a file's mode. */
const PERMISSION = { write: 2, search: 1 } as const;

/**
 * The user a worker must be to open the agent's socket: `worker.user`, else the socket's owner where that is not
 * root, since an agent's socket is often writable by its owner alone (contract.md 2.3), else `nobody`.
 *
 * @throws {MetasteerError} `worker-user-unknown`, `worker-user-root`
 */
export function workerUser(configured: string | undefined, socket: string): User {
  const stats = statOf(socket);
  const owner = stats?.uid ?? 0;
  const wanted = configured ?? (owner === 0 ? FALLBACK_USER : owner);
  const user = findUser(wanted) ?? (typeof wanted === 'number' ? bareUser(wanted, stats?.gid ?? 0) : undefined);
  if (user === undefined) throw new MetasteerError('worker-user-unknown', `there is no user ${wanted}`);
  if (user.uid === 0)
    throw new MetasteerError('worker-user-root', `the worker would run as ${user.name}, which is root`);
  return user;
}

/** No user's group on Debian and most others. */
const NO_GROUP = 65534;

/** An owner known by number alone, as in containers; with the socket's group, other than root's. */
function bareUser(uid: number, gid: number): User {
  return { name: String(uid), uid, gid: gid === 0 ? NO_GROUP : gid, groups: [] };
}

/** Why a user cannot open the agent's socket; undefined when nothing is in the way. */
export function socketProblem(socket: string, user: User): MetasteerError | undefined {
  const stats = statOf(socket);
  if (stats === undefined) return new MetasteerError('agent-socket-missing', `there is no agent socket at ${socket}`);
  if (!stats.isSocket()) return new MetasteerError('agent-socket-missing', `${socket} is not a socket`);
  for (let folder = dirname(socket); ; folder = dirname(folder)) {
    const folderStats = statOf(folder);
    if (folderStats !== undefined && !isAllowed(folderStats, user, PERMISSION.search))
      return denied(`the folder ${folder} of the agent socket`, folderStats, user, 'enter');
    if (folder === dirname(folder)) break;
  }
  if (!isAllowed(stats, user, PERMISSION.write)) return denied(`the agent socket ${socket}`, stats, user, 'write to');
  return undefined;
}

function denied(what: string, stats: Stats, user: User, verb: string): MetasteerError {
  const owner = findUser(stats.uid)?.name ?? String(stats.uid);
  const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0');
  return new MetasteerError(
    'agent-socket-denied',
    `the worker's user ${user.name} may not ${verb} ${what}: owner ${owner}, group ${stats.gid}, mode ${mode}`,
  );
}

/** The classes of a file's mode (path_resolution(7)): the first that fits decides. */
function isAllowed(stats: Stats, user: User, permission: number): boolean {
  if (stats.uid === user.uid) return (stats.mode & (permission << 6)) !== 0;
  if (stats.gid === user.gid || user.groups.includes(stats.gid)) return (stats.mode & (permission << 3)) !== 0;
  return (stats.mode & permission) !== 0;
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
