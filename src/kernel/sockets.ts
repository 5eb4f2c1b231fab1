import { type MacAddress, macAddressFromBytes } from '../identity/mac-address.ts';
import { type PortId, parsePortId } from '../identity/port-id.ts';
import { call, callAsync, cString, readS32, readU32, room } from './ffi.ts';
import { isKernelError } from './kernel-error.ts';
import { MS_MAC_BYTES, readChannel } from './layout.gen.ts';

/** A port's listening socket, bound to its device. Owns the descriptor. */
export class PortListener {
  readonly fd: number;
  #open = true;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** One that a daemon before this one opened. */
  static adopt(fd: number): PortListener {
    return new PortListener(fd);
  }

  static async open(portNetns: string, device: string, backlog: number): Promise<PortListener> {
    const fd = room('s32');
    await callAsync('ms_listen', cString(portNetns), cString(device), backlog, fd);
    return new PortListener(readS32(fd));
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    call('ms_close', this.fd);
  }
}

/** Source MAC of the SYN that opened an accepted connection; undefined when the kernel kept none (SYN cookies). */
export function peerMac(fd: number): MacAddress | undefined {
  const mac = room('u8', MS_MAC_BYTES);
  try {
    call('ms_peer_mac', fd, mac);
  } catch (error) {
    if (isKernelError(error)) return undefined;
    throw error;
  }
  return macAddressFromBytes(mac);
}

/** A pair of connected sockets over which descriptors travel. Both ends belong to the caller. */
export function openDescriptorChannel(): readonly [ours: number, theirs: number] {
  const channel = room('ms_channel');
  call('ms_fd_channel', channel);
  const { ours, theirs } = readChannel(channel);
  return [ours, theirs];
}

/** Hands a descriptor to the process at the other end of the channel. */
export function sendDescriptor(channel: number, fd: number, portId: PortId): void {
  call('ms_fd_send', channel, fd, portId);
}

/** Takes the next descriptor; undefined when none has come. The descriptor belongs to the caller. */
export function receiveDescriptor(channel: number): { readonly fd: number; readonly portId: PortId } | undefined {
  const fd = room('s32');
  const portId = room('u32');
  try {
    call('ms_fd_receive', channel, fd, portId);
  } catch (error) {
    if (isKernelError(error, 'EAGAIN')) return undefined;
    throw error;
  }
  return { fd: readS32(fd), portId: parsePortId(readU32(portId)) };
}

export function closeDescriptor(fd: number): void {
  call('ms_close', fd);
}
