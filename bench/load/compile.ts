import { join } from 'node:path';
import { runCommand } from '../../src/demo/command.ts';
import { packageRoot } from '../../src/kernel/paths.ts';

/** What the programs that ask have in common. */
const SHARED = ['client.c', 'tally.c', 'arguments.c'] as const;

/**
 * Compiles a program of bench/load that asks.
 *
 * @returns its path
 * @throws {CommandError} with what the compiler said
 */
export async function compileAsking(folder: string, name: string, own: readonly string[]): Promise<string> {
  const program = join(folder, name);
  const sources = [...own, ...SHARED].map((source) => join(packageRoot, 'bench/load', source));
  await runCommand('gcc', ['-O2', '-Wall', '-Wextra', '-o', program, ...sources]);
  return program;
}
