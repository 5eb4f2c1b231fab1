import { Command, Option } from 'commander';
import type { CliEnvironment } from './environment.ts';

const DEFAULT_SOCKET = '/run/metasteer/admin.sock';

interface StatusOptions {
  readonly json?: boolean;
  readonly socket?: string;
  readonly config?: string;
}

/** `metasteer status`: asks the running daemon what it does. */
export function statusCommand({ stdout }: CliEnvironment): Command {
  return new Command('status')
    .description('Show what the running daemon steers.')
    .option('--json', 'print the document of the daemon as it is')
    .addOption(
      new Option('--socket <path>', `admin socket of the daemon (default: ${DEFAULT_SOCKET})`).conflicts('config'),
    )
    .addOption(new Option('-c, --config <file>', 'take the admin socket from this configuration'))
    .action(async (options: StatusOptions) => {
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

async function socketOf({ socket, config }: StatusOptions): Promise<string> {
  if (config === undefined) return socket ?? DEFAULT_SOCKET;
  const { loadConfig } = await import('../config/load.ts');
  return loadConfig(config).admin.socket;
}
