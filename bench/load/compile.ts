import { join } from 'node:path';
import { runCommand } from '../../src/demo/command.ts';
import { packageRoot } from '../../src/kernel/paths.ts';

/** What the programs that ask have in common. */
const SHARED = ['client.c', 'tally.c', 'arguments.c'] as const;

/**
 * Compiles a C program, with the warnings of all our C. They do not end a run: `npm run check` has none.
 *
 * @throws {CommandError} with what the compiler said
 */
export async function compileC(program: string, sources: readonly string[]): Promise<void> {
  await runCommand('gcc', ['-std=gnu11', '-O2', `@${join(packageRoot, 'native/warnings')}`, '-o', program, ...sources]);
}

/**
 * Compiles a program of bench/load that asks.
 *
 * @returns its path
 * @throws {CommandError} with what the compiler said
 */
export async function compileAsking(folder: string, name: string, own: readonly string[]): Promise<string> {
  const program = join(folder, name);
  const sources = [...own, ...SHARED].map((source) => join(packageRoot, 'bench/load', source));
  await compileC(program, sources);
  return program;
}
