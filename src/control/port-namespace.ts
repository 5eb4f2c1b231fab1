import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { MetasteerError, messageOf } from '../errors.ts';
import { createNamespace, removeNamespace } from '../kernel/namespace.ts';

/** Where a namespace of this name is mounted. */
export function namespacePath(config: Config): string {
  return join(config.netnsDir, config.namespace);
}

/** The metasteer namespace: the port devices live in it, and the workers run in it. Owned by the daemon. */
export class PortNamespace {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @throws {MetasteerError} `namespace-failed` */
  static async create(config: Config): Promise<PortNamespace> {
    const path = namespacePath(config);
    try {
      await createNamespace(path);
      return new PortNamespace(path);
    } catch (error) {
      throw new MetasteerError('namespace-failed', `the namespace ${path} cannot be made: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** Identifies the namespace behind the name: another one under the same name has another inode. */
  get inode(): number {
    return statSync(this.path).ino;
  }

  async close(): Promise<void> {
    await removeNamespace(this.path);
  }
}
