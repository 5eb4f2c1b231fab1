import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProcessHandle } from '../kernel/process.ts';
import { tryCommand } from './command.ts';

const RUN = '/run';
const RUN_DIR = /^metasteer-(?:demo|test)-(\d+)$/;
const OUR_NAMESPACE = /^ms(\d+)-/;
const STOP_MS = 5_000;
/** For somebody else who is removing the same namespace to be done. */
const REMOVAL_MS = 500;

/**
 * The directory of one demo or test process, `/run/metasteer-<what>-<pid>`: sockets and configuration, and a record of
 * what must be removed if the process dies without doing so itself.
 */
export class RunDir {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes the directory. Readable by everybody, because an unprivileged worker opens the agent's socket in it. */
  static create(what: 'demo' | 'test'): RunDir {
    const path = join(RUN, `metasteer-${what}-${process.pid}`);
    mkdirSync(path, { recursive: true, mode: 0o755 });
    writeFileSync(join(path, 'started'), startTime(process.pid) ?? '');
    return new RunDir(path);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** To be called before the namespace is made, so that there is no moment in which it is not on record. */
  recordNamespace(name: string): void {
    appendFileSync(this.file('namespaces'), `${name}\n`);
  }

  recordDaemon(pid: number): void {
    appendFileSync(this.file('daemons'), `${pid} ${startTime(pid) ?? ''}\n`);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/**
 * Removes what demos and tests left behind that were killed: their daemons, namespaces and directories.
 * Returns what was removed, in words. Nothing of a process that still runs is touched.
 */
export async function removeLeftovers(): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const name of readdirSync(RUN)) {
    const pid = RUN_DIR.exec(name)?.[1];
    if (pid === undefined || pid === String(process.pid)) continue;
    const path = join(RUN, name);
    if (isOwned(Number(pid), path)) continue;
    await stopDaemons(join(path, 'daemons'));
    await removeNamespaces(readLines(join(path, 'namespaces')));
    rmSync(path, { recursive: true, force: true });
    removed.push(path);
  }
  const orphans = await orphanedNamespaces();
  await removeNamespaces(orphans);
  return [...removed, ...orphans];
}

/** Removes network namespaces by name; those that do not exist, or that somebody else removes meanwhile, are no error. */
export async function removeNamespaces(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const isThere = () => existsSync(`/run/netns/${name}`);
    if (!isThere()) continue;
    const { status, stderr } = await tryCommand('ip', ['netns', 'del', name]);
    const deadline = Date.now() + (status === 0 ? 0 : REMOVAL_MS);
    while (isThere() && Date.now() < deadline) await sleep(20);
    if (isThere()) throw new Error(`the namespace ${name} cannot be removed: ${stderr.trim()}`);
  }
}

/** Namespaces named after a process that is gone and has no directory any more. */
async function orphanedNamespaces(): Promise<readonly string[]> {
  const { stdout } = await tryCommand('ip', ['netns', 'list']);
  return stdout
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => {
      const pid = OUR_NAMESPACE.exec(name)?.[1];
      return pid !== undefined && startTime(Number(pid)) === undefined;
    });
}

async function stopDaemons(record: string): Promise<void> {
  for (const line of readLines(record)) {
    const [pid, started] = line.split(' ');
    const daemon = ProcessHandle.open(Number(pid));
    if (daemon === undefined) continue;
    // Looked at while it is held: it is no other one from here on.
    const isOurs = sameProcess(daemon.pid, started);
    for (const signal of isOurs ? (['SIGTERM', 'SIGKILL'] as const) : []) {
      daemon.signal(signal);
      const deadline = Date.now() + STOP_MS;
      while (!daemon.hasEnded && Date.now() < deadline) await sleep(50);
    }
    daemon.close();
  }
}

/** Whether the process that made a directory still runs. One that is just being made has no start time in it yet. */
function isOwned(pid: number, path: string): boolean {
  const [started] = readLines(join(path, 'started'));
  return started === undefined ? startTime(pid) !== undefined : sameProcess(pid, started);
}

/** A pid alone may have been given to somebody else meanwhile; with the time of its start it is unique. */
function sameProcess(pid: number, started: string | undefined): boolean {
  return started !== undefined && started !== '' && startTime(pid) === started;
}

/** Start of a process in clock ticks since boot, field 22 of proc(5) stat; undefined when it is gone or a zombie. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is a name in brackets that may hold anything, so fields are counted after the last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function readLines(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}
