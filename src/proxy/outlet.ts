import type { ClientLink } from '../link/client-link.ts';
import type { Clock } from './clock.ts';

/** After our last byte the client gets this long to read and close, so that its reading is not cut by a reset. */
const LINGER_MS = 2_000;

/** Of a reply that is passed on while it comes, so much may wait for the client: slow readers do not hold up the agent. */
const SPOOL_BYTES_MAX = 262_144;

/**
 * A response up to this size is left to the kernel, which may still have to send it when the connection is ours no more. It
 * bounds what clients that do not read can have lying there without counting as connections.
 */
const AT_ONCE_BYTES_MAX = 16_384;

/** The sending half of a client connection: what is written, whether the client takes it, and the orderly end. */
export class Outlet {
  readonly #link: ClientLink;
  readonly #clock: Clock;
  readonly #clientMs: number;
  #unsent = 0;
  /** When the client has to have taken something; Infinity while it owes nothing. */
  deadline = Number.POSITIVE_INFINITY;

  /** @param clientMs longest time in which the client takes nothing of what is written */
  constructor(link: ClientLink, clock: Clock, clientMs: number) {
    this.#link = link;
    this.#clock = clock;
    this.#clientMs = clientMs;
  }

  /** Returns false when the client should be waited for. */
  write(bytes: Buffer): boolean {
    return this.#watch(this.#link.write(bytes));
  }

  /** Whether more can be written although the client has not taken everything. */
  get hasRoom(): boolean {
    return this.#link.waiting < SPOOL_BYTES_MAX;
  }

  /** Returns false when the client has not taken all that was written. */
  flushed(): boolean {
    return this.#watch(!this.#link.isSlow);
  }

  /**
   * Sends the last bytes, if any, and shuts our side.
   *
   * @param isWhole whether nothing more of the client is of interest
   */
  end(bytes: Buffer | undefined, isWhole: boolean): void {
    this.deadline = this.#clock.now() + this.#clientMs;
    this.#link.end(bytes, isWhole && (bytes === undefined || bytes.length <= AT_ONCE_BYTES_MAX));
  }

  /** Everything is with the kernel. */
  finished(): void {
    this.deadline = this.#clock.now() + LINGER_MS;
  }

  /** Called at the deadline: whether the client has taken something since the last call, and so gets more time. */
  extend(now: number): boolean {
    const unsent = this.#link.unsent;
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
