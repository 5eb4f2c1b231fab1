import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Where a worker with a root of its own sees the folder of the agent's socket: AGENT_IN_ROOT of native/launch.h. */
const SEEN_AT = '/metasteer/agent';

/** Where the agent's socket is. A worker sees the folder as it was when the worker started, and every socket made in it since. */
export interface AgentPlace {
  /** The folder itself, without links; empty while there is none. */
  readonly folder: string;
  /** What the worker connects to. */
  readonly seenAs: string;
  /** Differs where a worker would have to be started anew: the folder was made again, or another one is meant. */
  readonly id: string;
}

export function agentPlace(socket: string): AgentPlace {
  // A socket that is missing says nothing, but its folder may be there.
  const path = realPath(socket) ?? join(realPath(dirname(socket)) ?? '', basename(socket));
  const folder = path.startsWith('/') ? dirname(path) : '';
  const seenAs = join(SEEN_AT, basename(path));
  const stats = folder === '' ? undefined : statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) return { folder: '', seenAs, id: seenAs };
  return { folder, seenAs, id: `${stats.dev}:${stats.ino}:${path}` };
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
