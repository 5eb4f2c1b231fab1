import { call, cString, room } from './ffi.ts';
import { isKernelError } from './kernel-error.ts';

/** Either the lock, which lasts as long as this process, or the pid of the process that has it. */
export type LockResult = { readonly held: true } | { readonly held: false; readonly holder: number };

/** Takes the lock of a file, which is made when it is not there. */
export function takeLock(path: string): LockResult {
  const fd = room(4);
  const holder = room(4);
  try {
    call('ms_lock', cString(path), fd, holder);
    return { held: true };
  } catch (error) {
    if (isKernelError(error, 'EAGAIN')) return { held: false, holder: holder.readInt32LE() };
    throw error;
  }
}
