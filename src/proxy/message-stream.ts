import type { Socket } from 'node:net';

/** The status of the most ports there can be is well below. */
const MESSAGE_BYTES_MAX = 8 * 1024 * 1024;
const LF = 0x0a;

/**
 * Messages between supervisor and worker: JSON, one a line, over a stream socket. Not Node's own process channel, in
 * which one process can bring the other down with a malformed line.
 */
export class MessageStream {
  readonly #socket: Socket;
  #rest: Buffer[] = [];
  #restBytes = 0;

  /**
   * @param received called with what each line says; it is not known to be a message
   * @param broken called when a line is no JSON or too long; nothing is received after it
   */
  constructor(socket: Socket, received: (value: unknown) => void, broken: () => void) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      try {
        this.#take(chunk, received);
      } catch {
        socket.destroy();
        broken();
      }
    });
  }

  /** Messages to a process that has ended are lost, as it is. */
  send(message: unknown): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer, received: (value: unknown) => void): void {
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      const line = Buffer.concat([...this.#rest, chunk.subarray(start, end)]);
      this.#rest = [];
      this.#restBytes = 0;
      start = end + 1;
      received(JSON.parse(line.toString('utf8')));
    }
    this.#restBytes += chunk.length - start;
    if (this.#restBytes > MESSAGE_BYTES_MAX) throw new RangeError('the line is too long');
    this.#rest.push(chunk.subarray(start));
  }
}
