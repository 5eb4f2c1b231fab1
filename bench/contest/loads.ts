/** The loads that cases which compare have in common. */
import type { LoadPlan } from '../load.ts';
import type { NamedLoad } from './run.ts';

export const CONTEST_PLANS = {
  quick: { pairs: 2, seconds: 1 },
  standard: { pairs: 5, seconds: 1.5 },
  thorough: { pairs: 9, seconds: 5 },
};

/** Of which a program in JavaScript needs most, to be compiled; haproxy gets the same. */
export const WARM_UP_SECONDS = 3;

/** Enough for both processors to be busy all the time. */
const CLIENTS = 32;
export const SATURATED = `as fast as ${CLIENTS} clients can`;

/** As many clients as it takes, each asking again as soon as it has its answer. */
export function saturated(seconds: number): LoadPlan & { readonly clients: number } {
  return { clients: CLIENTS, seconds };
}

export function shareName(share: number): string {
  return `at ${Math.round(share * 100)} % of what haproxy can`;
}

/** At a fixed rate, which is a share of what haproxy can. */
export function atShare(share: number, capacity: number, seconds: number): NamedLoad {
  return { name: shareName(share), rate: Math.max(1, Math.round(share * capacity)), seconds };
}
