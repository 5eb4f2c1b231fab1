import { call, cString, readS32, room } from './ffi.ts';

/** Far more than Node and the shim load: a path is some 40 bytes, and there are some 15. */
const LIBRARIES_BYTES_MAX = 16_384;

let libraries: string | undefined;

/**
 * Starts a process that is the first of a PID namespace of its own.
 *
 * @param start must fork before it returns, once, and start no thread
 * @throws {KernelError} EPERM without CAP_SYS_ADMIN
 */
export function inPidNamespace<T>(start: () => T): T {
  const own = room('s32');
  call('ms_pidns_leave', own);
  try {
    return start();
  } finally {
    call('ms_pidns_return', readS32(own));
  }
}

/** The shared libraries of this process, as metasteer-launch takes them: the worker's are among them. @throws {KernelError} */
export function loadedLibraries(): string {
  if (libraries === undefined) {
    const paths = Buffer.alloc(LIBRARIES_BYTES_MAX);
    call('ms_libraries', paths, paths.length);
    libraries = paths.toString('utf8', 0, paths.indexOf(0));
  }
  return libraries;
}

/** Has what the launcher's filter denies leave a line on standard error before it ends this process. */
export function reportDenied(): void {
  call('ms_report_denied');
}

/**
 * Gives up for good what a worker needed to start: files, further threads, and every address but the agent's.
 *
 * @param agentSocket the one address that this process may connect to
 * @throws {KernelError}
 */
export function confine(agentSocket: string): void {
  call('ms_confine', cString(agentSocket));
}
