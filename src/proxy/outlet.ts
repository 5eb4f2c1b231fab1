import type { Socket } from 'node:net';
import type { Clock } from './clock.ts';
import { unsentBytes } from './handle.ts';

/** After our last byte the client gets this long to read and close, so that its reading is not cut by a reset. */
const LINGER_MS = 2_000;

/** Of a reply that is passed on while it comes, so much may wait for the client: slow readers do not hold up the agent. */
const SPOOL_BYTES_MAX = 262_144;

/** The sending half of a client connection: what is written, whether the client takes it, and the orderly end. */
export class Outlet {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #clientMs: number;
  #unsent = 0;
  /** When the client has to have taken something; Infinity while it owes nothing. */
  deadline = Number.POSITIVE_INFINITY;

  /** @param clientMs longest time in which the client takes nothing of what is written */
  constructor(socket: Socket, clock: Clock, clientMs: number) {
    this.#socket = socket;
    this.#clock = clock;
    this.#clientMs = clientMs;
    socket.on('finish', () => {
      this.deadline = clock.now() + LINGER_MS;
    });
  }

  /** Returns false when the client should be waited for. */
  write(bytes: Buffer): boolean {
    return this.#watch(this.#socket.write(bytes));
  }

  /** Whether more can be written although the client has not taken everything. */
  get hasRoom(): boolean {
    return this.#socket.writableLength < SPOOL_BYTES_MAX;
  }

  /** Returns false when the client has not taken all that was written. */
  flushed(): boolean {
    return this.#watch(!this.#socket.writableNeedDrain);
  }

  /** Sends the last bytes, if any, and shuts our side. */
  end(bytes?: Buffer): void {
    this.deadline = this.#clock.now() + this.#clientMs;
    if (bytes === undefined) this.#socket.end();
    else this.#socket.end(bytes);
  }

  /** Called at the deadline: whether the client has taken something since the last call, and so gets more time. */
  extend(now: number): boolean {
    const unsent = unsentBytes(this.#socket);
    const progressed = unsent !== 0 && unsent !== this.#unsent;
    this.#unsent = unsent;
    if (progressed) this.deadline = now + this.#clientMs;
    return progressed;
  }

  #watch(taken: boolean): boolean {
    this.deadline = taken ? Number.POSITIVE_INFINITY : this.#clock.now() + this.#clientMs;
    return taken;
  }
}
