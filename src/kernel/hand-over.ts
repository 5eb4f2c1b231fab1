import { rmSync } from 'node:fs';
import { call, cString, room } from './ffi.ts';
import { closeDescriptor } from './sockets.ts';

/** The kernel takes no more in one message (SCM_MAX_FD). */
const AT_ONCE = 253;

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
    const fd = room(4);
    call('ms_hand_over_listen', cString(path), fd);
    return new HandOverSocket(path, fd.readInt32LE());
  }

  /**
   * Takes the descriptors that were sent, all of them; they belong to the caller.
   *
   * @throws {KernelError} EAGAIN when fewer were, EMFILE when this process may not have so many
   */
  receive(count: number): readonly number[] {
    const channel = room(4);
    call('ms_hand_over_accept', this.#fd, channel);
    const descriptors: number[] = [];
    try {
      while (descriptors.length < count) descriptors.push(...receiveSome(channel.readInt32LE()));
      return descriptors;
    } catch (error) {
      for (const fd of descriptors) closeDescriptor(fd);
      throw error;
    } finally {
      closeDescriptor(channel.readInt32LE());
    }
  }

  close(): void {
    closeDescriptor(this.#fd);
    rmSync(this.path, { force: true });
  }
}

function receiveSome(channel: number): readonly number[] {
  const descriptors = room(AT_ONCE * 4);
  const count = room(4);
  call('ms_fds_receive', channel, descriptors, AT_ONCE, count);
  return Array.from({ length: count.readUInt32LE() }, (_, index) => descriptors.readInt32LE(index * 4));
}

/** Sends descriptors to who listens on a `HandOverSocket`; they stay open here too. */
export function handDescriptorsOver(path: string, descriptors: readonly number[]): void {
  const channel = room(4);
  call('ms_hand_over_connect', cString(path), channel);
  try {
    for (let from = 0; from < descriptors.length; from += AT_ONCE) {
      const some = descriptors.slice(from, from + AT_ONCE);
      const bytes = room(some.length * 4);
      some.forEach((fd, index) => {
        bytes.writeInt32LE(fd, index * 4);
      });
      call('ms_fds_send', channel.readInt32LE(), bytes, some.length);
    }
  } finally {
    closeDescriptor(channel.readInt32LE());
  }
}

/** A process at the other end of a UNIX socket. */
export interface Peer {
  readonly pid: number;
  readonly uid: number;
}

export function peerOf(socketFd: number): Peer {
  const pid = room(4);
  const uid = room(4);
  call('ms_peer', socketFd, pid, uid);
  return { pid: pid.readUInt32LE(), uid: uid.readUInt32LE() };
}
