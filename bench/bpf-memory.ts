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
  const used = new Set([...held, ...ours.flatMap(({ map_ids = [] }) => map_ids)]);
  const ourMaps = maps.filter(({ id }) => used.has(id));
  return {
    maps: ourMaps.length,
    mapBytes: sum(ourMaps, 'bytes_memlock'),
    programs: ours.length,
    programBytes: sum(ours, 'bytes_memlock'),
    machineCodeBytes: sum(ours, 'bytes_jited'),
  };
}

/** @throws {CommandError} when bpftool does not work here */
export async function bpfMemory(daemon: number): Promise<BpfMemory> {
  const held = new Set(mapsHeldBy(daemon));
  const list = async (what: string) => JSON.parse(await runCommand('bpftool', ['-j', what, 'show'])) as BpfObject[];
  return addUpBpf(held, await list('map'), await list('prog'));
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
