import { Pool } from 'undici';
import type { TlsConnectionOptions } from './tls-options.ts';

/** Pause after the first failure to connect; it doubles with each further one. */
const ASIDE_MS_FIRST = 250;
const ASIDE_MS_MAX = 10_000;

export interface NovaPoolOptions {
  readonly connections: number;
  readonly timeoutConnectMs: number;
  readonly timeoutMs: number;
  readonly tls: TlsConnectionOptions;
}

/** One address of nova as the status tells it. */
export interface NovaAddressStatus {
  readonly url: string;
  /** `unknown` until it was first asked; `aside` while it is not asked because it could not be connected to. */
  readonly state: 'unknown' | 'answering' | 'aside';
  readonly requests: number;
  readonly connectFailures: number;
  readonly lastError?: string;
}

/** One address of nova: its connections, and whether it can be connected to. */
export class NovaAddress {
  readonly url: string;
  /** Used again and again. Idle connections are closed before nova would close them (4 s, or what its Keep-Alive says). */
  readonly shared: Pool;
  /** For what must not be sent twice: every connection carries one request, so none is closed by nova just as it is used. */
  readonly fresh: Pool;
  #state: NovaAddressStatus['state'] = 'unknown';
  #requests = 0;
  #connectFailures = 0;
  #failuresInARow = 0;
  #asideUntil = 0;
  #lastError: string | undefined;

  constructor(url: string, { connections, timeoutConnectMs, timeoutMs, tls }: NovaPoolOptions) {
    this.url = url;
    const options = {
      connections,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      connect: { ...tls, timeout: timeoutConnectMs },
    };
    this.shared = new Pool(url, options);
    this.fresh = new Pool(url, options);
  }

  /** When it may be asked again, on the clock of `performance.now()`; 0 when it may be asked now. */
  get asideUntil(): number {
    return this.#asideUntil;
  }

  asked(): void {
    this.#requests += 1;
  }

  /** It could be connected to, whatever it said. */
  connected(): void {
    this.#state = 'answering';
    this.#failuresInARow = 0;
    this.#asideUntil = 0;
    this.#lastError = undefined;
  }

  /** @returns whether this is the first failure after it answered, which is worth a word in the log */
  refused(message: string, now: number): boolean {
    const isNews = this.#state !== 'aside';
    const pause = Math.min(ASIDE_MS_MAX, ASIDE_MS_FIRST * 2 ** this.#failuresInARow);
    this.#state = 'aside';
    this.#connectFailures += 1;
    this.#failuresInARow = Math.min(this.#failuresInARow + 1, 16);
    this.#asideUntil = now + pause;
    this.#lastError = message;
    return isNews;
  }

  status(): NovaAddressStatus {
    return {
      url: this.url,
      state: this.#state,
      requests: this.#requests,
      connectFailures: this.#connectFailures,
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }

  async destroy(): Promise<void> {
    await Promise.all([this.shared.destroy(), this.fresh.destroy()]);
  }
}
