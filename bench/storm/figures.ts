/** What is said of a storm: failed boots and why, until when they took, requests, and how the boots came to an end over time. */
import type { ContenderName } from '../contest/contenders.ts';
import type { BootResult, Manners } from './guests.ts';

/** Generations of agents (contract.md 2.3). */
export const STORM_AGENTS = {
  'one-shot': 'as since 2025.1: one request per connection, backlog of 5',
  'keep-alive': 'as until 2024.2: connections are kept, backlog of 4096',
} as const;

export type AgentName = keyof typeof STORM_AGENTS;

export interface Storm {
  readonly agent: AgentName;
  readonly contender: ContenderName;
  readonly manners: Manners;
  readonly guests: number;
  readonly failed: number;
  /** How many boots failed of what: `503 at the probe`, or `timeout at document 3`. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Until the last good boot; undefined where none was. */
  readonly lastGoodSeconds?: number;
  /** Until the last boot was over, good or not. */
  readonly seconds: number;
  /** Requests of all guests, those repeated among them. */
  readonly attempts: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Attempts without an answer, by what happened. */
  readonly failures: Readonly<Record<string, number>>;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly latency: readonly (readonly [us: number, count: number])[];
  /** Boots that were over so far, at the end of each. */
  readonly over: readonly (readonly [seconds: number, good: number, failed: number])[];
}

export function stormFigures(
  what: Pick<Storm, 'agent' | 'contender' | 'manners'>,
  { guests, started, seconds, statuses, failures, latency }: BootResult,
): Storm {
  const good = guests.filter(({ ok }) => ok);
  return {
    ...what,
    guests: guests.length,
    failed: guests.length - good.length,
    reasons: reasonsOf(guests),
    ...(good.length === 0 ? {} : { lastGoodSeconds: Math.max(...good.map((boot) => boot.seconds)) }),
    seconds,
    attempts: started,
    statuses,
    failures: Object.fromEntries(Object.entries(failures).filter(([, count]) => count > 0)),
    p50Us: latency.total === 0 ? 0 : latency.percentile(50),
    p99Us: latency.total === 0 ? 0 : latency.percentile(99),
    latency: latency.buckets,
    over: overTime(guests),
  };
}

function reasonsOf(guests: BootResult['guests']): Readonly<Record<string, number>> {
  const reasons: Record<string, number> = {};
  for (const { ok, why, document = 0 } of guests) {
    if (ok) continue;
    const reason = `${why} at ${document === 0 ? 'the probe' : `document ${document}`}`;
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  return reasons;
}

function overTime(guests: BootResult['guests']): Storm['over'] {
  let [good, failed] = [0, 0];
  return guests
    .toSorted((a, b) => a.seconds - b.seconds)
    .map(({ ok, seconds }) => {
      if (ok) good += 1;
      else failed += 1;
      return [seconds, good, failed] as const;
    });
}
