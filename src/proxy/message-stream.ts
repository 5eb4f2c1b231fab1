import type { Socket } from 'node:net';
import { LineBuffer } from './line-buffer.ts';

/** A message of any kind is well below: what grows with the ports is told in parts (messages.ts). */
export const MESSAGE_BYTES_MAX = 128 * 1024;
/** For a process that does not read. */
const UNSENT_BYTES_MAX = 16 * 1024 * 1024;
const LF = 0x0a;

/**
 * Messages between supervisor and worker: JSON, one a line, over a stream socket. Not Node's own process channel, in
 * which one process can bring the other down with a malformed line.
 */
export class MessageStream {
  readonly #socket: Socket;
  readonly #broken: (why: string) => void;
  readonly #begun = new LineBuffer(MESSAGE_BYTES_MAX);

  /**
   * @param received called with what each line says and how long it was; it is not known to be a message
   * @param broken called once, with the reason in words, when a line is no JSON or too long, when `received` throws, or when the other
   * end does not read; nothing is received or sent after it
   */
  constructor(socket: Socket, received: (value: unknown, bytes: number) => void, broken: (why: string) => void) {
    this.#socket = socket;
    this.#broken = broken;
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      try {
        this.#take(chunk, received);
      } catch {
        this.#break('it sent what is no message');
      }
    });
  }

  /** Messages to a process that has ended are lost, as it is. */
  send(message: unknown): void {
    if (!this.#socket.writable) return;
    this.#socket.write(`${JSON.stringify(message)}\n`);
    if (this.#socket.writableLength > UNSENT_BYTES_MAX) this.#break('it does not read its messages');
  }

  close(): void {
    this.#socket.destroy();
  }

  #break(why: string): void {
    if (this.#socket.destroyed) return;
    this.#socket.destroy();
    this.#broken(why);
  }

  #take(chunk: Buffer, received: (value: unknown, bytes: number) => void): void {
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      const line = this.#ended(chunk.subarray(start, end));
      start = end + 1;
      received(JSON.parse(line.toString('utf8')), line.length);
      // What is left came from a process that is not listened to any more.
      if (this.#socket.destroyed) return;
    }
    this.#keep(chunk.subarray(start));
  }

  /** A line by its last piece. */
  #ended(piece: Buffer): Buffer {
    if (this.#begun.isEmpty && piece.length <= MESSAGE_BYTES_MAX) return piece;
    this.#keep(piece);
    return this.#begun.take();
  }

  #keep(piece: Buffer): void {
    if (!this.#begun.add(piece)) throw new RangeError('the line is too long');
  }
}
