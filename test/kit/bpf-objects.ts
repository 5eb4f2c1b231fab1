/** BPF maps of a running daemon, as bpftool shows them. */
import { mapsHeldBy } from '../../bench/bpf-memory.ts';
import { runCommand } from '../../src/demo/command.ts';

interface ListedMap {
  readonly id: number;
  readonly name?: string;
}

/** The entries of a map that a process holds, by the name it has in bpf/maps.h. @throws {Error} when it holds none */
export async function mapEntries(pid: number, name: string): Promise<readonly unknown[]> {
  const held = new Set(mapsHeldBy(pid));
  const maps = JSON.parse(await runCommand('bpftool', ['-j', 'map', 'show'])) as readonly ListedMap[];
  const map = maps.find((each) => held.has(each.id) && each.name === name);
  if (map === undefined) throw new Error(`process ${pid} holds no map ${name}`);
  return JSON.parse(await runCommand('bpftool', ['-j', 'map', 'dump', 'id', String(map.id)])) as readonly unknown[];
}
