import { Command } from 'commander';
import { type AdminOptions, adminOptions, socketOf } from './admin-options.ts';
import type { CliEnvironment } from './environment.ts';

interface StatusOptions extends AdminOptions {
  readonly json?: boolean;
}

/** `metasteer status`: asks the running daemon what it does. */
export function statusCommand({ stdout }: CliEnvironment): Command {
  const command = new Command('status')
    .description('Show what the running daemon steers.')
    .option('--json', 'print the document of the daemon as it is');
  return adminOptions(command).action(async (options: StatusOptions) => {
    const { fetchStatus } = await import('./admin-client.ts');
    const { text, document } = await fetchStatus(await socketOf(options));
    if (options.json) {
      stdout.write(text.endsWith('\n') ? text : `${text}\n`);
      return;
    }
    const { statusText } = await import('./status-text.ts');
    stdout.write(statusText(document));
  });
}
