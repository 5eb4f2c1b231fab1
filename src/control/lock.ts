import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MetasteerError, messageOf } from '../errors.ts';
import { takeLock } from '../kernel/lock.ts';
import { makeFolder } from '../unix/folder.ts';

/**
 * Makes sure this is the only daemon of its run directory, for as long as the process lives.
 *
 * @returns the lock's descriptor, for a daemon that it is handed over to
 * @throws {MetasteerError} `lock-held`, naming the holder; `lock-failed` when the directory cannot be used.
 */
export function holdLock(runDir: string): number {
  const path = join(runDir, 'lock');
  try {
    makeFolder(runDir);
    const result = takeLock(path);
    if (result.held) return result.fd;
    throw new MetasteerError(
      'lock-held',
      `another metasteer runs on this node: ${path} is held by ${describe(result.holder)}`,
    );
  } catch (error) {
    if (error instanceof MetasteerError) throw error;
    throw new MetasteerError('lock-failed', `${path} cannot be locked: ${messageOf(error)}`, { cause: error });
  }
}

function describe(pid: number): string {
  if (pid === 0) return 'a daemon that hands over to another';
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return `pid ${pid} (${command})`;
  } catch {
    return `pid ${pid}`;
  }
}
