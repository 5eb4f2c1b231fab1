import { call, cString } from './ffi.ts';

/**
 * Sends one datagram of sd_notify(3).
 *
 * @param socket a path, or `@` and the name of an abstract socket
 * @throws {KernelError} when nobody receives it at once
 */
export function sendNotification(socket: string, message: string): void {
  call('ms_notify', cString(socket), cString(message));
}
