/** One contender, started for fresh tenants, measured under one load after the other, and stopped. */
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from '../../src/demo/command.ts';
import type { BenchContext } from '../case.ts';
import { difference, type MachineCpu, machineCpu, mapped, type ProcessCpu, processCpu } from '../cpu.ts';
import type { LoadGenerator, LoadPlan, LoadResult } from '../load.ts';
import { processMemory } from '../memory.ts';
import { createTenant, type Tenant } from '../tenant.ts';
import type { Contender, Running } from './contenders.ts';

/** A load by a name under which it is reported. */
export interface NamedLoad extends LoadPlan {
  readonly name: string;
}

/** What came of one load. Times in microseconds. */
export interface LoadRun {
  readonly load: string;
  /** Requests per second that were asked for; absent when clients asked as fast as they were answered. */
  readonly rate?: number;
  readonly started: number;
  readonly ok: number;
  readonly perSecond: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  /** [time, count] of every answer. */
  readonly latency: readonly (readonly [us: number, count: number])[];
  /** Processor time per request: of the proxy, of the agent where it is measured, and of the whole machine with all of them. */
  readonly proxyCpu: ProcessCpu;
  readonly agentCpu?: ProcessCpu;
  readonly machineCpu: MachineCpu;
  /** PSS of the proxy's processes after the load, in bytes. */
  readonly memory: number;
}

export interface ContestSetting {
  readonly context: BenchContext;
  readonly load: LoadGenerator;
  readonly agentSocket: string;
  /** Addresses of the instance. */
  readonly addresses: number;
  readonly warmUp: LoadPlan;
}

/** Among the run's routers: beyond those of any fleet. */
const FIRST_INDEX = 2 ** 44;
const CALM_MS = 250;

let tenantsMade = 0;

/**
 * Runs the loads in order.
 *
 * @param next the load after those that have been run, if there is another; it may depend on what came of them
 * @throws {Error} when nothing is answered
 */
export async function runContender(
  setting: ContestSetting,
  contender: Contender,
  next: (done: readonly LoadRun[]) => NamedLoad | undefined,
): Promise<readonly LoadRun[]> {
  const { context, agentSocket, load, addresses, warmUp } = setting;
  const { workspace, teardown } = context;
  tenantsMade += 1;
  const tenant = await createTenant(workspace, {
    name: `contest${tenantsMade}`,
    index: FIRST_INDEX + tenantsMade,
    addresses,
  });
  const running = await contender.start(context, [tenant], agentSocket);
  const runs: LoadRun[] = [];
  try {
    await load.run(tenant, warmUp);
    for (let plan = next(runs); plan !== undefined; plan = next(runs)) {
      teardown.signal.throwIfAborted();
      await sleep(CALM_MS);
      runs.push(await measureLoad(load, tenant, plan, { proxy: running.processes }));
    }
  } finally {
    await running.stop();
  }
  for (const { name } of [tenant.router, tenant.instance]) await runCommand('ip', ['netns', 'del', name]);
  return runs;
}

/** Processes whose processor time is told, as they are at the moment. */
export interface Measured {
  readonly proxy: Running['processes'];
  readonly agent?: Running['processes'];
}

/** Has an instance ask, and measures. @throws {Error} when nothing is answered */
export async function measureLoad(
  load: LoadGenerator,
  tenant: Tenant,
  { name, ...plan }: NamedLoad,
  { proxy, agent = () => [] }: Measured,
): Promise<LoadRun> {
  const [proxies, agents] = [proxy(), agent()];
  const look = () => ({ machine: machineCpu(), proxy: processCpu(proxies), agent: processCpu(agents) });
  const before = look();
  const result = await load.run(tenant, plan);
  const after = look();
  if (result.ok === 0)
    throw new Error(`${name}: nothing is answered well: ${JSON.stringify({ ...result.failures, ...result.statuses })}`);
  const { started } = result;
  return {
    load: name,
    ...(plan.rate === undefined ? {} : { rate: plan.rate }),
    ...answers(result),
    proxyCpu: perRequest(difference(after.proxy, before.proxy), started),
    ...(agents.length === 0 ? {} : { agentCpu: perRequest(difference(after.agent, before.agent), started) }),
    machineCpu: perRequest(difference(after.machine, before.machine), started),
    memory: processMemory(proxies).pss,
  };
}

function answers({ started, ok, seconds, failures, statuses, latency }: LoadResult) {
  const refused = Object.entries(statuses).filter(([status]) => status !== '200');
  return {
    started,
    ok,
    perSecond: ok / seconds,
    failures: Object.fromEntries([...Object.entries(failures), ...refused].filter(([, count]) => count > 0)),
    p50Us: latency.percentile(50),
    p90Us: latency.percentile(90),
    p99Us: latency.percentile(99),
    p999Us: latency.percentile(99.9),
    latency: latency.buckets,
  };
}

function perRequest<Cpu extends MachineCpu | ProcessCpu>(cpu: Cpu, requests: number): Cpu {
  return mapped(cpu, (us) => us / requests);
}
