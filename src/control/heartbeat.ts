import type { LiveConfig } from './live-config.ts';
import type { SharedSettings } from './shared-settings.ts';

/** Beats within the time after which the programs call it stale. */
const BEATS_PER_STALE_TIME = 3;

/**
 * Vouches for the workers in the settings the BPF programs read: while it beats, packets are steered; when it
 * stops, with the process or because no worker gives a sign of life, they pass untouched (design D4).
 */
export class Heartbeat {
  readonly #settings: SharedSettings;
  readonly #config: LiveConfig;
  readonly #ask: () => void;
  #timer: NodeJS.Timeout;

  /** @param ask has the workers give a sign of life, upon which `beat` is to be called */
  constructor(config: LiveConfig, settings: SharedSettings, ask: () => void) {
    this.#config = config;
    this.#settings = settings;
    this.#ask = ask;
    this.#timer = this.#begin();
  }

  #begin(): NodeJS.Timeout {
    return setInterval(this.#ask, this.#config.current.steering.staleAfterMs / BEATS_PER_STALE_TIME);
  }

  /** Beats as the configuration says now, the first time at once. */
  reconfigure(): void {
    clearInterval(this.#timer);
    this.#timer = this.#begin();
    this.#ask();
  }

  /** Another daemon vouches for its workers from here on. */
  release(): void {
    clearInterval(this.#timer);
    this.#settings.release();
  }

  /** A worker answers, now: the time that counts is the worker's sign of life, not ours. */
  beat(): void {
    this.#settings.beat(process.hrtime.bigint());
  }

  /** From here on packets pass untouched, at once. */
  close(): void {
    clearInterval(this.#timer);
    this.#settings.close();
  }
}
