import { Command, InvalidArgumentError } from 'commander';
import { type AdminOptions, adminOptions, socketOf } from './admin-options.ts';
import type { CliEnvironment } from './environment.ts';

const WORKERS_MAX = 64;

interface WorkersOptions extends AdminOptions {
  readonly json?: boolean;
}

/** `metasteer workers N`: adds or removes workers of the running daemon, until it is started again. */
export function workersCommand({ stdout }: CliEnvironment): Command {
  const command = new Command('workers')
    .description('Have the running daemon serve with this many workers.')
    .argument('<count>', `from 1 to ${WORKERS_MAX}`, parseCount)
    .option('--json', 'print the result as JSON');
  return adminOptions(command).action(async (count: number, options: WorkersOptions) => {
    const { setWorkers } = await import('./admin-client.ts');
    await setWorkers(await socketOf(options), count);
    stdout.write(options.json ? `${JSON.stringify({ workers: count })}\n` : `${count} workers are running\n`);
  });
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= WORKERS_MAX) return count;
  throw new InvalidArgumentError(`It is a whole number from 1 to ${WORKERS_MAX}.`);
}
