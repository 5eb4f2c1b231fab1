import { type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { MetasteerError } from '../errors.ts';
import { findUser, type User } from '../unix/user.ts';

/** The user that is for workers alone; packages make it. */
export const OWN_USER = 'metasteer';
/** Who runs the worker where that user is not there, and nobody owns the agent's socket but root. */
const FALLBACK_USER = 'nobody';

/** Bits of one class of a file's mode. */
const PERMISSION = { write: 2, search: 1 } as const;

/** Who workers run as, and what is weaker about it than a user of their own, in words. */
export interface WorkerUser extends User {
  readonly weakness?: string;
}

/** Of the configuration's section `worker`. */
export interface WorkerRules {
  readonly user?: string;
  /** Workers that are shut in find the folder of the socket whoever may enter those above it. */
  readonly sandbox: boolean;
}

/**
 * The user a worker must be to open the agent's socket: `worker.user`, else `metasteer` in the socket's group where that may
 * write to it, else the socket's owner where that is not root, since an agent's socket is often writable by its owner alone
 * (contract.md 2.3), else `nobody`.
 *
 * @param own the user for workers alone, where there is one
 * @throws {MetasteerError} `worker-user-unknown`, `worker-user-root`
 */
export function workerUser(rules: WorkerRules, socket: string, own: User | undefined = ownUser()): WorkerUser {
  const stats = statOf(socket);
  if (rules.user === undefined && own !== undefined && own.uid !== 0) {
    const member = inGroupOf(own, stats);
    if (stats === undefined || isOpenTo(socket, member, rules)) return member;
  }
  const owner = stats?.uid ?? 0;
  const wanted = rules.user ?? (owner === 0 ? FALLBACK_USER : owner);
  const user = findUser(wanted) ?? (typeof wanted === 'number' ? bareUser(wanted, stats?.gid ?? 0) : undefined);
  if (user === undefined) throw new MetasteerError('worker-user-unknown', `there is no user ${wanted}`);
  if (user.uid === 0)
    throw new MetasteerError('worker-user-root', `the worker would run as ${user.name}, which is root`);
  const weakness = weaknessOf(user, stats);
  return weakness === undefined ? user : { ...user, weakness };
}

/** Whether two are the same to the kernel. */
export function isSameUser(one: User, other: User): boolean {
  return one.uid === other.uid && one.gid === other.gid && `${one.groups}` === `${other.groups}`;
}

let foundOwn: { readonly user: User | undefined } | undefined;

/** Looked up once: a package makes it, and an upgrade of that is another process. */
function ownUser(): User | undefined {
  foundOwn ??= { user: findUser(OWN_USER) };
  return foundOwn.user;
}

/** The supervisor gives it the group, so that nobody need put the user into it. Never root's. */
function inGroupOf(user: User, stats: Stats | undefined): User {
  const gid = stats?.gid ?? 0;
  if (gid === 0 || gid === user.gid || user.groups.includes(gid)) return user;
  return { ...user, groups: [...user.groups, gid] };
}

function isOpenTo(socket: string, user: User, rules: WorkerRules): boolean {
  return socketProblem(socket, user, rules)?.code !== 'agent-socket-denied';
}

/** Whose processes and files a worker's user shares; nothing where the user is the worker's alone, or was chosen. */
function weaknessOf(user: User, stats: Stats | undefined): string | undefined {
  if (stats !== undefined && user.uid === stats.uid)
    return `workers run as ${user.name}, who owns the agent’s socket: a user of their own shares nothing with the agent`;
  if (user.name === FALLBACK_USER)
    return `workers run as ${user.name}, as others may: a user of their own is theirs alone`;
  return undefined;
}

/** No user's group on Debian and most others. */
const NO_GROUP = 65534;

/** An owner known by number alone, as in containers; with the socket's group, other than root's. */
function bareUser(uid: number, gid: number): User {
  return { name: String(uid), uid, gid: gid === 0 ? NO_GROUP : gid, groups: [] };
}

/** Why a worker of this user cannot open the agent's socket; undefined when nothing is in the way. */
export function socketProblem(socket: string, user: User, { sandbox }: WorkerRules): MetasteerError | undefined {
  const stats = statOf(socket);
  if (stats === undefined) return new MetasteerError('agent-socket-missing', `there is no agent socket at ${socket}`);
  if (!stats.isSocket()) return new MetasteerError('agent-socket-missing', `${socket} is not a socket`);
  for (let folder = dirname(socket); ; folder = dirname(folder)) {
    const folderStats = statOf(folder);
    if (folderStats !== undefined && !isAllowed(folderStats, user, PERMISSION.search))
      return denied(`the folder ${folder} of the agent socket`, folderStats, user, 'enter');
    if (sandbox || folder === dirname(folder)) break;
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
