import type { Config } from '../config/config.ts';
import type { SteeringMaps } from '../kernel/maps.ts';

/** Beats within the time after which the programs call it stale. */
const BEATS_PER_STALE_TIME = 3;

/**
 * Vouches for the workers in the settings the BPF programs read: while it beats, packets are steered; when it
 * stops, with the process or because no worker gives a sign of life, they pass untouched (design D4).
 */
export class Heartbeat {
  readonly #maps: SteeringMaps;
  readonly #steering: Config['steering'];
  readonly #isAnswering: () => boolean;
  readonly #timer: NodeJS.Timeout;

  /** @param isAnswering asked before each beat */
  constructor(config: Config, maps: SteeringMaps, isAnswering: () => boolean) {
    this.#steering = config.steering;
    this.#maps = maps;
    this.#isAnswering = isAnswering;
    this.#timer = setInterval(() => this.beat(), config.steering.staleAfterMs / BEATS_PER_STALE_TIME);
  }

  /** Beats between the regular times: a worker that has just started answers from now on. */
  beat(): void {
    // The same clock as bpf_ktime_get_ns: CLOCK_MONOTONIC.
    if (this.#isAnswering()) this.#write(process.hrtime.bigint());
  }

  /** From here on packets pass untouched, at once. */
  close(): void {
    clearInterval(this.#timer);
    this.#write(0n);
  }

  #write(heartbeatNs: bigint): void {
    const { staleAfterMs, neighboursPerPortMax } = this.#steering;
    this.#maps.writeSettings({ heartbeatNs, staleAfterNs: BigInt(staleAfterMs) * 1_000_000n, neighboursPerPortMax });
  }
}
