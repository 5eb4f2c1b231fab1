import type { Readable } from 'node:stream';
import { LineBuffer } from '../proxy/line-buffer.ts';
import { Budget, type Rate } from './budget.ts';
import { lineOf } from './worker-lines.ts';

/** Of one line; what is longer is cut. The longest is one of the access log, with the longest target there may be in it. */
export const LINE_BYTES_MAX = 192 * 1024;
/** What all of a worker's streams may write. What is more waits in the worker, which drops and counts lines of its log then. */
const LINES: Rate = { perSecond: 1000, burst: 4000 };
const BYTES: Rate = { perSecond: 1_048_576, burst: 4 * 1_048_576 };
/** The same where every request gets a line: 20 times as much. */
const ACCESS_FACTOR = 20;
const PAUSE_MS = 50;
/** For what it wrote before it ended, where another process has its stream. */
const LAST_LINES_MS = 500;
const LF = 0x0a;

export interface OutputOptions {
  readonly pid: number;
  /** Takes a line of the log, with its LF. */
  readonly write: (line: string) => void;
  /** Whether every request gets a line. */
  readonly logsRequests: boolean;
}

/**
 * What a worker writes on its standard output and error, as lines of the supervisor's log that say that they are the worker's. It may
 * be anything, so lines, their number and what is kept of them are bounded.
 */
export class WorkerOutput {
  readonly #options: OutputOptions;
  readonly #lines: Budget;
  readonly #bytes: Budget;

  constructor(options: OutputOptions) {
    this.#options = options;
    const factor = options.logsRequests ? ACCESS_FACTOR : 1;
    this.#lines = new Budget(times(LINES, factor));
    this.#bytes = new Budget(times(BYTES, factor));
  }

  /** Follows a stream to its end, for as long as it lasts. Resolves then. */
  async follow(stream: Readable): Promise<void> {
    const begun = new LineBuffer(LINE_BYTES_MAX);
    // The rest of a line that is too long is passed over.
    let isCut = false;
    const end = (piece: Buffer) => {
      const isWhole = begun.add(piece) && !isCut;
      isCut = false;
      const bytes = begun.take();
      if (bytes.length > 0) this.#write(bytes, !isWhole);
    };
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => {
      let start = 0;
      for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, start)) {
        if (!this.#lines.take(1) || !this.#bytes.take(at - start)) return this.#pause(stream, chunk.subarray(start));
        end(chunk.subarray(start, at));
        start = at + 1;
      }
      const rest = chunk.subarray(start);
      if (!this.#bytes.take(rest.length)) return this.#pause(stream, rest);
      isCut = !begun.add(rest) || isCut;
    });
    await new Promise((resolve) => stream.once('close', resolve));
    end(Buffer.alloc(0));
  }

  /** Has the rest wait until there is a budget for it. */
  #pause(stream: Readable, rest: Buffer): void {
    stream.pause();
    if (rest.length > 0) stream.unshift(rest);
    setTimeout(() => stream.resume(), PAUSE_MS);
  }

  #write(bytes: Buffer, isCut: boolean): void {
    const { write, pid } = this.#options;
    write(lineOf(bytes.toString('utf8'), isCut, { pid, time: new Date().toISOString() }));
  }
}

/** Follows the streams of a process that has ended, or will. @returns resolves when they have, soon after the process at the latest */
export function followed(
  output: WorkerOutput,
  streams: readonly (Readable | null)[],
  exited: Promise<unknown>,
): Promise<unknown> {
  const open = streams.filter((stream) => stream !== null);
  const ends = Promise.all(open.map((stream) => output.follow(stream)));
  void exited.then(() => {
    const late = setTimeout(() => {
      for (const stream of open) stream.destroy();
    }, LAST_LINES_MS);
    void ends.then(() => clearTimeout(late));
  });
  return ends;
}

function times({ perSecond, burst }: Rate, factor: number): Rate {
  return { perSecond: perSecond * factor, burst: burst * factor };
}
