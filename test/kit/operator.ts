import { fileURLToPath } from 'node:url';
import { type CommandResult, tryCommand } from '../../src/demo/command.ts';
import type { Daemon } from '../../src/demo/daemon.ts';

const CLI = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** Runs a command of ours on a daemon, as its operator does. */
export function operate(daemon: Daemon, ...words: readonly string[]): Promise<CommandResult> {
  return tryCommand(process.execPath, [CLI, ...words, '--socket', daemon.adminSocket], { timeoutMs: 120_000 });
}
