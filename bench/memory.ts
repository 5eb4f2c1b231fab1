import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** User memory of processes in bytes: shares of shared pages counted in (PSS), or private pages alone (USS). */
export interface ProcessMemory {
  readonly pss: number;
  readonly uss: number;
  readonly rss: number;
}

/**
 * Kernel memory of the whole machine in bytes, as /proc/meminfo has it (proc_meminfo(5)).
 *
 * `total` is what a difference is taken of: unreclaimable slab, per-CPU memory, page tables and vmalloc. Not in it:
 * reclaimable slab, which is cache; and kernel stacks, which the kernels of all distributions take from vmalloc
 * (CONFIG_VMAP_STACK), so that they are in `vmallocUsed` already.
 */
export interface KernelMemory {
  readonly slab: number;
  readonly slabUnreclaimable: number;
  readonly percpu: number;
  readonly kernelStack: number;
  readonly pageTables: number;
  readonly vmallocUsed: number;
  readonly total: number;
}

const NOTHING: ProcessMemory = { pss: 0, uss: 0, rss: 0 };
const SETTLE_STEP_MS = 250;
const SETTLE_STEPS_MAX = 60;
/** Calm is when so many steps in a row change no more than this. */
const CALM_STEPS = 4;
const CALM_BYTES = 64 * 1024;

/** Values of lines such as `Pss:   294 kB`, in bytes. Other lines are passed over. */
export function parseKilobytes(text: string): ReadonlyMap<string, number> {
  const lines = text.matchAll(/^([\w()]+):\s+(\d+) kB$/gm);
  return new Map([...lines].map(([, name = '', kilobytes]) => [name, Number(kilobytes) * 1024]));
}

/** Reads the text of /proc/PID/smaps_rollup. @throws {Error} when a line is missing */
export function parseRollup(text: string): ProcessMemory {
  const value = required(parseKilobytes(text), 'smaps_rollup');
  return { pss: value('Pss'), uss: value('Private_Clean') + value('Private_Dirty'), rss: value('Rss') };
}

/** Reads the text of /proc/meminfo. @throws {Error} when a line is missing */
export function parseMeminfo(text: string): KernelMemory {
  const value = required(parseKilobytes(text), 'meminfo');
  const parts = {
    slab: value('Slab'),
    slabUnreclaimable: value('SUnreclaim'),
    percpu: value('Percpu'),
    kernelStack: value('KernelStack'),
    pageTables: value('PageTables'),
    vmallocUsed: value('VmallocUsed'),
  };
  const total = parts.slabUnreclaimable + parts.percpu + parts.pageTables + parts.vmallocUsed;
  return { ...parts, total };
}

/** What came on top between two moments; negative where memory was given back. */
export function kernelGrowth(before: KernelMemory, after: KernelMemory): KernelMemory {
  return {
    slab: after.slab - before.slab,
    slabUnreclaimable: after.slabUnreclaimable - before.slabUnreclaimable,
    percpu: after.percpu - before.percpu,
    kernelStack: after.kernelStack - before.kernelStack,
    pageTables: after.pageTables - before.pageTables,
    vmallocUsed: after.vmallocUsed - before.vmallocUsed,
    total: after.total - before.total,
  };
}

/** The sum over processes. @throws {Error} when one of them has gone */
export function processMemory(pids: readonly number[]): ProcessMemory {
  return pids
    .map((pid) => parseRollup(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')))
    .reduce((sum, one) => ({ pss: sum.pss + one.pss, uss: sum.uss + one.uss, rss: sum.rss + one.rss }), NOTHING);
}

/**
 * Kernel memory once it has stopped changing: namespaces and devices are freed some time after they are removed.
 * After 15 s it is taken as it is.
 */
export async function settledKernelMemory(signal: AbortSignal): Promise<KernelMemory> {
  let last = readKernelMemory();
  for (let step = 0, calm = 0; step < SETTLE_STEPS_MAX && calm < CALM_STEPS; step += 1) {
    await sleep(SETTLE_STEP_MS, undefined, { signal });
    const now = readKernelMemory();
    calm = Math.abs(now.total - last.total) <= CALM_BYTES ? calm + 1 : 0;
    last = now;
  }
  return last;
}

/** Memory that could still be given to processes, and all there is, in bytes. */
export function machineMemory(): { readonly available: number; readonly total: number } {
  const value = required(parseKilobytes(readFileSync('/proc/meminfo', 'utf8')), 'meminfo');
  return { available: value('MemAvailable'), total: value('MemTotal') };
}

/** As it is at the moment. */
export function readKernelMemory(): KernelMemory {
  return parseMeminfo(readFileSync('/proc/meminfo', 'utf8'));
}

function required(values: ReadonlyMap<string, number>, where: string): (name: string) => number {
  return (name) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`${where} has no ${name}`);
    return value;
  };
}
