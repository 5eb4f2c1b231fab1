import { rmSync } from 'node:fs';
import { call, cString, readS32, readU32, room, s32s } from './ffi.ts';
import { MS_FDS_MAX } from './layout.gen.ts';
import { closeDescriptor } from './sockets.ts';

/** Where the next daemon gets its descriptors: a socket that only root may connect to. Owns the socket and its name. */
export class HandOverSocket {
  readonly path: string;
  readonly #fd: number;

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /** @param path is taken from whatever had it */
  static listen(path: string): HandOverSocket {
    rmSync(path, { force: true });
    const fd = room('s32');
    call('ms_hand_over_listen', cString(path), fd);
    return new HandOverSocket(path, readS32(fd));
  }

  /**
   * Takes the descriptors that were sent, all of them; they belong to the caller. After an error none of them is open.
   *
   * @throws {KernelError} EAGAIN when fewer were, EMFILE when this process may not have so many, EPROTO for other messages
   * @throws {Error} when more were
   */
  receive(count: number): readonly number[] {
    const channel = room('s32');
    call('ms_hand_over_accept', this.#fd, channel);
    const descriptors: number[] = [];
    try {
      while (descriptors.length < count) descriptors.push(...receiveSome(readS32(channel)));
      if (descriptors.length > count)
        throw new Error(`${descriptors.length} descriptors came, and ${count} were announced`);
      return descriptors;
    } catch (error) {
      for (const fd of descriptors) closeDescriptor(fd);
      throw error;
    } finally {
      closeDescriptor(readS32(channel));
    }
  }

  close(): void {
    closeDescriptor(this.#fd);
    rmSync(this.path, { force: true });
  }
}

function receiveSome(channel: number): readonly number[] {
  const descriptors = room('s32', MS_FDS_MAX);
  const count = room('u32');
  call('ms_fds_receive', channel, descriptors, MS_FDS_MAX, count);
  return Array.from({ length: readU32(count) }, (_, index) => readS32(descriptors, index));
}

/** Sends descriptors to who listens on a `HandOverSocket`; they stay open here too. */
export function handDescriptorsOver(path: string, descriptors: readonly number[]): void {
  const channel = room('s32');
  call('ms_hand_over_connect', cString(path), channel);
  try {
    for (let from = 0; from < descriptors.length; from += MS_FDS_MAX) {
      const some = descriptors.slice(from, from + MS_FDS_MAX);
      call('ms_fds_send', readS32(channel), s32s(some), some.length);
    }
  } finally {
    closeDescriptor(readS32(channel));
  }
}
