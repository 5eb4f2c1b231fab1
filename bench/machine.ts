import { cpus, loadavg, release, totalmem, version } from 'node:os';
import { tryCommand } from '../src/demo/command.ts';
import { packageRoot } from '../src/kernel/paths.ts';
import { packageVersion } from '../src/version.ts';
import { countProcesses } from './processes.ts';

/** Where a result comes from. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly architecture: string;
  readonly node: string;
  /** First line of `haproxy -v`; null when it is not installed. */
  readonly haproxy: string | null;
  readonly metasteer: string;
  /** Null outside a clone. `changed` says that files differ from it. */
  readonly commit: { readonly id: string; readonly changed: boolean } | null;
}

/** What else the machine did; a busy one makes times longer and kernel memory uncertain. */
export interface Surroundings {
  /** Averages of 1, 5 and 15 minutes. */
  readonly load: readonly number[];
  /** Processes of the same programs that are not of this run. */
  readonly otherNodes: number;
  readonly otherHaproxies: number;
}

export async function describeMachine(): Promise<Machine> {
  const [cpu] = cpus();
  const haproxy = await tryCommand('haproxy', ['-v']);
  return {
    cpu: cpu?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: `${release()} ${version()}`,
    architecture: process.arch,
    node: process.version,
    haproxy: haproxy.status === 0 ? (haproxy.stdout.split('\n')[0] ?? '') : null,
    metasteer: packageVersion(),
    commit: await commit(),
  };
}

/** To be called before the run starts anything itself. */
export function lookAround(): Surroundings {
  // One Node is this process.
  return { load: loadavg(), otherNodes: countProcesses('node') - 1, otherHaproxies: countProcesses('haproxy') };
}

/** Sentences about what is on the machine beside the run; none when it is calm. */
export function disturbances({ load, otherNodes, otherHaproxies }: Surroundings, cores: number): readonly string[] {
  const [lately = 0] = load;
  return [
    ...(lately > cores / 4 ? [`The machine was busy before the run began: load ${lately.toFixed(1)}.`] : []),
    ...(otherNodes + otherHaproxies === 0
      ? []
      : [`Beside the run there were ${otherNodes} processes of Node and ${otherHaproxies} of haproxy.`]),
  ];
}

async function commit(): Promise<Machine['commit']> {
  const git = (...args: readonly string[]) => tryCommand('git', ['-C', packageRoot, ...args]);
  const head = await git('rev-parse', 'HEAD');
  if (head.status !== 0) return null;
  return { id: head.stdout.trim(), changed: (await git('status', '--porcelain')).stdout !== '' };
}
