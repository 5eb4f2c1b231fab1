import { Command } from 'commander';
import { type AdminOptions, adminOptions, socketOf } from './admin-options.ts';
import type { CliEnvironment } from './environment.ts';

interface DrainOptions extends AdminOptions {
  readonly json?: boolean;
}

const TARGET = 'an owner’s UUID, a port’s number, or NAMESPACE/INTERFACE; without it, everything';

/** `metasteer drain`: has the daemon steer something no more, once what is open there has ended. */
export function drainCommand({ stdout }: CliEnvironment): Command {
  const command = new Command('drain')
    .description(
      'Steer an owner, a port or everything no more: finish what is open, and leave new connections to others.',
    )
    .argument('[target]', TARGET)
    .option('--json', 'print the result as JSON');
  return adminOptions(command).action(async (target: string | undefined, options: DrainOptions) => {
    const { drain } = await import('./admin-client.ts');
    const report = await drain(await socketOf(options), target);
    const text = `drained ${report.target}: ${report.ports} ports, ${report.connections_cut} connections were cut`;
    stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${text}\n`);
  });
}

/** `metasteer undrain`: takes that back. */
export function undrainCommand({ stdout }: CliEnvironment): Command {
  const command = new Command('undrain')
    .description('Steer again what was drained.')
    .argument('[target]', TARGET)
    .option('--json', 'print the result as JSON');
  return adminOptions(command).action(async (target: string | undefined, options: DrainOptions) => {
    const { undrain } = await import('./admin-client.ts');
    const report = await undrain(await socketOf(options), target);
    stdout.write(options.json ? `${JSON.stringify(report)}\n` : `steering ${report.target} again\n`);
  });
}
