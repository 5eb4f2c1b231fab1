import { setTimeout as sleep } from 'node:timers/promises';
import { processCpu } from '../cpu.ts';
import type { Haproxy, Incumbent } from '../incumbent.ts';
import {
  type KernelMemory,
  kernelGrowth,
  machineMemory,
  type ProcessMemory,
  processMemory,
  settledKernelMemory,
} from '../memory.ts';
import { endProcesses } from '../processes.ts';
import { type Summary, summarise } from '../statistics.ts';
import { measureFirstAnswers } from './first-answers.ts';
import type { FirstAnswers, Stage } from './plan.ts';

export interface IncumbentPoint {
  readonly haproxies: number;
  readonly memory: ProcessMemory;
  /** Against the machine before the first haproxy. */
  readonly kernel: KernelMemory;
  /** Processes and kernel together. */
  readonly bytes: number;
  /** Of one core. */
  readonly idleCpuPercent: number;
  readonly firstAnswers: FirstAnswers;
}

export interface IncumbentFigures {
  readonly points: readonly IncumbentPoint[];
  /** One haproxy, from the command to its being in the background. */
  readonly spawnMs: Summary | undefined;
  /** All of them, one after the other as Neutron starts them. */
  readonly spawnTotalMs: number;
  /** Why fewer were started than asked for; null when all were. */
  readonly stoppedBecause: string | null;
}

/** No more haproxies after this time, or when so much of the memory is left: the rest is extrapolated. */
const SPAWN_LIMIT_MS = 180_000;
const MEMORY_LEFT = 0.15;
/** Longer than a haproxy that was just started keeps changing. */
const CALM_MS = 1_000;
const STOP_MS = 10_000;

/** Starts haproxies, one per router, and measures at every number of the plan. All are gone when it returns. */
export async function measureIncumbent(stage: Stage, incumbent: Incumbent): Promise<IncumbentFigures> {
  const { plan, fleet, teardown, progress } = stage;
  const running: Haproxy[] = [];
  const spawnMs: number[] = [];
  const points: IncumbentPoint[] = [];
  let stoppedBecause: string | null = null;
  progress(`making ${plan.haproxies.at(-1) ?? 0} routers`);
  await fleet.grow(plan.haproxies.at(-1) ?? 0);
  const before = await settledKernelMemory(teardown.signal);
  for (const haproxies of plan.haproxies) {
    progress(`${haproxies} routers: starting haproxies`);
    for (const router of fleet.first(haproxies).slice(running.length)) {
      stoppedBecause ??= reasonToStop(spawnMs);
      if (stoppedBecause !== null) break;
      teardown.signal.throwIfAborted();
      const started = performance.now();
      running.push(await incumbent.spawn(router));
      spawnMs.push(performance.now() - started);
    }
    if (running.length > (points.at(-1)?.haproxies ?? 0))
      points.push(await measurePoint(stage, incumbent, running, before));
    if (stoppedBecause !== null) break;
  }
  await endProcesses(pidsOf(running), STOP_MS);
  const spawnTotalMs = spawnMs.reduce((sum, each) => sum + each, 0);
  return { points, spawnMs: summarise(spawnMs), spawnTotalMs, stoppedBecause };
}

async function measurePoint(
  stage: Stage,
  incumbent: Incumbent,
  running: readonly Haproxy[],
  before: KernelMemory,
): Promise<IncumbentPoint> {
  const { plan, teardown, progress } = stage;
  const pids = pidsOf(running);
  await sleep(CALM_MS, undefined, { signal: teardown.signal });
  const seconds = plan.idleSeconds;
  progress(`${running.length} haproxies: idle for ${seconds} s`);
  const cpuBefore = processCpu(pids).total;
  await sleep(seconds * 1000, undefined, { signal: teardown.signal });
  const idleCpuPercent = (processCpu(pids).total - cpuBefore) / seconds / 10_000;
  // The kernel first: reading a process's memory map makes the kernel need some itself.
  const kernel = kernelGrowth(before, await settledKernelMemory(teardown.signal));
  const memory = processMemory(pids);
  progress(`${running.length} haproxies: ${plan.trials} times from interface up to the first answer`);
  let spawning: Promise<Haproxy> | undefined;
  const firstAnswers = await measureFirstAnswers(stage, {
    begin: () => {
      spawning = incumbent.spawn(stage.trial);
      // Looked at in `end`; until then it must not count as unhandled.
      spawning.catch(() => {});
    },
    end: async () => (await spawning)?.stop(),
  });
  return { haproxies: running.length, memory, kernel, bytes: memory.pss + kernel.total, idleCpuPercent, firstAnswers };
}

function reasonToStop(spawnMs: readonly number[]): string | null {
  const spent = spawnMs.reduce((sum, each) => sum + each, 0);
  if (spent > SPAWN_LIMIT_MS) return `starting them took longer than ${SPAWN_LIMIT_MS / 1000} s`;
  const { available, total } = machineMemory();
  return available < total * MEMORY_LEFT ? `less than ${MEMORY_LEFT * 100} % of the memory was left` : null;
}

function pidsOf(running: readonly Haproxy[]): readonly number[] {
  return running.map(({ pid }) => pid);
}
