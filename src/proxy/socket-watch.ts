import { statSync } from 'node:fs';

/** How often the socket's file is looked at, at most. */
const LOOK_MS = 1_000;

/** Notices that the agent's socket is another file than before: an agent that starts makes its socket anew (contract.md 2.3). */
export class SocketWatch {
  readonly #path: string;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #seen: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Looks, when the last look is long enough ago. One stat of a local file: a few microseconds.
   *
   * @param now on the clock's scale
   * @param atOnce look whenever the last look was
   */
  replaced(now: number, atOnce = false): boolean {
    if (!atOnce && now - this.#lookedAt < LOOK_MS) return false;
    this.#lookedAt = now;
    const before = this.#seen;
    const file = this.#stat();
    // While it is missing, attempts to connect tell more than this.
    if (file === undefined) return false;
    this.#seen = file;
    return before !== undefined && before !== file;
  }

  #stat(): string | undefined {
    try {
      const stats = statSync(this.#path, { throwIfNoEntry: false });
      return stats === undefined ? undefined : `${stats.dev}:${stats.ino}:${stats.ctimeMs}`;
    } catch {
      return undefined;
    }
  }
}
