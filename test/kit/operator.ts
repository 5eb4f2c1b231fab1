import { type CommandResult, tryCommand } from '../../src/demo/command.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import { builtFile } from '../../src/kernel/paths.ts';

const CLI = builtFile('main');

/** Runs a command of ours on a daemon, as its operator does. */
export function operate(daemon: Daemon, ...words: readonly string[]): Promise<CommandResult> {
  return tryCommand(process.execPath, [CLI, ...words, '--socket', daemon.adminSocket], { timeoutMs: 120_000 });
}

/** A daemon's ports as they are steered, to be the same before and after an upgrade. */
export async function identities(daemon: Daemon): Promise<string> {
  const { ports } = await daemon.status();
  return JSON.stringify(ports.map((port) => [port.port, port.owner, port.device, port.state, port.attachment]).sort());
}
