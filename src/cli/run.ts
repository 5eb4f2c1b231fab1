import { Command } from 'commander';
import { keepYoungGenerationSmall } from './young-generation.ts';

/** `metasteer run`: the daemon, until SIGTERM or SIGINT. */
export function runCommand(): Command {
  return new Command('run')
    .description('Run the daemon in the foreground until SIGTERM. Needs root.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .action(async ({ config: file }: { readonly config: string }) => {
      keepYoungGenerationSmall();
      const { loadConfig } = await import('../config/load.ts');
      const config = loadConfig(file);
      const [{ createLogger, LAST_LINES_MS, LogOutput }, { runDaemon }] = await Promise.all([
        import('../log.ts'),
        import('../control/daemon.ts'),
      ]);
      const output = new LogOutput();
      try {
        await runDaemon(config, createLogger(config.log.level, {}, output));
      } finally {
        await output.close(LAST_LINES_MS);
      }
    });
}
