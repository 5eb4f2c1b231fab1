import { join } from 'node:path';
import { packageRoot } from '../src/kernel/paths.ts';
import type { BenchContext } from './case.ts';
import { LineProcess } from './line-process.ts';
import { compileC } from './load/compile.ts';

const START_MS = 5_000;

/**
 * Starts the agent in bench/load that answers everybody the same for next to no CPU time. It ends with the run.
 *
 * @param name of letters and digits, for its socket
 * @returns its socket
 * @throws {CommandError} with what the compiler said
 * @throws {Error} when it does not come up
 */
export async function startEchoAgent({ workspace, teardown }: BenchContext, name: string): Promise<string> {
  const program = workspace.file('echo-agent');
  const socket = workspace.file(`echo-${name}.sock`);
  await compileC(program, [join(packageRoot, 'bench/load/echo-agent.c')]);
  const agent = new LineProcess(program, [socket]);
  teardown.add('agent', () => agent.close());
  await agent.line(START_MS);
  return socket;
}
