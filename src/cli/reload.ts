import { Command } from 'commander';
import { type AdminOptions, adminOptions, socketOf } from './admin-options.ts';
import type { CliEnvironment } from './environment.ts';

interface ReloadOptions extends AdminOptions {
  readonly json?: boolean;
}

/** `metasteer reload`: has the running daemon read its configuration file again. */
export function reloadCommand({ stdout }: CliEnvironment): Command {
  const command = new Command('reload')
    .description('Have the running daemon read its configuration file again, without a connection lost.')
    .option('--json', 'print the result as JSON');
  return adminOptions(command).action(async (options: ReloadOptions) => {
    const { reload } = await import('./admin-client.ts');
    const report = await reload(await socketOf(options));
    if (options.json) {
      stdout.write(`${JSON.stringify(report)}\n`);
      return;
    }
    stdout.write(report.applied.length === 0 ? 'nothing changed\n' : `changed: ${report.applied.join(', ')}\n`);
    if (report.needs_restart.length > 0) stdout.write(`after a restart only: ${report.needs_restart.join(', ')}\n`);
  });
}
