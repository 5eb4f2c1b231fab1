import { closeSync, fstatSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { MetasteerError, messageOf } from '../errors.ts';
import { createNamespace, namespaceInode, removeNamespace } from '../kernel/namespace.ts';

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
      await createNamespace(path);
      isOurs = true;
      writeFileSync(recordPath(config), String(namespaceInode(path)));
      return new PortNamespace(path, recordPath(config), openSync(path, 'r'));
    } catch (error) {
      // Without its record, as on a full disk, the next start would take it for somebody else's.
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
