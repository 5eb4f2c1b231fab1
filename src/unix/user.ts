import { execFileSync } from 'node:child_process';

/** An account of this machine, as processes and permissions know it. */
export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Further groups. */
  readonly groups: readonly number[];
}

/** Accounts looked up before. Bounded by the owners a socket has had; an account is not expected to change. */
const known = new Map<string | number, User>();

/** Looks an account up by name or number, wherever this machine keeps accounts; undefined when there is none. */
export function findUser(nameOrUid: string | number): User | undefined {
  const user = known.get(nameOrUid) ?? lookUp(nameOrUid);
  if (user !== undefined) known.set(nameOrUid, user);
  return user;
}

/** The number of a group, by its name or number; undefined when there is none. */
export function findGroup(nameOrGid: string): number | undefined {
  const gid = run('getent', ['group', nameOrGid])?.split(':')[2];
  return gid === undefined ? undefined : Number(gid);
}

function lookUp(nameOrUid: string | number): User | undefined {
  const [name, , uid, gid] = run('getent', ['passwd', String(nameOrUid)])?.split(':') ?? [];
  if (name === undefined || name === '' || uid === undefined || gid === undefined) return undefined;
  const groups = run('id', ['-G', name])?.trim().split(' ').map(Number) ?? [];
  return { name, uid: Number(uid), gid: Number(gid), groups: groups.filter((group) => group !== Number(gid)) };
}

function run(command: string, argv: readonly string[]): string | undefined {
  try {
    return execFileSync(command, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 5000 });
  } catch {
    return undefined;
  }
}
