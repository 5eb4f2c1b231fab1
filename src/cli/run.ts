import { Command } from 'commander';
import { keepYoungGenerationSmall } from './young-generation.ts';

/** `metasteer run`: the daemon, until SIGTERM or SIGINT. */
export function runCommand(): Command {
  return new Command('run')
    .description('Run the daemon in the foreground until SIGTERM. Needs root.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .action(async ({ config: file }: { readonly config: string }) => {
      keepYoungGenerationSmall();
      const { loadConfigFile } = await import('../config/load.ts');
      const loaded = loadConfigFile(file);
      const [{ createLogger }, { runDaemon }] = await Promise.all([
        import('../log.ts'),
        import('../control/daemon.ts'),
      ]);
      await runDaemon(loaded, createLogger(loaded.config.log.level));
    });
}
