import type { BenchContext, BenchOptions } from '../case.ts';
import type { RouterFleet } from '../routers.ts';
import type { Summary } from '../statistics.ts';
import type { TrialRouter } from '../trial-router.ts';

/** What one run of the case measures. */
export interface Plan {
  /** Numbers of routers, ascending. */
  readonly routers: readonly number[];
  /** Numbers of haproxies that are really started, ascending. */
  readonly haproxies: readonly number[];
  /** Times an interface is brought up, for each side and number of routers. */
  readonly trials: number;
}

/** Everything the two sides are measured with. */
export interface Stage extends BenchContext {
  readonly plan: Plan;
  readonly agentSocket: string;
  readonly fleet: RouterFleet;
  readonly trial: TrialRouter;
}

/** From an interface coming up to the first 200 in an instance, in milliseconds. */
export interface FirstAnswers {
  readonly summary: Summary | undefined;
  readonly milliseconds: readonly number[];
  /** Trials without an answer in 15 s. */
  readonly unanswered: number;
}

const FULL = { routers: [10, 100, 1000], trials: 20 } as const;
const QUICK = { routers: [10, 50], trials: 5 } as const;
const IDLE_SECONDS = 10;
/** The daemon looks at every router once in this time (`discovery.rescan`): with many routers that has to be counted. */
const RESCAN_SECONDS = 300;
const MANY_ROUTERS = 500;
/** A haproxy takes some megabytes; a thousand would not fit on many machines. */
const HAPROXIES_MAX = 100;

export function planOf({ quick, routers, haproxies: most = HAPROXIES_MAX }: BenchOptions): Plan {
  const base = quick ? QUICK : FULL;
  const sizes = routers ?? base.routers;
  const haproxies = [...new Set(sizes.map((size) => Math.min(size, most)))].filter((size) => size > 0);
  return { routers: sizes, haproxies, trials: base.trials };
}

/** How long proxies are watched doing nothing; with many routers long enough for one look at all of them. */
export function idleSeconds(routers: number): number {
  return routers < MANY_ROUTERS ? IDLE_SECONDS : RESCAN_SECONDS;
}
