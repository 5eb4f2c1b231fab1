import { call, type Memory, ownRoom, readS32, readU32, room } from './ffi.ts';
import { isKernelError } from './kernel-error.ts';
import { type RateWindows, writeRateWindows } from './layout.gen.ts';

/** The table in which the workers count requests, before any of them runs. Owns its descriptor. */
export class RateTable {
  readonly fd: number;
  #open = true;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** @param clients for about so many there is room; beyond them, those that are idle for longest are forgotten */
  static create(clients: number): RateTable {
    const fd = room('s32');
    call('ms_rates_create', clients, fd);
    return new RateTable(readS32(fd));
  }

  /** Whether a descriptor is of a table whose size no process can change any more: workers have it too, and may be anybody's. */
  static isSound(fd: number): boolean {
    try {
      call('ms_rates_check', fd);
      return true;
    } catch (error) {
      if (isKernelError(error, 'EPERM', 'EINVAL')) return false;
      throw error;
    }
  }

  /** One that a daemon before this one made, and that is sound. */
  static adopt(fd: number): RateTable {
    return new RateTable(fd);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    call('ms_close', this.fd);
  }
}

/** Counts requests in a table that other processes use too. One for a process. */
export class RateCounter {
  readonly #windows: Memory<'ms_rate_windows'>;
  readonly #wait = ownRoom('u32');

  private constructor(windows: RateWindows) {
    this.#windows = writeRateWindows(windows);
  }

  /** @param fd of the table; it may be closed afterwards @throws {KernelError} EPERM or EINVAL when it is not sound */
  static open(fd: number, windows: RateWindows): RateCounter {
    call('ms_rates_open', fd);
    return new RateCounter(windows);
  }

  /**
   * Counts a request of a client, whatever names it.
   *
   * @param nowMs on any clock that all processes of the table share
   * @returns milliseconds until one may be served, 0 for now
   */
  take(client: string, nowMs: number): number {
    const name = Buffer.from(client, 'utf8');
    call('ms_rates_take', name, name.length, this.#windows, Math.floor(nowMs) >>> 0, this.#wait);
    return readU32(this.#wait);
  }
}
