/** All that steering may touch on a node, as text that can be compared; needs root. */
import { readdirSync, readlinkSync } from 'node:fs';
import { bpfMemory } from '../../bench/bpf-memory.ts';
import { tryCommand } from '../../src/demo/command.ts';

export interface StateOptions {
  /** Namespaces by name; one that is not there is part of the state too. */
  readonly namespaces: readonly string[];
  /** Its maps, their programs, and its descriptors by what they are. */
  readonly pid: number;
  /** Files in it are part of the state. */
  readonly runDir: string;
}

export type NodeState = Readonly<Record<string, unknown>>;

export async function nodeState({ namespaces, pid, runDir }: StateOptions): Promise<NodeState> {
  const { programs, maps } = await bpfMemory(pid);
  const state: Record<string, unknown> = { programs, maps, descriptors: descriptors(pid), files: files(runDir) };
  for (const name of namespaces) state[name] = await namespaceState(name);
  return state;
}

async function namespaceState(name: string): Promise<readonly string[]> {
  const say = async (command: string, ...args: string[]) => (await tryCommand(command, args)).stdout.split('\n');
  const links = await say('ip', '-n', name, '-d', 'link', 'show');
  const interfaces = links.flatMap((line) => /^\d+: ([^:@]+)/.exec(line)?.[1] ?? []);
  const said = [
    links,
    await say('ip', '-n', name, 'addr', 'show'),
    await say('ip', '-n', name, 'route', 'show', 'table', 'all'),
    (await say('ip', 'netns', 'exec', name, 'ss', '-Hltn')).map((line) => line.replaceAll(/ +/g, ' ')),
    await say('tc', '-n', name, 'qdisc', 'show'),
  ];
  for (const each of interfaces) {
    for (const hook of ['ingress', 'egress'])
      said.push(await say('tc', '-n', name, 'filter', 'show', 'dev', each, hook));
  }
  return said.flat().map(withoutNumbers).sort();
}

/** What is another one each time something is made anew: indexes, MACs the kernel chooses, ids of programs. */
function withoutNumbers(line: string): string {
  return line
    .replaceAll(/^\d+: /g, '')
    .replaceAll(/@if\d+/g, '@if')
    .replaceAll(/\[\d+\]/g, '')
    .replaceAll(/\bms\d+\b/g, 'ms')
    .replaceAll(/\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, (mac) => (mac.startsWith('fa:16:3e') ? mac : 'MAC'))
    .replaceAll(/\b(id|prog\/xdp id|tag|metric|link-netnsid|jited|numtxqueues|numrxqueues) \S+/g, '$1')
    .replaceAll(/\bfe80:[0-9a-f:]+/g, (address) => (address === 'fe80::a9fe:a9fe' ? address : 'LINK-LOCAL'));
}

function descriptors(pid: number): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const kind = kindOf(`/proc/${pid}/fd/${fd}`);
    if (kind !== undefined) counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

function kindOf(path: string): string | undefined {
  try {
    return readlinkSync(path).replace(/:\[\d+\]$/, '');
  } catch {
    return undefined;
  }
}

function files(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('code/'))
    .sort();
}
