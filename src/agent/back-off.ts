import type { IncomingHttpHeaders } from 'node:http';
import { SourceError } from './source.ts';

const FIRST_MS = 500;
const MOST_MS = 10_000;
/** A server may ask for a longer pause, but not for any. */
const RETRY_AFTER_MS_MAX = 60_000;

/** Pauses after failures, twice as long each time, in which a broken server is left alone. */
export class BackOff {
  readonly #now: () => number;
  #failures = 0;
  #endsAt = Number.NEGATIVE_INFINITY;
  #last = '';

  /** @param now a clock in milliseconds that never goes back */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @throws {SourceError} during a pause, with what was wrong last */
  check(): void {
    const left = Math.ceil(this.#endsAt - this.#now());
    if (left > 0) throw new SourceError(`${this.#last}; it is asked again in ${left} ms`);
  }

  /** Begins a pause: as long as the server asked for, within bounds, where it did. */
  failed(message: string, retryAfterMs?: number): void {
    const own = Math.min(FIRST_MS * 2 ** this.#failures, MOST_MS);
    this.#failures = Math.min(this.#failures + 1, 16);
    this.#last = message;
    this.#endsAt = this.#now() + Math.max(own, Math.min(retryAfterMs ?? 0, RETRY_AFTER_MS_MAX));
  }

  succeeded(): void {
    this.#failures = 0;
    this.#endsAt = Number.NEGATIVE_INFINITY;
  }
}

/** What Retry-After asks for (RFC 9110 section 10.2.3: seconds or a date), in milliseconds; undefined when it is neither. */
export function retryAfterMsOf({ 'retry-after': value }: IncomingHttpHeaders): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}
