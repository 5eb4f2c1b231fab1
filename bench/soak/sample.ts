/** Looks at a daemon again and again, while routers are removed and made anew. */
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { bpfMemory } from '../bpf-memory.ts';
import { processMemory, readKernelMemory } from '../memory.ts';
import type { Metasteer } from '../metasteer.ts';
import type { RouterFleet } from '../routers.ts';

/** What was there at a moment. Memory in bytes. */
export interface Sample {
  /** Since the start of the load. */
  readonly seconds: number;
  /** Routers removed and made anew so far. */
  readonly remade: number;
  readonly supervisor: ProcessSample;
  /** All of them together. */
  readonly workers: ProcessSample;
  readonly processes: number;
  readonly maps: number;
  readonly mapBytes: number;
  readonly programs: number;
  /** Of the whole machine. */
  readonly kernel: number;
}

export interface ProcessSample {
  readonly pss: number;
  readonly descriptors: number;
}

export interface SampleOptions {
  readonly daemon: Metasteer;
  readonly fleet: RouterFleet;
  /** Of the fleet; they are remade in turn. */
  readonly routers: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

/** So many samples at most, so that a day is no larger a file than a quarter of an hour. */
const SAMPLES_MAX = 180;
const INTERVAL_MIN_S = 2;
const CHURN_MS = 2_000;
const TELL_S = 60;

/** Samples for so many seconds. @throws {Error} when the daemon ends meanwhile */
export async function sampled(options: SampleOptions): Promise<readonly Sample[]> {
  const { daemon, fleet, routers, seconds, signal, progress } = options;
  const interval = Math.max(INTERVAL_MIN_S, seconds / SAMPLES_MAX);
  const started = performance.now();
  const samples: Sample[] = [];
  let remade = 0;
  let told = 0;
  for (let elapsed = 0; elapsed < seconds; elapsed = (performance.now() - started) / 1000) {
    if (elapsed >= samples.length * interval) samples.push({ seconds: elapsed, remade, ...(await look(daemon)) });
    if (elapsed >= told * TELL_S) {
      progress(`minute ${told} of ${Math.round(seconds / TELL_S)}`);
      told += 1;
    }
    await fleet.remake(remade % routers);
    remade += 1;
    await sleep(CHURN_MS, undefined, { signal });
  }
  return samples;
}

async function look(daemon: Metasteer): Promise<Omit<Sample, 'seconds' | 'remade'>> {
  const { pid, processes } = daemon;
  const kernel = readKernelMemory().total;
  const { maps, mapBytes, programs } = await bpfMemory(pid);
  return {
    supervisor: processSample([pid]),
    workers: processSample(processes.filter((each) => each !== pid)),
    processes: processes.length,
    ...{ maps, mapBytes, programs, kernel },
  };
}

function processSample(pids: readonly number[]): ProcessSample {
  const descriptors = pids.reduce((sum, pid) => sum + readdirSync(`/proc/${pid}/fd`).length, 0);
  return { pss: processMemory(pids).pss, descriptors };
}
