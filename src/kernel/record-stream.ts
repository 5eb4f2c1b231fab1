import { Socket } from 'node:net';
import type { Memory } from './ffi.ts';

/** From the end of a stream that nobody closed to the next. */
const REOPEN_MS = 1000;

/** How a stream of records, each of which C calls `Record`, is opened, and what becomes of it. */
export interface RecordSource<Record extends string> {
  /** Bytes of one record. */
  readonly recordBytes: number;
  /** Opens the stream; returns its descriptor. */
  readonly open: () => number;
  /** Called for every record; the buffer is not to be kept. */
  readonly record: (bytes: Memory<Record>) => void;
  /** Called when the stream had ended and was opened anew: records may be missing. */
  readonly reopened: () => void;
}

/** Reads records of fixed length that a thread of the shim writes. Owns its stream. */
export class RecordStream<Record extends string> {
  readonly #source: RecordSource<Record>;
  #socket: Socket;
  #closed = false;

  constructor(source: RecordSource<Record>) {
    this.#source = source;
    this.#socket = this.#open();
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #open(): Socket {
    const { recordBytes, open, record } = this.#source;
    const socket = new Socket({ fd: open(), readable: true, writable: false });
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      for (; rest.length >= recordBytes; rest = rest.subarray(recordBytes)) record(rest as Memory<Record>);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => setTimeout(() => this.#reopen(), this.#closed ? 0 : REOPEN_MS));
    return socket;
  }

  #reopen(): void {
    if (this.#closed) return;
    this.#socket = this.#open();
    this.#source.reopened();
  }
}
