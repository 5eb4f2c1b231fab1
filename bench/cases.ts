import type { BenchCase } from './case.ts';
import { density } from './density.ts';
import { flood } from './flood.ts';
import { packet } from './packet.ts';

/** Every case, in the order in which `npm run bench` runs them. */
export const CASES: readonly BenchCase[] = [packet, flood, density];
