import { type BenchContext, type BenchOptions, scaled } from '../case.ts';
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
  /** How long proxies are watched doing nothing. */
  readonly idleSeconds: number;
  /** With how many routers the daemon's regular look at all of them is measured, and how. */
  readonly look: LookPlan;
}

/**
 * The daemon looks at every router once in 5 minutes (`discovery.rescan`), which costs little with few routers. With many it
 * is counted: by watching it for 5 minutes, or by having the look come sooner, measuring it by itself, and sharing it out.
 */
export interface LookPlan {
  readonly fromRouters: number;
  /** `discovery.rescan` of the daemon meanwhile; absent: its default, and the daemon is watched for as long. */
  readonly rescanSeconds?: number;
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

/** The default of `discovery.rescan`. */
export const RESCAN_SECONDS = 300;
const MANY_ROUTERS = 500;
const SOONER = { fromRouters: MANY_ROUTERS, rescanSeconds: 36 };
const PLANS: Readonly<Record<'quick' | 'standard' | 'thorough', Omit<Plan, 'haproxies'>>> = {
  quick: { routers: [10, 50], trials: 5, idleSeconds: 10, look: SOONER },
  standard: { routers: [10, 100, 1000], trials: 8, idleSeconds: 5, look: SOONER },
  thorough: { routers: [10, 100, 1000], trials: 100, idleSeconds: 30, look: { fromRouters: MANY_ROUTERS } },
};
/** A haproxy takes some megabytes; a thousand would not fit on many machines. */
const HAPROXIES_MAX = 100;

export function planOf(options: BenchOptions): Plan {
  const { routers, haproxies: most = HAPROXIES_MAX } = options;
  const base = scaled(options, PLANS);
  const sizes = routers ?? base.routers;
  const haproxies = [...new Set(sizes.map((size) => Math.min(size, most)))].filter((size) => size > 0);
  return { ...base, routers: sizes, haproxies };
}
