import { lstatSync, statSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { callAsync, cString } from './ffi.ts';
import { isKernelError } from './kernel-error.ts';

/**
 * Makes the metasteer namespace and names it `path` (below /run/netns, so that ip-netns(8) sees it).
 *
 * @param record a file to which its inode is written before it has the name
 * @throws {KernelError} EEXIST when the name is taken, EPERM without CAP_SYS_ADMIN.
 */
export async function createNamespace(path: string, record = '/dev/null'): Promise<void> {
  await callAsync('ms_netns_create', cString(path), cString(record));
}

/**
 * Whether a name is that of no namespace: an empty file, as it is for a moment before the namespace is mounted on it, and for
 * good where who made it was killed in that moment.
 */
export function isBareName(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isFile() === true && stats.size === 0 && stats.dev === statSync(dirname(path)).dev;
}

/** Removes such a name. Not one on which a namespace was mounted meanwhile: that is busy. @throws {Error} EBUSY */
export function removeBareName(path: string): void {
  unlinkSync(path);
}

/** Tells one namespace from another that has its name later; undefined when nothing has that name. */
export function namespaceInode(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

/** Removes the port devices in a namespace and its name; false when there was none. */
export async function removeNamespace(path: string): Promise<boolean> {
  try {
    await callAsync('ms_netns_remove', cString(path));
    return true;
  } catch (error) {
    if (isKernelError(error, 'ENOENT')) return false;
    throw error;
  }
}
