import { agent } from './agent.ts';
import type { BenchCase } from './case.ts';
import { connect } from './connect.ts';
import { density } from './density.ts';
import { flood } from './flood.ts';
import { keepalive } from './keepalive.ts';
import { packet } from './packet.ts';

/** Every case, in the order in which `npm run bench` runs them. */
export const CASES: readonly BenchCase[] = [connect, keepalive, agent, packet, flood, density];
