import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../src/demo/command.ts';
import { packageRoot } from '../src/kernel/paths.ts';
import { PYTHON } from './agent/python-agent.ts';

/** A map as `bpftool -j` lists it, or a program as bench/list-bpf.py does. */
export interface BpfObject {
  readonly id: number;
  readonly name?: string;
  readonly tag?: string;
  /** Bytes charged for it. For programs without the machine code, which is `bytes_jited`. */
  readonly bytes_memlock?: number;
  readonly bytes_jited?: number;
  /** Of a program: the maps it uses. */
  readonly map_ids?: readonly number[];
}

/** What a daemon's maps and programs take, in bytes. All of it is among the figures of /proc/meminfo too. */
export interface BpfMemory {
  readonly maps: number;
  readonly mapBytes: number;
  readonly programs: number;
  readonly programBytes: number;
  readonly machineCodeBytes: number;
}

/**
 * Adds up what belongs to a daemon: the maps it holds, the programs that use one of them, and those programs' other
 * maps. Another daemon on the machine has programs of the same names and none of these maps.
 *
 * @param held ids of the maps the daemon has descriptors of
 */
export function addUpBpf(
  held: ReadonlySet<number>,
  maps: readonly BpfObject[],
  programs: readonly BpfObject[],
): BpfMemory {
  const ours = programsWith(held, programs);
  const used = usedMaps(held, programs);
  const ourMaps = maps.filter(({ id }) => used.has(id));
  return {
    maps: ourMaps.length,
    mapBytes: sum(ourMaps, 'bytes_memlock'),
    programs: ours.length,
    programBytes: sum(ours, 'bytes_memlock'),
    machineCodeBytes: sum(ours, 'bytes_jited'),
  };
}

/** Those of the programs that use one of the maps. */
export function programsWith(maps: ReadonlySet<number>, programs: readonly BpfObject[]): readonly BpfObject[] {
  return programs.filter(({ map_ids = [] }) => map_ids.some((id) => maps.has(id)));
}

/** The maps of a daemon: those it holds, and the others of the programs that use one of them. */
function usedMaps(held: ReadonlySet<number>, programs: readonly BpfObject[]): ReadonlySet<number> {
  return new Set([...held, ...programsWith(held, programs).flatMap(({ map_ids = [] }) => map_ids)]);
}

/** @throws {CommandError} when one of them does not work here, or the daemon ends meanwhile */
export async function bpfMemory(daemon: number): Promise<BpfMemory> {
  const held = new Set(mapsHeldBy(daemon));
  const { programs } = await listBpf();
  return addUpBpf(held, await showMaps(usedMaps(held, programs)), programs);
}

/** What of it there is on the machine. */
export interface BpfListing {
  /** Ids. */
  readonly maps: readonly number[];
  readonly programs: readonly BpfObject[];
}

/** All there is, without what bpftool would do to arrays of programs (bench/list-bpf.py). @throws {CommandError} */
export async function listBpf(): Promise<BpfListing> {
  return JSON.parse(await runCommand(PYTHON, [join(packageRoot, 'bench/list-bpf.py')])) as BpfListing;
}

/** Maps of a daemon that runs: bpftool opens them. @throws {CommandError} when one of them is not there */
export async function showMaps(ids: Iterable<number>): Promise<readonly BpfObject[]> {
  const input = [...ids].map((id) => `map show id ${id}\n`).join('');
  if (input === '') return [];
  const answers = JSON.parse(await runCommand('bpftool', ['-j', 'batch', 'file', '-'], { input }));
  return (answers as readonly { readonly output: BpfObject }[]).map(({ output }) => output);
}

/** Ids of the maps a process has descriptors of: their /proc/PID/fdinfo has a line `map_id`. */
export function mapsHeldBy(pid: number): readonly number[] {
  const folder = `/proc/${pid}/fdinfo`;
  return readdirSync(folder).flatMap((fd) => {
    const id = /^map_id:\s*(\d+)$/m.exec(readIfThere(`${folder}/${fd}`))?.[1];
    return id === undefined ? [] : [Number(id)];
  });
}

/** A descriptor may be closed between listing and reading. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function sum(objects: readonly BpfObject[], key: 'bytes_memlock' | 'bytes_jited'): number {
  return objects.reduce((total, object) => total + (object[key] ?? 0), 0);
}
