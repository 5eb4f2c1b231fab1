import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** What proc_pid_stat(5) says of a process. */
export interface ProcessStat {
  readonly state: string;
  readonly parent: number;
  /** Time of the process with all its threads, in milliseconds. */
  readonly userMs: number;
  readonly systemMs: number;
  /** In clock ticks since boot; with the pid it names a process for good. */
  readonly startTime: string;
}

/** The kernel shows times in units of USER_HZ, which is 100 a second on x86-64 and arm64. */
const TICK_MS = 10;
const POLL_MS = 20;

/** Reads the text of /proc/PID/stat. @throws {Error} when it is none */
export function parseStat(text: string): ProcessStat {
  // The second field is a name in brackets that may hold anything, so fields are counted after the last bracket.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent] = fields;
  const [user, system, startTime] = [fields[11], fields[12], fields[19]];
  if (state === undefined || startTime === undefined) throw new Error('not the stat of a process');
  return {
    state,
    parent: Number(parent),
    userMs: Number(user) * TICK_MS,
    systemMs: Number(system) * TICK_MS,
    startTime,
  };
}

/** Undefined when there is no such process, or only its exit status is left of it. */
export function processStat(pid: number): ProcessStat | undefined {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    return stat.state === 'Z' ? undefined : stat;
  } catch {
    return undefined;
  }
}

/** A process and all that come from it. */
export function processTree(root: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const pid of allPids()) {
    const parent = processStat(pid)?.parent;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  // Grows while it is walked, until no process in it has children that are not.
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** Processes whose command line names something: a program's path, or a folder of a run. */
export function processesNaming(text: string): readonly number[] {
  return allPids().filter((pid) => pid !== process.pid && commandLine(pid).includes(text));
}

/** Processes that run a program of this file name, whatever its folder. */
export function countProcesses(name: string): number {
  return allPids().filter((pid) => processStat(pid) && commandLine(pid).split(' ')[0]?.split('/').at(-1) === name)
    .length;
}

/** Ends processes by SIGTERM, and by SIGKILL those that are there after the time limit. Those that are gone are no error. */
export async function endProcesses(pids: readonly number[], withinMs: number): Promise<void> {
  let left = pids.flatMap((pid) => {
    const startTime = processStat(pid)?.startTime;
    return startTime === undefined ? [] : [{ pid, startTime }];
  });
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const { pid } of left) kill(pid, signal);
    const deadline = Date.now() + withinMs;
    while (left.length > 0 && Date.now() < deadline) {
      await sleep(POLL_MS);
      left = left.filter(({ pid, startTime }) => processStat(pid)?.startTime === startTime);
    }
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

function allPids(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
