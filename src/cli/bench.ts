import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { MetasteerError } from '../errors.ts';
import { packageRoot } from '../kernel/paths.ts';

/** `metasteer bench`: the benchmark harness with the arguments given, where it is installed (docs/benchmarks.md). */
export function benchCommand(): Command {
  return new Command('bench')
    .description('Measure beside haproxy: run the benchmark harness, where it is installed.')
    .argument('[args...]', 'what the harness takes: cases and options; `--list` names the cases')
    .allowUnknownOption()
    .action((args: readonly string[]) => runHarness(packageRoot, args));
}

/**
 * Starts the harness of a package and waits for its end.
 *
 * @throws {MetasteerError} `bench-missing` where the package has none, `bench-failed` where it does not end well
 */
export async function runHarness(root: string, args: readonly string[]): Promise<void> {
  const missing = missingParts(root);
  if (missing.length > 0) {
    throw new MetasteerError(
      'bench-missing',
      `the benchmarks are not installed here: there is no ${missing.join(', no ')}`,
    );
  }
  const child = spawn(process.execPath, [join(root, HARNESS), ...args], { stdio: 'inherit' });
  // A Ctrl-C reaches both; the harness cleans up first, and this one ends when it has.
  const forward = (signal: NodeJS.Signals) => void child.kill(signal);
  const wait = () => {};
  process.on('SIGINT', wait).on('SIGTERM', forward);
  const [status, signal]: readonly (number | string | null)[] = await once(child, 'close');
  process.off('SIGINT', wait).off('SIGTERM', forward);
  if (status === 0) return;
  if (status === 2)
    throw new MetasteerError('usage', 'the harness does not know these arguments; its lines above say why');
  throw new MetasteerError('bench-failed', `the harness ended with ${signal ?? `status ${status}`}`);
}

const HARNESS = 'dist/bench/main.js';
/** The harness, and the sources it compiles for each run. */
const PARTS = [HARNESS, 'bench/load/load.c', 'bench/syn-flood.c'] as const;

function missingParts(root: string): readonly string[] {
  return PARTS.filter((part) => !existsSync(join(root, part)));
}
