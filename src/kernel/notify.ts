import { call, cString } from './ffi.ts';

/**
 * Sends one datagram of sd_notify(3).
 *
 * @param socket a path, or `@` and the name of an abstract socket
 * @param descriptor to send along; it stays open here
 * @throws {KernelError} when nobody receives it at once
 */
export function sendNotification(socket: string, message: string, descriptor = -1): void {
  call('ms_notify', cString(socket), cString(message), descriptor);
}
