/** Longest pause between attempts to connect, unless `retryMs` is longer: an agent that returns is found within it. */
const PAUSE_MS_MAX = 250;

/** What says nothing about the agent: its backlog is full (EAGAIN, contract.md F4), or we are short of something. */
const SHORTAGES: ReadonlySet<string> = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);

/**
 * Decides when the next attempt to connect to the agent may be made, so that an absent agent costs one attempt per pause
 * however many requests wait. One timer for all.
 */
export class ConnectPace {
  readonly #retryMs: number;
  readonly #onReady: () => void;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #full = false;
  #lastError: string | undefined;

  /** @param onReady called after a pause, when an attempt may be made again */
  constructor(retryMs: number, onReady: () => void) {
    this.#retryMs = retryMs;
    this.#onReady = onReady;
  }

  /** Whether the last attempt found nobody listening. */
  get absent(): boolean {
    return this.#failures > 0 && !this.#full;
  }

  get lastError(): string | undefined {
    return this.#lastError;
  }

  /** @param connecting attempts under way: after a failure only one is made at a time */
  mayConnect(connecting: number): boolean {
    return this.#timer === undefined && (this.#failures === 0 || connecting === 0);
  }

  succeeded(): void {
    this.#failures = 0;
    this.#lastError = undefined;
  }

  /** @param code of the error; except for shortages, it says that nobody is there */
  failed(code: string, message: string): void {
    this.#full = SHORTAGES.has(code);
    this.#failures += 1;
    this.#lastError = message;
    if (this.#timer !== undefined) return;
    const doublings = this.#full ? 0 : Math.min(this.#failures - 1, 8);
    const pause = Math.min(this.#retryMs * 2 ** doublings, Math.max(this.#retryMs, PAUSE_MS_MAX));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#onReady();
    }, pause);
  }

  /** An exchange ended: there is room in a backlog that was full. */
  roomMade(): void {
    if (!this.#full || this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
