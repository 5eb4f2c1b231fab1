import { fstatSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { DestinationStream } from 'pino';

const STANDARD_OUTPUT = 1;

/** Bytes that wait for whoever reads the log; what comes after them is dropped. */
const WAITING_BYTES_MAX = 1_048_576;

/**
 * Where log lines go: standard output, whatever is behind it. A log that nobody reads, or that has no room left, must
 * neither stop nor end a process that serves: lines are then dropped, and counted in a line of their own once others get
 * through again.
 *
 * To pipes and sockets lines are written without waiting. To files they are written at once: the kernel takes them into its
 * cache. A terminal that is stopped (Ctrl-S) does hold the process up.
 */
export class LogOutput implements DestinationStream {
  readonly #stream: Socket | undefined;
  readonly #fd: number;
  #broken = false;
  #dropped = 0;
  #untold = 0;
  /** The last line was taken in part. */
  #torn = false;

  constructor(fd: number = STANDARD_OUTPUT) {
    this.#fd = fd;
    this.#stream = streamOn(fd);
    this.#stream?.on('error', () => {
      this.#broken = true;
    });
    this.#stream?.unref();
  }

  /** Lines that were not written. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @param line with its LF */
  write(line: string): void {
    if (this.#untold > 0 && this.#put(this.#account())) this.#untold = 0;
    if (this.#put(line)) return;
    this.#dropped += 1;
    this.#untold += 1;
  }

  /** Waits for what waits, but no longer than that, and writes no more. Without it a pipe nobody reads keeps a process alive. */
  async close(withinMs: number): Promise<void> {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#broken = true;
    if (stream.writableLength > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        stream.once('drain', resolve).once('close', resolve);
        stream.once('close', () => clearTimeout(timer)).once('drain', () => clearTimeout(timer));
      });
    }
    stream.destroy();
  }

  #put(line: string): boolean {
    if (this.#stream === undefined) return this.#putNow(line);
    if (this.#broken || this.#stream.writableLength > WAITING_BYTES_MAX) return false;
    this.#stream.write(line);
    return true;
  }

  #putNow(line: string): boolean {
    const bytes = Buffer.from(this.#torn ? `\n${line}` : line);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#fd, bytes, written);
    } catch {
      this.#torn ||= written > 0;
      return false;
    }
    this.#torn = false;
    return true;
  }

  #account(): string {
    const time = new Date().toISOString();
    return `${JSON.stringify({ level: 'warn', time, pid: process.pid, dropped: this.#untold, msg: 'log lines were dropped' })}\n`;
  }
}

/** A stream that never waits, where there can be one. */
function streamOn(fd: number): Socket | undefined {
  try {
    const stats = fstatSync(fd);
    if (!stats.isFIFO() && !stats.isSocket()) return undefined;
    return new Socket({ fd, readable: false, writable: true });
  } catch {
    // Closed, or a socket of a kind that is no stream.
    return undefined;
  }
}
