import { readFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { MetasteerError, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { SocketListener, SocketTakenError } from '../unix/socket-file.ts';
import { findGroup, findUser } from '../unix/user.ts';
import type { AgentSettings } from './settings/settings.ts';

const SOMAXCONN = '/proc/sys/net/core/somaxconn';

/**
 * Has a server listen on the agent's socket.
 *
 * @throws {MetasteerError} `agent-socket-taken` when another process answers there, `agent-socket-failed`
 */
export async function listenOnAgentSocket(
  server: Server,
  { path, mode, owner, group, backlog }: AgentSettings['socket'],
  log: Logger,
): Promise<SocketListener> {
  try {
    const uid = owner === undefined ? {} : { uid: uidOf(owner) };
    const gid = group === undefined ? {} : { gid: gidOf(group) };
    const listener = await SocketListener.listen(server, { path, mode, ...uid, ...gid, backlog });
    const most = somaxconn();
    if (most < backlog) log.warn({ backlog, somaxconn: most }, 'the kernel keeps the backlog at net.core.somaxconn');
    return listener;
  } catch (error) {
    const code = error instanceof SocketTakenError ? 'agent-socket-taken' : 'agent-socket-failed';
    throw new MetasteerError(code, `the socket ${path} cannot be opened: ${messageOf(error)}`, { cause: error });
  }
}

function uidOf(owner: string): number {
  if (/^\d+$/.test(owner)) return Number(owner);
  const user = findUser(owner);
  if (user === undefined) throw new Error(`there is no user ${owner}`);
  return user.uid;
}

function gidOf(group: string): number {
  if (/^\d+$/.test(group)) return Number(group);
  const gid = findGroup(group);
  if (gid === undefined) throw new Error(`there is no group ${group}`);
  return gid;
}

function somaxconn(): number {
  try {
    return Number(readFileSync(SOMAXCONN, 'utf8'));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
