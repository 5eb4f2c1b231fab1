/** BPF maps and programs of a daemon, running or gone. */
import { listBpf, mapsHeldBy, programsWith, showMaps } from '../../bench/bpf-memory.ts';
import { runCommand } from '../../src/demo/command.ts';

/** The entries of a map that a process holds, by the name it has in bpf/maps.h. @throws {Error} when it holds none */
export async function mapEntries(pid: number, name: string): Promise<readonly unknown[]> {
  const map = (await showMaps(mapsHeldBy(pid))).find((each) => each.name === name);
  if (map === undefined) throw new Error(`process ${pid} holds no map ${name}`);
  return JSON.parse(await runCommand('bpftool', ['-j', 'map', 'dump', 'id', String(map.id)])) as readonly unknown[];
}

/** What is there of a daemon's maps, and of the programs that use one of them: a line for each. */
export async function leftOfMaps(maps: ReadonlySet<number>): Promise<readonly string[]> {
  const listing = await listBpf();
  return [
    ...listing.maps.filter((id) => maps.has(id)).map((id) => `map ${id}`),
    ...programsWith(maps, listing.programs).map(({ id, name }) => `program ${id} ${name ?? ''}`),
  ];
}

/** Tags of the programs that use one of a process's maps: attached to interfaces and devices, in stages, or loaded only. */
export async function programTags(pid: number): Promise<string> {
  const { programs } = await listBpf();
  return programsWith(new Set(mapsHeldBy(pid)), programs)
    .map(({ name, tag }) => `${name} ${tag}`)
    .sort()
    .join('\n');
}
