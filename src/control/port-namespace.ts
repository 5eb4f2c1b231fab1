import { closeSync, fstatSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { MetasteerError, messageOf } from '../errors.ts';
import { createNamespace, isBareName, namespaceInode, removeBareName, removeNamespace } from '../kernel/namespace.ts';

/** Far longer than it takes from the name of a namespace to its mount. */
const BEING_MADE_MS = 100;

/** The metasteer namespace: the port devices live in it, and the workers run in it. Owned by the daemon. */
export class PortNamespace {
  /** Where it is named, for people. */
  readonly path: string;
  readonly #record: string;
  readonly #fd: number;

  private constructor(path: string, record: string, fd: number) {
    this.path = path;
    this.#record = record;
    this.#fd = fd;
  }

  /** That of a daemon before this one. */
  static adopt(config: Config, fd: number): PortNamespace {
    return new PortNamespace(namespacePath(config), recordPath(config), fd);
  }

  /** That of a daemon that died, by its name. @throws {Error} when another one, or none, has the name by now */
  static reopen(config: Config, inode: number): PortNamespace {
    const path = namespacePath(config);
    const fd = openSync(path, 'r');
    if (fstatSync(fd).ino === inode) return new PortNamespace(path, recordPath(config), fd);
    closeSync(fd);
    throw new Error(`${path} is another namespace by now`);
  }

  /** What tells it from others that have its name later. */
  get inode(): number {
    return fstatSync(this.#fd).ino;
  }

  /** Leaves it as it is, to somebody else. */
  leave(): void {
    closeSync(this.#fd);
  }

  /** For the next daemon to adopt. */
  get fd(): number {
    return this.#fd;
  }

  /** @throws {MetasteerError} `namespace-failed` */
  static async create(config: Config): Promise<PortNamespace> {
    const path = namespacePath(config);
    let isOurs = false;
    try {
      await createNamespace(path, recordPath(config));
      isOurs = true;
      return new PortNamespace(path, recordPath(config), openSync(path, 'r'));
    } catch (error) {
      if (isOurs) await removeNamespace(path).catch(() => undefined);
      rmSync(recordPath(config), { force: true });
      throw new MetasteerError('namespace-failed', `the namespace ${path} cannot be made: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** A path to the namespace itself, which still leads there when somebody removes its name. */
  get reference(): string {
    return `/proc/${process.pid}/fd/${this.#fd}`;
  }

  async close(): Promise<void> {
    await removeNamespace(this.path);
    closeSync(this.#fd);
    rmSync(this.#record, { force: true });
  }
}

/**
 * Removes the namespace of a daemon that was killed; false when there is none. Only one that a daemon of this run
 * directory made, whose lock we hold: any other of that name belongs to somebody.
 *
 * @throws {MetasteerError} `namespace-failed`
 */
export async function removeLeftNamespace(config: Config): Promise<boolean> {
  const path = namespacePath(config);
  const inode = namespaceInode(path);
  if (inode === undefined) return false;
  if (await removeLeftName(path)) return false;
  if (readRecord(config) !== inode) {
    const why = `it exists, and no daemon of ${config.runDir} made it; another metasteer may be using it`;
    throw new MetasteerError('namespace-failed', `the namespace ${path} cannot be used: ${why}`);
  }
  try {
    return await removeNamespace(path);
  } catch (error) {
    throw new MetasteerError('namespace-failed', `the old namespace ${path} cannot be removed: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * A name without a namespace belongs to nobody: who made it was killed before it went on. One that is being made, by
 * ip-netns(8) say, has its namespace in no time.
 */
async function removeLeftName(path: string): Promise<boolean> {
  if (!isBareName(path)) return false;
  await sleep(BEING_MADE_MS);
  if (!isBareName(path)) return false;
  try {
    removeBareName(path);
    return true;
  } catch {
    return false;
  }
}

function namespacePath(config: Config): string {
  return join(config.netnsDir, config.namespace);
}

/** Where the inode of the namespace is kept, so that the next daemon knows it for one of its kind. */
function recordPath(config: Config): string {
  return join(config.runDir, 'namespace');
}

function readRecord(config: Config): number | undefined {
  try {
    return Number(readFileSync(recordPath(config), 'utf8'));
  } catch {
    return undefined;
  }
}
