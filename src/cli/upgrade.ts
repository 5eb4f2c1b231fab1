import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { builtFile } from '../kernel/paths.ts';
import { DEFAULT_ADMIN_SOCKET } from './admin-options.ts';
import type { CliEnvironment } from './environment.ts';

interface UpgradeOptions {
  readonly socket?: string;
  readonly config?: string;
  readonly binary?: string;
  readonly json?: boolean;
}

/** `metasteer upgrade`: has another version take over from the running daemon. */
export function upgradeCommand({ stdout }: CliEnvironment): Command {
  return new Command('upgrade')
    .description('Have the version that is installed now take over from the running daemon, without a connection lost.')
    .addOption(new Option('--socket <path>', `admin socket of the daemon (default: ${DEFAULT_ADMIN_SOCKET})`))
    .option(
      '-c, --config <file>',
      'configuration of the new version; also tells the admin socket where that is not given',
    )
    .option(
      '--binary <path>',
      'the new version: its dist/cli/main.js, or a program (default: the version of this command)',
    )
    .option('--json', 'print the result as JSON')
    .action(async ({ socket, config, binary, json }: UpgradeOptions) => {
      const [{ upgrade }, { loadConfig }] = await Promise.all([
        import('./admin-client.ts'),
        import('../config/load.ts'),
      ]);
      const from = socket ?? (config === undefined ? DEFAULT_ADMIN_SOCKET : loadConfig(config).admin.socket);
      const plan = {
        ...(config === undefined ? {} : { config: resolve(config) }),
        // The one that runs may have been installed elsewhere.
        binary: binary === undefined ? builtFile('main') : resolve(binary),
      };
      const report = await upgrade(from, plan);
      const { from: before, to, ports } = report;
      const text = `pid ${to.pid} (${to.version}) took over from pid ${before.pid} (${before.version}), with ${ports} ports`;
      stdout.write(json ? `${JSON.stringify(report)}\n` : `${text}\n`);
    });
}
