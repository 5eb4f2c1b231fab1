import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../src/demo/command.ts';
import { endProcesses, processesNaming, processStat } from './processes.ts';

/** On a disk, not in memory as /run is: the copy of Node would count as memory twice. */
const BASE = '/var/tmp';
const NETNS_DIR = '/run/netns';
const FOLDER = /^metasteer-bench-(\d+)$/;
/** The daemon's namespace, an instance's, and routers, whose UUIDs begin with the pid. */
const NAMESPACES = [/^metasteer-bench-(\d+)$/, /^ms(\d+)-bench(?:-\w+)?$/] as const;
const ROUTER = /^qrouter-([0-9a-f]{8})-be2c-4000-8000-[0-9a-f]{12}$/;
/** A daemon with a thousand ports takes some 20 s to let them go. */
const END_MS = 60_000;
const DELETE_MS = 120_000;

/**
 * The folder of one run, `/var/tmp/metasteer-bench-<pid>`, and the names of everything else it makes. All of them carry
 * the pid, so that a later run finds what a killed one left.
 */
export class Workspace {
  readonly path: string;
  readonly pid: number;
  readonly daemonNamespace: string;

  private constructor(pid: number) {
    this.pid = pid;
    this.path = join(BASE, `metasteer-bench-${pid}`);
    this.daemonNamespace = `metasteer-bench-${pid}`;
  }

  /** Makes the folder. Readable by everybody, because an unprivileged worker opens the agent's socket in it. */
  static create(): Workspace {
    const workspace = new Workspace(process.pid);
    mkdirSync(workspace.path, { mode: 0o755 });
    writeFileSync(workspace.file('started'), processStat(process.pid)?.startTime ?? '');
    return workspace;
  }

  /** Namespace of an instance. @param name of letters and digits */
  instanceNamespace(name: string): string {
    return `ms${this.pid}-bench-${name}`;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  folder(name: string): string {
    const path = this.file(name);
    mkdirSync(path, { recursive: true, mode: 0o755 });
    return path;
  }

  /** UUID of the run's n-th router. */
  routerId(index: number): string {
    return `${hex(this.pid, 8)}-be2c-4000-8000-${hex(index, 12)}`;
  }

  /**
   * Path of a copy of Node for the daemon. Were it the one that runs the benchmark, both would share the pages of the
   * program, and half of what the daemon needs would be counted as the benchmark's.
   */
  nodeCopy(): string {
    const path = this.file('node');
    if (!existsSync(path)) copyFileSync(process.execPath, path);
    return path;
  }

  /** Ends whatever process of the run is left, and removes its namespaces and its folder. */
  async remove(): Promise<void> {
    await endProcesses(processesNaming(`${this.path}/`), END_MS);
    await removeNamespaces((pid) => pid === this.pid);
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Removes what runs left that were killed; returns what was removed, in words. Runs that are alive are not touched. */
export async function removeLeftovers(): Promise<readonly string[]> {
  const folders = readdirSync(BASE).filter((name) => isLeftover(name));
  for (const name of folders) {
    const path = join(BASE, name);
    await endProcesses(processesNaming(`${path}/`), END_MS);
    rmSync(path, { recursive: true, force: true });
  }
  // A run makes its folder before anything else, so what belongs to no folder belongs to nobody.
  const namespaces = await removeNamespaces((pid) => !existsSync(join(BASE, `metasteer-bench-${pid}`)));
  return [
    ...folders.map((name) => join(BASE, name)),
    ...(namespaces === 0 ? [] : [`${namespaces} network namespaces`]),
  ];
}

/** The run that made a namespace, by the namespace's name; undefined when it was none of ours. */
export function runOf(namespace: string): number | undefined {
  const router = ROUTER.exec(namespace)?.[1];
  if (router !== undefined) return Number.parseInt(router, 16);
  const other = NAMESPACES.map((pattern) => pattern.exec(namespace)?.[1]).find((pid) => pid !== undefined);
  return other === undefined ? undefined : Number(other);
}

/** Removes namespaces of runs chosen by their pid, all with one process. Returns how many. */
async function removeNamespaces(isChosen: (pid: number) => boolean): Promise<number> {
  if (!existsSync(NETNS_DIR)) return 0;
  const names = readdirSync(NETNS_DIR).filter((name) => {
    const pid = runOf(name);
    return pid !== undefined && isChosen(pid);
  });
  if (names.length === 0) return 0;
  const input = names.map((name) => `netns del ${name}\n`).join('');
  await runCommand('ip', ['-force', '-batch', '-'], { input, timeoutMs: DELETE_MS });
  return names.length;
}

/** Whether a folder's run is gone. One that is just being made has no start time in it yet. */
function isLeftover(name: string): boolean {
  const pid = FOLDER.exec(name)?.[1];
  if (pid === undefined || Number(pid) === process.pid) return false;
  const now = processStat(Number(pid))?.startTime;
  if (now === undefined) return true;
  try {
    const started = readFileSync(join(BASE, name, 'started'), 'utf8');
    return started !== '' && started !== now;
  } catch {
    return false;
  }
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
