import { closeSync, writeSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { NewcomerReport } from '../control/upgrade.ts';
import { MetasteerError, messageOf } from '../errors.ts';
import { keepYoungGenerationSmall } from './young-generation.ts';

interface RunOptions {
  readonly config: string;
  readonly takeOver?: boolean;
  readonly reportFd?: string;
}

/** `metasteer run`: the daemon, until SIGTERM or SIGINT. */
export function runCommand(): Command {
  return new Command('run')
    .description('Run the daemon in the foreground until SIGTERM. Needs root.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--take-over', 'take over from the daemon that runs, without a connection lost')
    .addOption(new Option('--report-fd <fd>', 'where the daemon that started this one hears how it went').hideHelp())
    .action(async ({ config: file, takeOver = false, reportFd }: RunOptions) => {
      keepYoungGenerationSmall();
      const report = reporter(reportFd);
      const { createLogger, LAST_LINES_MS, LogOutput } = await import('../log.ts');
      const output = new LogOutput();
      try {
        const { loadConfigFile } = await import('../config/load.ts');
        const loaded = loadConfigFile(file);
        const { runDaemon } = await import('../control/daemon.ts');
        const log = createLogger(loaded.config.log.level, {}, output);
        await runDaemon({ loaded, takeOver, log, serving: report });
      } catch (error) {
        report({ code: error instanceof MetasteerError ? error.code : 'unexpected', message: messageOf(error) });
        throw error;
      } finally {
        await output.close(LAST_LINES_MS);
      }
    });
}

/** Says once how it went. */
function reporter(reportFd: string | undefined): (report: NewcomerReport) => void {
  let fd = reportFd === undefined ? undefined : Number(reportFd);
  return (report) => {
    if (fd === undefined) return;
    try {
      writeSync(fd, `${JSON.stringify(report)}\n`);
      closeSync(fd);
    } catch {
      // Whoever wanted to know is gone; the daemon is not.
    }
    fd = undefined;
  };
}
