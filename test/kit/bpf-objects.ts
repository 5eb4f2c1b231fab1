/** BPF maps and programs of a daemon, running or gone. */
import { mapsHeldBy, showMaps, showPrograms } from '../../bench/bpf-memory.ts';
import { runCommand } from '../../src/demo/command.ts';

/** The entries of a map that a process holds, by the name it has in bpf/maps.h. @throws {Error} when it holds none */
export async function mapEntries(pid: number, name: string): Promise<readonly unknown[]> {
  const map = (await showMaps(mapsHeldBy(pid))).find((each) => each.name === name);
  if (map === undefined) throw new Error(`process ${pid} holds no map ${name}`);
  return JSON.parse(await runCommand('bpftool', ['-j', 'map', 'dump', 'id', String(map.id)])) as readonly unknown[];
}

/** What is there of a daemon's maps, and of the programs that use one of them: a line for each. */
export async function leftOfMaps(maps: ReadonlySet<number>): Promise<readonly string[]> {
  const present = await presentMaps();
  const programs = (await showPrograms()).filter(({ map_ids: used = [] }) => used.some((id) => maps.has(id)));
  return [
    ...[...maps].filter((id) => present.has(id)).map((id) => `map ${id}`),
    ...programs.map(({ id, name }) => `program ${id} ${name ?? ''}`),
  ];
}

/**
 * BPF_MAP_GET_NEXT_ID until there is none, by its number in bpf(2) of each processor. It opens no map, as bpftool would
 * (why it must not: {@link showMaps}).
 */
const LIST_MAPS = `
import ctypes, platform, struct
number = {'x86_64': 321, 'aarch64': 280}[platform.machine()]
bpf = ctypes.CDLL(None, use_errno=True).syscall
attributes = ctypes.create_string_buffer(128)
map_id = 0
while True:
    struct.pack_into('III', attributes, 0, map_id, 0, 0)
    if bpf(number, 12, attributes, 128) != 0:
        break
    map_id = struct.unpack_from('I', attributes, 4)[0]
    print(map_id)
if ctypes.get_errno() != 2:
    raise OSError(ctypes.get_errno(), 'maps cannot be listed')
`;

async function presentMaps(): Promise<ReadonlySet<number>> {
  const listed = await runCommand('python3', ['-c', LIST_MAPS]);
  return new Set(listed.split('\n').filter(Boolean).map(Number));
}
