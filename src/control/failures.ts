import type { MetasteerError } from '../errors.ts';
import type { FoundInterface, PortKey } from './port.ts';

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;

export interface Failure {
  readonly found: FoundInterface;
  readonly error: MetasteerError;
  readonly attempts: number;
  /** On the clock of `performance.now`, in milliseconds, which no step of the time of day moves. */
  readonly retryAt: number;
}

/** Interfaces that could not be steered, why, and when to try again. Bounded by the interfaces there are. */
export class Failures {
  readonly #failures = new Map<PortKey, Failure>();

  get all(): readonly Failure[] {
    return [...this.#failures.values()];
  }

  /** The interfaces alone. */
  get found(): readonly FoundInterface[] {
    return this.all.map(({ found }) => found);
  }

  /** Notes a failed attempt; returns the milliseconds to the next, which double each time. */
  add(key: PortKey, found: FoundInterface, error: MetasteerError, now: number): number {
    const attempts = (this.#failures.get(key)?.attempts ?? 0) + 1;
    const delay = Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), LAST_RETRY_MS);
    this.#failures.set(key, { found, error, attempts, retryAt: now + delay });
    return delay;
  }

  forget(key: PortKey): void {
    this.#failures.delete(key);
  }

  /** Forgets the interfaces that are no longer there. */
  keepOnly(keys: ReadonlySet<PortKey>): void {
    for (const key of this.#failures.keys()) if (!keys.has(key)) this.#failures.delete(key);
  }

  /** Interfaces whose next attempt is not due at `now`. */
  waiting(now: number): ReadonlySet<PortKey> {
    return new Set([...this.#failures].filter(([, failure]) => failure.retryAt > now).map(([key]) => key));
  }
}
