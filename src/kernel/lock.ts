import { call, cString, readS32, room } from './ffi.ts';
import { isKernelError } from './kernel-error.ts';

/**
 * Either the lock, which lasts as long as a process has its descriptor, or the pid of the process that has it, 0 while it is
 * being handed over.
 */
export type LockResult =
  | { readonly held: true; readonly fd: number }
  | { readonly held: false; readonly holder: number };

/** Takes the lock of a file, which is made when it is not there. */
export function takeLock(path: string): LockResult {
  const fd = room('s32');
  const holder = room('s32');
  try {
    call('ms_lock', cString(path), fd, holder);
    return { held: true, fd: readS32(fd) };
  } catch (error) {
    if (isKernelError(error, 'EAGAIN')) return { held: false, holder: readS32(holder) };
    throw error;
  }
}

/** Names this process as the holder of a lock that was handed to it, or no longer. @throws {KernelError} EAGAIN */
export function nameHolder(fd: number, isHolder: boolean): void {
  call('ms_lock_name', fd, isHolder ? 1 : 0);
}
