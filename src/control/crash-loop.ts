/** A worker that lived this long was no part of a crash loop. */
const HEALTHY_AFTER_MS = 30_000;
/** So many ends in so long are a crash loop: what kills workers then will kill the next one too. */
const ENDS_MAX = 5;
const WINDOW_MS = 10_000;

const SECOND_PAUSE_MS = 100;
const FIRST_HOLD_MS = 5000;
const LAST_HOLD_MS = 60_000;

/** What comes between the end of a worker and the next one. */
export interface Pause {
  readonly ms: number;
  /** Whether this is a crash loop. */
  readonly held: boolean;
  /** Ends in the last 10 s, this one among them. */
  readonly ends: number;
}

/**
 * When a place for a worker is filled again: at once after the first end, then after 0.1, 0.2 and 0.4 s. The fifth end in
 * 10 s is a crash loop: from then on the place is held empty for 5 s, doubling to a minute, until a worker lives for 30 s.
 */
export class CrashLoop {
  #ends: number[] = [];
  #holds = 0;

  /**
   * A worker ended, or could not be started.
   *
   * @param now milliseconds, on any clock
   * @param livedMs 0 for one that never ran
   */
  ended(now: number, livedMs: number): Pause {
    if (livedMs >= HEALTHY_AFTER_MS) {
      this.#holds = 0;
      this.#ends = [];
    }
    this.#ends = [...this.#ends.filter((at) => at > now - WINDOW_MS), now].slice(-ENDS_MAX);
    const ends = this.#ends.length;
    if (this.#holds === 0 && ends < ENDS_MAX)
      return { ms: ends === 1 ? 0 : SECOND_PAUSE_MS * 2 ** (ends - 2), held: false, ends };
    const ms = Math.min(FIRST_HOLD_MS * 2 ** this.#holds, LAST_HOLD_MS);
    this.#holds += 1;
    return { ms, held: true, ends };
  }
}
