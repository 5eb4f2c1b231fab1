/** Processor time: of the whole machine, by what it went to, and of processes. */
import { readFileSync } from 'node:fs';
import { processStat } from './processes.ts';

/** In microseconds. */
export interface MachineCpu {
  readonly user: number;
  readonly system: number;
  /** Interrupts and what they put off; network packets are received here. */
  readonly softirq: number;
  readonly total: number;
}

/** In microseconds. */
export interface ProcessCpu {
  readonly user: number;
  readonly system: number;
  readonly total: number;
}

/** The kernel shows times in units of USER_HZ, which is 100 a second on x86-64 and arm64. */
const TICK_US = 10_000;

/** Reads the text of /proc/stat. @throws {Error} when it is none */
export function parseMachineCpu(text: string): MachineCpu {
  const fields = /^cpu +(.*)$/m.exec(text)?.[1]?.split(' ').map(Number);
  if (fields === undefined || fields.some(Number.isNaN)) throw new Error('not the text of /proc/stat');
  const [user = 0, nice = 0, kernel = 0, , , irq = 0, soft = 0] = fields.map((ticks) => ticks * TICK_US);
  return { user: user + nice, system: kernel, softirq: irq + soft, total: user + nice + kernel + irq + soft };
}

/** What the machine has spent so far. */
export function machineCpu(): MachineCpu {
  return parseMachineCpu(readFileSync('/proc/stat', 'utf8'));
}

/** What processes have spent so far; those that are gone count as nothing. */
export function processCpu(pids: readonly number[]): ProcessCpu {
  const each = pids.map(oneProcess);
  const user = each.reduce((sum, cpu) => sum + cpu.user, 0);
  const system = each.reduce((sum, cpu) => sum + cpu.system, 0);
  return { user, system, total: user + system };
}

/** Every figure of one less that of the other. */
export function difference<Cpu extends MachineCpu | ProcessCpu>(after: Cpu, before: Cpu): Cpu {
  return mapped(after, (us, name) => us - Number(before[name]));
}

/** The same with every figure changed. */
export function mapped<Cpu extends MachineCpu | ProcessCpu>(
  cpu: Cpu,
  change: (us: number, name: keyof Cpu) => number,
): Cpu {
  const changed = { ...cpu };
  for (const name of Object.keys(cpu) as (keyof Cpu)[])
    Object.assign(changed, { [name]: change(Number(cpu[name]), name) });
  return changed;
}

function oneProcess(pid: number): ProcessCpu {
  const { userMs = 0, systemMs = 0 } = processStat(pid) ?? {};
  return { user: userMs * 1000, system: systemMs * 1000, total: (userMs + systemMs) * 1000 };
}
