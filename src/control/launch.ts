import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { MetasteerError, messageOf } from '../errors.ts';
import { BUILT, builtFile, packageRoot } from '../kernel/paths.ts';
import type { RateTable } from '../kernel/rates.ts';
import { inPidNamespace, loadedLibraries } from '../kernel/sandbox.ts';
import { makeFolder } from '../unix/folder.ts';
import type { User } from '../unix/user.ts';
import type { AgentPlace } from './agent-place.ts';
import type { PortNamespace } from './port-namespace.ts';
import type { WorkerEnd } from './worker-loss.ts';

/** Where a worker with a root of its own sees the program's files: CODE_IN_ROOT of native/launch.h. */
const CODE_SEEN_AT = '/metasteer/code';

/** The launcher's exit status when it is not let do what it does (native/launch.h). */
const REFUSED = 71;
/** That of a worker that was aborted, which in a PID namespace of its own is no signal (native/confine.c). */
const ABORTED = 134;

/** What a worker is started with. */
export interface LaunchContext {
  readonly runDir: string;
  readonly netnsDir: string;
  /** Most memory of its JavaScript heap. */
  readonly heapBytes: number;
  /** Whether it is shut in. */
  readonly sandbox: boolean;
  readonly agent: AgentPlace;
  readonly namespace: Pick<PortNamespace, 'reference'>;
  /** Where requests are limited. */
  readonly rates: RateTable | undefined;
}

/** For tests: what Node runs in place of the worker, below the package's folder, and where its errors go. */
export interface LaunchOptions {
  readonly program?: readonly [path: string, ...rest: string[]];
  readonly stderr?: 'inherit' | 'pipe';
}

/**
 * Starts the launcher, which becomes the worker. The environment is empty: what is in the supervisor's is none of the business of a
 * process that parses tenants' bytes.
 *
 * @param channel the worker's end of a channel for descriptors
 * @throws {MetasteerError} `worker-sandbox-refused`
 */
export function launch(context: LaunchContext, user: User, channel: number, options: LaunchOptions = {}): ChildProcess {
  const { sandbox, runDir, netnsDir, agent, namespace, heapBytes, rates } = context;
  const mountpoint = join(runDir, 'root');
  makeFolder(mountpoint);
  const [path, ...rest] = options.program ?? [BUILT.worker];
  const main = join(sandbox ? CODE_SEEN_AT : mountpoint, path);
  const node = [process.execPath, `--max-old-space-size=${Math.floor(heapBytes / 1_048_576)}`, main, ...rest];
  const argv = [
    ...[sandbox ? 'on' : 'off', String(user.uid), String(user.gid), user.groups.join(',')],
    ...[namespace.reference, netnsDir, mountpoint, packageRoot, agent.folder, loadedLibraries()],
    ...node,
  ];
  const start = () =>
    spawn(builtFile('launcher'), argv, {
      stdio: ['ignore', 'pipe', options.stderr ?? 'pipe', 'pipe', channel, rates?.fd ?? 'ignore'],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    });
  if (!sandbox) return start();
  try {
    return inPidNamespace(start);
  } catch (error) {
    const what = `a worker cannot have a PID namespace: ${messageOf(error)}`;
    throw new MetasteerError('worker-sandbox-refused', what, { cause: error });
  }
}

/** How a worker ended, in words. */
export function endOf(code: number | null, signal: NodeJS.Signals | null): WorkerEnd {
  if (signal === 'SIGSYS')
    return {
      loss: 'denied',
      how: 'SIGSYS: it made a system call that is denied to workers, which its last line names',
    };
  if (signal !== null) return { loss: 'signal', how: signal };
  return code === ABORTED ? { loss: 'signal', how: 'SIGABRT' } : { loss: 'exit', how: `exit status ${code}` };
}

/** Why a worker that ended with this status did not start. */
export function startError(code: number | null, how: string): MetasteerError {
  if (code !== REFUSED) return new MetasteerError('worker-failed', `the worker ended: ${how}`);
  const what = 'a worker could not be shut in: metasteer-launch wrote what was refused';
  return new MetasteerError('worker-sandbox-refused', what);
}
