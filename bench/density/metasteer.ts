import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BpfMemory, bpfMemory } from '../bpf-memory.ts';
import { type KernelMemory, kernelGrowth, type ProcessMemory, processMemory, settledKernelMemory } from '../memory.ts';
import { Metasteer } from '../metasteer.ts';
import { measureFirstAnswers } from './first-answers.ts';
import { calmMs, type IdleCpu, idleSettings, idleTime, measureIdleCpu } from './idle.ts';
import type { FirstAnswers, Stage } from './plan.ts';

export interface MetasteerPoint extends IdleCpu {
  readonly routers: number;
  /** From the start of the process until `status` says that every router is steered. */
  readonly startMs: number;
  /** From SIGTERM to the end of the process. */
  readonly stopMs: number;
  readonly stoppedByItself: boolean;
  /** Supervisor and workers. */
  readonly processes: number;
  readonly memory: ProcessMemory;
  /** Against the machine before the start. */
  readonly kernel: KernelMemory;
  /** Processes and kernel together. */
  readonly bytes: number;
  readonly bpf: BpfMemory;
  /** Whether no network namespace came or went meanwhile: the daemon looks at each, whoever made it. */
  readonly idleUndisturbed: boolean;
  /** Absent without routers. */
  readonly firstAnswers?: FirstAnswers;
}

const NETNS_DIR = '/run/netns';
/** Generous: what is asked is how long it takes, not whether it is quick. */
const START_BASE_MS = 30_000;
const START_PER_ROUTER_MS = 200;
/** For one port to be let go. */
const DETACH_MS = 30_000;

/** Runs the daemon with this many routers, from its start to its end. */
export async function measureMetasteer(stage: Stage, routers: number): Promise<MetasteerPoint> {
  const { workspace, agentSocket, fleet, trial, teardown, progress, options, plan } = stage;
  const { signal } = teardown;
  const before = await settledKernelMemory(signal);
  progress(`${routers} routers: starting metasteer`);
  const ids = [...fleet.first(routers).map(({ id }) => id), trial.id];
  const daemon = new Metasteer({
    workspace,
    agentSocket,
    routers: ids,
    settings: {
      ...(options.attach === undefined ? {} : { steering: { attach: options.attach } }),
      ...idleSettings(plan, routers),
    },
  });
  teardown.add('daemon', async () => {
    await daemon.stop();
  });
  const startMs = await daemon.untilSteering(routers, START_BASE_MS + routers * START_PER_ROUTER_MS, signal);
  await sleep(calmMs(plan, routers), undefined, { signal });

  progress(`${routers} routers: idle for ${idleTime(plan, routers)} s`);
  const { processes } = daemon;
  const namesBefore = statSync(NETNS_DIR).mtimeMs;
  const idleCpu = await measureIdleCpu(plan, routers, processes, signal);
  const idleUndisturbed = statSync(NETNS_DIR).mtimeMs === namesBefore;
  // The kernel first: reading a process's memory map makes the kernel need some itself.
  const kernel = kernelGrowth(before, await settledKernelMemory(signal));
  const memory = processMemory(processes);
  const bpf = await bpfMemory(daemon.pid);
  const firstAnswers = routers === 0 ? undefined : await measureReadiness(stage, daemon, routers);

  progress(`${routers} routers: stopping metasteer`);
  const stopped = await daemon.stop();
  return {
    routers,
    startMs,
    stopMs: stopped.milliseconds,
    stoppedByItself: stopped.byItself,
    processes: processes.length,
    memory,
    kernel,
    bytes: memory.pss + kernel.total,
    bpf,
    ...idleCpu,
    idleUndisturbed,
    ...(firstAnswers === undefined ? {} : { firstAnswers }),
  };
}

async function measureReadiness(stage: Stage, daemon: Metasteer, routers: number): Promise<FirstAnswers> {
  const { plan, teardown, progress } = stage;
  progress(`${routers} routers: ${plan.trials} times from interface up to the first answer`);
  return measureFirstAnswers(stage, {
    begin: () => {},
    end: () => daemon.untilSteering(routers, DETACH_MS, teardown.signal),
  });
}
