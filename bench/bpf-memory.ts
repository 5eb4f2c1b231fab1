import { readdirSync, readFileSync } from 'node:fs';
import { runCommand } from '../src/demo/command.ts';

/** A map or program as `bpftool -j` lists it. */
export interface BpfObject {
  readonly id: number;
  readonly name?: string;
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
  const ours = programs.filter(({ map_ids = [] }) => map_ids.some((id) => held.has(id)));
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

/** The maps of a daemon: those it holds, and the others of the programs that use one of them. */
function usedMaps(held: ReadonlySet<number>, programs: readonly BpfObject[]): ReadonlySet<number> {
  const ours = programs.filter(({ map_ids = [] }) => map_ids.some((id) => held.has(id)));
  return new Set([...held, ...ours.flatMap(({ map_ids = [] }) => map_ids)]);
}

/** @throws {CommandError} when bpftool does not work here, or the daemon ends meanwhile */
export async function bpfMemory(daemon: number): Promise<BpfMemory> {
  const held = new Set(mapsHeldBy(daemon));
  const programs = await showPrograms();
  return addUpBpf(held, await showMaps(usedMaps(held, programs)), programs);
}

/** All programs of the machine. @throws {CommandError} */
export async function showPrograms(): Promise<readonly BpfObject[]> {
  return JSON.parse(await runCommand('bpftool', ['-j', 'prog', 'show'])) as readonly BpfObject[];
}

/**
 * Some maps, and never all there are: bpftool opens what it shows, and where an array of programs is opened while its last
 * owner ends, the kernel counts the clearing of it twice and keeps the empty array for good (prog_array_map_clear).
 *
 * @throws {CommandError} when one of them is not there
 */
export async function showMaps(ids: Iterable<number>): Promise<readonly BpfObject[]> {
  const show = async (id: number) =>
    JSON.parse(await runCommand('bpftool', ['-j', 'map', 'show', 'id', String(id)])) as BpfObject;
  const maps: BpfObject[] = [];
  for (const id of ids) maps.push(await show(id));
  return maps;
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
