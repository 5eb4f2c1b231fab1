import { agent } from './agent.ts';
import type { BenchCase } from './case.ts';
import { connect } from './connect.ts';
import { density } from './density.ts';
import { flood } from './flood.ts';
import { keepalive } from './keepalive.ts';
import { packet } from './packet.ts';
import { ramp } from './ramp.ts';
import { soak } from './soak.ts';
import { storm } from './storm.ts';

/** Every case, in the order in which `npm run bench` runs them. */
export const CASES: readonly BenchCase[] = [connect, keepalive, agent, packet, flood, storm, ramp, density, soak];

/** Those named; without names, all but those that are run only when named. */
export function chosenCases(names: readonly string[], cases: readonly BenchCase[] = CASES): readonly BenchCase[] {
  return cases.filter((each) => (names.length === 0 ? each.onlyWhenNamed !== true : names.includes(each.name)));
}
