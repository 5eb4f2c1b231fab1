/**
 * When a port's shield goes up and down:
 *
 *     down ── at least `on` drops/s, twice in a row ──▶ up ── less than a quarter of it for `calmMs` ──▶ down
 */
export interface ShieldState {
  readonly isUp: boolean;
  /** Seconds in a row over the threshold, while down. */
  readonly loudSeconds: number;
  /** How long it has been calm, while up. */
  readonly calmMs: number;
}

export interface ShieldThresholds {
  /** Drops per second. */
  readonly on: number;
  readonly calmMs: number;
}

export const SHIELD_DOWN: ShieldState = { isUp: false, loudSeconds: 0, calmMs: 0 };
const SHIELD_UP: ShieldState = { isUp: true, loudSeconds: 0, calmMs: 0 };

const LOUD_SECONDS = 2;
const CALM_SHARE = 0.25;

/** What becomes of the shield after another look, `elapsedMs` after the last. */
export function nextShieldState(
  state: ShieldState,
  drops: number,
  elapsedMs: number,
  thresholds: ShieldThresholds,
): ShieldState {
  const perSecond = (drops * 1000) / elapsedMs;
  if (state.isUp) {
    const calmMs = perSecond < thresholds.on * CALM_SHARE ? state.calmMs + elapsedMs : 0;
    return calmMs >= thresholds.calmMs ? SHIELD_DOWN : { ...SHIELD_UP, calmMs };
  }
  const loudSeconds = perSecond >= thresholds.on ? state.loudSeconds + 1 : 0;
  return loudSeconds >= LOUD_SECONDS ? SHIELD_UP : { ...SHIELD_DOWN, loudSeconds };
}
