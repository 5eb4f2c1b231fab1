import { setTimeout as sleep } from 'node:timers/promises';
import { summarise } from '../statistics.ts';
import type { FirstAnswers, Stage } from './plan.ts';

/** Between an interface going down and up again: what follows from the first is over before the second. */
const CALM_MS = 200;

export interface Trial {
  /** Called when the interface has been told to come up. */
  readonly begin: () => void;
  /** Called with the interface down again; resolves when everything is as before the trial. */
  readonly end: () => Promise<unknown>;
}

/** Brings the trial router's interface up again and again, and measures when the instance is served. */
export async function measureFirstAnswers(
  { trial, plan, teardown }: Stage,
  { begin, end }: Trial,
): Promise<FirstAnswers> {
  const milliseconds: number[] = [];
  for (let count = 0; count < plan.trials; count += 1) {
    await sleep(CALM_MS, undefined, { signal: teardown.signal });
    const answer = await trial.firstAnswer(begin);
    if (answer !== undefined) milliseconds.push(answer);
    await trial.down();
    await end();
  }
  return { summary: summarise(milliseconds), milliseconds, unanswered: plan.trials - milliseconds.length };
}
