import { constants } from 'node:os';
import { call, readS32, readU32, room } from './ffi.ts';
import { isKernelError } from './kernel-error.ts';
import { closeDescriptor } from './sockets.ts';

/**
 * One process, by a descriptor of it (pidfd_open(2)): it stays the same process when its number is given to another one, and a
 * signal never reaches any other. Owns the descriptor.
 */
export class ProcessHandle {
  readonly pid: number;
  readonly #fd: number;
  #closed = false;

  private constructor(pid: number, fd: number) {
    this.pid = pid;
    this.#fd = fd;
  }

  /** Undefined when there is no process of this number. */
  static open(pid: number): ProcessHandle | undefined {
    const fd = room('s32');
    return opened(() => call('ms_process_open', pid, fd)) ? new ProcessHandle(pid, readS32(fd)) : undefined;
  }

  /** Who connected to a UNIX socket; undefined when it has ended, or is in a PID namespace that is not seen from here. */
  static ofPeer(socketFd: number): ProcessHandle | undefined {
    const { pid } = peerOf(socketFd);
    const fd = room('s32');
    if (!opened(() => call('ms_peer_open', socketFd, fd))) return undefined;
    const process = new ProcessHandle(pid, readS32(fd));
    if (!process.hasEnded) return process;
    process.close();
    return undefined;
  }

  /** Whether it has ended, be it that nobody has asked for its exit status yet. */
  get hasEnded(): boolean {
    if (this.#closed) return true;
    const ended = room('u32');
    call('ms_process_ended', this.#fd, ended);
    return readU32(ended) !== 0;
  }

  /** To a process that has ended, nothing is sent. */
  signal(name: NodeJS.Signals): void {
    if (this.#closed) return;
    try {
      call('ms_process_signal', this.#fd, constants.signals[name]);
    } catch (error) {
      if (!isKernelError(error, 'ESRCH')) throw error;
    }
  }

  /** May be called again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeDescriptor(this.#fd);
  }
}

function opened(open: () => void): boolean {
  try {
    open();
    return true;
  } catch (error) {
    // EINVAL: the number is that of a thread.
    if (isKernelError(error, 'ESRCH', 'EINVAL')) return false;
    throw error;
  }
}

/** Who is at the other end of a UNIX socket. */
export interface Peer {
  /** 0 for a process in a PID namespace that is not seen from here. Never to be signalled: `ProcessHandle.ofPeer` is for that. */
  readonly pid: number;
  readonly uid: number;
}

export function peerOf(socketFd: number): Peer {
  const pid = room('u32');
  const uid = room('u32');
  call('ms_peer', socketFd, pid, uid);
  return { pid: readU32(pid), uid: readU32(uid) };
}

/** Whether there is a process of this number. */
export function isAlive(pid: number): boolean {
  const found = ProcessHandle.open(pid);
  const alive = found !== undefined && !found.hasEnded;
  found?.close();
  return alive;
}
