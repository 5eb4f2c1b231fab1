import type { BenchContext, BenchOptions } from '../case.ts';
import type { ContenderName } from '../contest/contenders.ts';
import { type LoadRun, type Measured, measureLoad } from '../contest/run.ts';
import type { LoadGenerator } from '../load.ts';
import type { RouterFleet } from '../routers.ts';
import type { Tenant } from '../tenant.ts';

export interface RampPlan {
  /** Numbers of routers, that of the tenant among them. */
  readonly ports: readonly number[];
  /** Numbers of idle connections. */
  readonly idle: readonly number[];
  /** Most of each that haproxy is measured with. */
  readonly haproxies: number;
  readonly haproxyIdle: number;
  /** Requests per second, and for how long. */
  readonly rate: number;
  readonly seconds: number;
  /** That ask in turn. */
  readonly addresses: number;
}

/** What grows while everything else stays. */
export const AXES = { ports: 'routers', idle: 'idle connections' } as const;

export type Axis = keyof typeof AXES;

export interface RampPoint {
  readonly axis: Axis;
  readonly contender: ContenderName;
  /** Of what grows. */
  readonly amount: number;
  /** Idle connections that were open at the end. */
  readonly open?: number;
  readonly run: LoadRun;
}

export interface RampFigures {
  readonly plan: RampPlan;
  readonly points: readonly RampPoint[];
}

/** What the measurements of both contenders share. */
export interface RampStage extends BenchContext {
  readonly plan: RampPlan;
  readonly agentSocket: string;
  readonly load: LoadGenerator;
  readonly tenant: Tenant;
  readonly fleet: RouterFleet;
}

const HAPROXIES_MAX = 100;
/** Of its 1,024 connections some are left for requests. */
const HAPROXY_IDLE_MAX = 1000;
/** Moderate: a fraction of what a core can. */
const RATE = 500;
const ADDRESSES = 20;
/**
 * Before each point: code is compiled while requests come, and it takes thousands of them. A daemon that took in many routers gave
 * memory back when it had, compiled code with it. Fewer clients than connections haproxy has left beside the idle ones.
 */
const WARM_UP = { clients: 16, seconds: 1 } as const;
const WARM_REQUESTS = 10_000;
const WARM_ROUNDS_MAX = 10;

export function planOf({ quick, routers, haproxies = HAPROXIES_MAX }: BenchOptions): RampPlan {
  return {
    ports: routers ?? (quick ? [1, 20] : [1, 100, 1000]),
    idle: quick ? [0, 1000] : [0, 1000, 10_000],
    haproxies,
    haproxyIdle: HAPROXY_IDLE_MAX,
    rate: RATE,
    seconds: 2,
    addresses: ADDRESSES,
  };
}

/** Has a proxy answer as fast as it can, for so many requests or ten seconds. */
async function warmUp({ load, tenant }: RampStage): Promise<void> {
  for (let round = 0, ok = 0; round < WARM_ROUNDS_MAX && ok < WARM_REQUESTS; round += 1) {
    ok += (await load.run(tenant, WARM_UP)).ok;
  }
}

/** The load of every point, after requests that are not measured. @throws {Error} when nothing is answered */
export async function measurePoint(stage: RampStage, measured: Measured): Promise<LoadRun> {
  const { load, tenant, plan } = stage;
  const { rate, seconds } = plan;
  await warmUp(stage);
  return measureLoad(load, tenant, { name: `${rate} per second`, rate, seconds }, measured);
}
