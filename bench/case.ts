import type { Teardown } from '../src/demo/teardown.ts';
import type { Plot } from './plot.ts';
import type { Tool } from './requirements.ts';
import type { Workspace } from './workspace.ts';

/** What the command line asks for. */
export interface BenchOptions {
  /** Fewer sizes and trials: minutes become seconds, and figures become rough. */
  readonly quick: boolean;
  /** Longer and more often than in the time that all cases together may take by default. */
  readonly thorough?: boolean;
  /** Numbers of routers, ascending; each case has its own when absent. */
  readonly routers?: readonly number[];
  /** `steering.attach` of the daemon; its default when absent. */
  readonly attach?: 'tcx' | 'clsact';
  /** Most haproxies started at once; figures for more are extrapolated. */
  readonly haproxies?: number;
  /** Numbers of instances that boot at once, ascending; the case storm has its own when absent. */
  readonly guests?: readonly number[];
  /** How long the case soak takes; its default when absent. */
  readonly minutes?: number;
}

/** What a case gets from the harness. */
export interface BenchContext {
  readonly options: BenchOptions;
  readonly workspace: Workspace;
  /** Everything a case makes is noted here before it is made; aborts at Ctrl-C. */
  readonly teardown: Teardown;
  readonly progress: (text: string) => void;
}

/** A claim of the project as a number that must not be exceeded, or must be reached. */
export interface Bar {
  readonly name: string;
  readonly limit: number;
  /** What the limit is; `at most` unless given. */
  readonly kind?: 'at most' | 'at least';
  readonly unit: string;
  /** Absent when this run did not measure it. */
  readonly value?: number;
  readonly verdict: 'met' | 'missed' | 'not measured';
  /** How the value came about, where that matters. */
  readonly note?: string;
  /** What was tried to reach it, and what it would take; shown where it is missed. */
  readonly ifMissed?: string;
  /** The claim in the words of README's table; absent where it stands in the report alone. */
  readonly headline?: string;
  /** What both came to, where the value is the one over the other. */
  readonly sides?: Sides;
}

/** A figure of both contenders; the incumbent's is absent where it has none. */
export interface Sides {
  readonly haproxy?: number;
  readonly metasteer: number;
  readonly unit: string;
}

export interface CaseResult {
  /** Everything measured, as it goes into the JSON file. */
  readonly figures: object;
  /** Lines for the terminal. */
  readonly summary: readonly string[];
  readonly bars: readonly Bar[];
  /** What a reader might expect among the figures and does not find. */
  readonly notMeasured: readonly string[];
}

export interface BenchCase {
  readonly name: string;
  readonly about: string;
  readonly tools: readonly Tool[];
  /** It takes too long to be run without being asked for. */
  readonly onlyWhenNamed?: true;
  readonly run: (context: BenchContext) => Promise<CaseResult>;
  /**
   * What the report's page shows of the case. Figures come from `run`, or from a file that an earlier run of the same case
   * has written, and then perhaps without its histograms; whoever calls it has to expect that other figures make it throw.
   */
  plots?(figures: object): readonly Plot[];
}

/**
 * What the options ask for: to see that a case works, its share of the quarter of an hour that all may take together, or as
 * much as it is worth.
 */
export function scaled<Plan>(
  { quick, thorough }: BenchOptions,
  plans: Readonly<Record<'quick' | 'standard' | 'thorough', Plan>>,
): Plan {
  if (quick) return plans.quick;
  return thorough === true ? plans.thorough : plans.standard;
}

/** Compares a value with its bar; equal is met. */
export function judge(bar: Omit<Bar, 'verdict' | 'value'>, value: number | undefined): Bar {
  if (value === undefined) return { ...bar, verdict: 'not measured' };
  const isMet = bar.kind === 'at least' ? value >= bar.limit : value <= bar.limit;
  return { ...bar, value, verdict: isMet ? 'met' : 'missed' };
}
