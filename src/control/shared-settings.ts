import type { Config, GuardLimits } from '../config/config.ts';
import type { Rate } from '../kernel/layout.gen.ts';
import type { SteeringMaps } from '../kernel/maps.ts';

const SECOND_NS = 1_000_000_000n;
const MS_NS = 1_000_000n;

/**
 * What the BPF programs of all ports read at every packet, and what may therefore change while they run: the sign of
 * life, the limits, and until when connections may be somebody else's. The only writer of the map `settings`.
 */
export class SharedSettings {
  readonly #maps: SteeringMaps;
  #steering: Config['steering'];
  /** What the programs know now. */
  #staleAfterMs: number;
  #released = false;
  #limits: GuardLimits;
  #heartbeatNs = 0n;
  #takingOverUntilNs = 0n;
  #afterSilence: boolean;

  /**
   * Writes nothing before the first sign of life: until then packets pass.
   *
   * @param afterSilence whether the programs may have found the daemon before this one silent for a while
   */
  constructor(
    config: Config,
    maps: SteeringMaps,
    {
      limits = config.guard,
      afterSilence = false,
    }: { readonly limits?: GuardLimits; readonly afterSilence?: boolean } = {},
  ) {
    this.#maps = maps;
    this.#afterSilence = afterSilence;
    this.#steering = config.steering;
    this.#staleAfterMs = config.steering.staleAfterMs;
    this.#limits = limits;
  }

  get limits(): GuardLimits {
    return this.#limits;
  }

  /** Takes effect with the next packet. */
  setLimits(limits: GuardLimits): void {
    this.#limits = limits;
    this.#write();
  }

  /** Takes effect with the next sign of life, so that a shorter time to staleness is not over before that. */
  reconfigure({ steering, guard }: Config): void {
    this.#steering = steering;
    this.#limits = guard;
  }

  /**
   * A sign of life. After a silence in which packets passed, connections that were opened meanwhile are left to whoever
   * has them (design D11).
   *
   * @param now CLOCK_MONOTONIC in nanoseconds, the clock of bpf_ktime_get_ns
   */
  beat(now: bigint): void {
    const { staleAfterMs, takeOverMs } = this.#steering;
    const wasSilent = this.#heartbeatNs !== 0n && now - this.#heartbeatNs > BigInt(this.#staleAfterMs) * MS_NS;
    if (wasSilent || this.#afterSilence) this.#takingOverUntilNs = now + BigInt(takeOverMs) * MS_NS;
    this.#afterSilence = false;
    this.#heartbeatNs = now;
    this.#staleAfterMs = staleAfterMs;
    this.#write();
  }

  /** From here on packets pass untouched, at once. */
  close(): void {
    this.#heartbeatNs = 0n;
    this.#write();
  }

  /** Another daemon writes them from here on, and this one no more. */
  release(): void {
    this.#released = true;
  }

  #write(): void {
    if (this.#released) return;
    const { neighboursPerPortMax } = this.#steering;
    const limits = this.#limits;
    this.#maps.writeSettings({
      heartbeatNs: this.#heartbeatNs,
      staleAfterNs: BigInt(this.#staleAfterMs) * MS_NS,
      takingOverUntilNs: this.#takingOverUntilNs,
      portRate: rateOf(limits.portRate, limits.portBurst),
      sourceRate: rateOf(limits.sourceRate, limits.sourceBurst),
      portOpenMax: limits.portConnections,
      sourceOpenMax: limits.sourceConnections,
      neighboursPerPortMax,
    });
  }
}

/** @param perSecond connections; 0 for no limit */
function rateOf(perSecond: number, burst: number): Rate {
  const intervalNs = perSecond === 0 ? 0n : SECOND_NS / BigInt(perSecond);
  return { intervalNs, burstNs: intervalNs * BigInt(burst) };
}
