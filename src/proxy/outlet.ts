import type { Socket } from 'node:net';
import type { Clock } from './clock.ts';
import { unsentBytes } from './handle.ts';

/** After our last byte the client gets this long to read and close, so that its reading is not cut by a reset. */
const LINGER_MS = 2_000;

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

  /** Whether something written has not been taken. */
  get full(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Returns false when the client should be waited for. */
  write(bytes: Buffer): boolean {
    return this.watch(this.#socket.write(bytes));
  }

  /** Sends the last bytes, if any, and shuts our side. */
  end(bytes?: Buffer): void {
    this.deadline = this.#clock.now() + this.#clientMs;
    if (bytes === undefined) this.#socket.end();
    else this.#socket.end(bytes);
  }

  /** Sets the time limit after a write, or when the client has taken everything. */
  watch(taken: boolean): boolean {
    this.deadline = taken ? Number.POSITIVE_INFINITY : this.#clock.now() + this.#clientMs;
    return taken;
  }

  /** Called at the deadline: whether the client has taken something since the last call, and so gets more time. */
  extend(now: number): boolean {
    const unsent = unsentBytes(this.#socket);
    const progressed = unsent !== 0 && unsent !== this.#unsent;
    this.#unsent = unsent;
    if (progressed) this.deadline = now + this.#clientMs;
    return progressed;
  }
}
