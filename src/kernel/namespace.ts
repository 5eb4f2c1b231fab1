import { statSync } from 'node:fs';
import { callAsync, cString } from './ffi.ts';
import { isKernelError } from './kernel-error.ts';

/**
 * Makes the metasteer namespace and names it `path` (below /run/netns, so that ip-netns(8) sees it).
 *
 * @throws {KernelError} EEXIST when the name is taken, EPERM without CAP_SYS_ADMIN.
 */
export async function createNamespace(path: string): Promise<void> {
  await callAsync('ms_netns_create', cString(path));
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
