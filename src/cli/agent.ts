import { Command } from 'commander';
import type { CliEnvironment } from './environment.ts';

interface AgentOptions {
  readonly config: string;
  readonly check?: boolean;
}

/** `metasteer agent`: the metadata agent, until SIGTERM or SIGINT. */
export function agentCommand({ stdout }: CliEnvironment): Command {
  return new Command('agent')
    .description('Run the metadata agent in the foreground until SIGTERM, in the place of Neutron’s.')
    .requiredOption('-c, --config <file>', 'settings of the agent')
    .option('--check', 'check the settings and the files they name, and do nothing else')
    .action(async ({ config: file, check }: AgentOptions) => {
      const { loadAgentSettings } = await import('../agent/settings/load.ts');
      const settings = loadAgentSettings(file);
      const [{ createLogger, LAST_LINES_MS, LogOutput }, { checkAgent, runAgent }, { openResolver }, { stopSignal }] =
        await Promise.all([
          import('../log.ts'),
          import('../agent/run.ts'),
          import('../agent/sources.ts'),
          import('../control/stop-signal.ts'),
        ]);
      const output = new LogOutput();
      const log = createLogger(settings.log.level, { role: 'agent' }, output);
      if (check) {
        await checkAgent({ settings, log, openResolver });
        stdout.write(`${file} is valid\n`);
        return;
      }
      try {
        await runAgent({ settings, log, openResolver, signal: stopSignal(log).signal });
      } finally {
        await output.close(LAST_LINES_MS);
      }
    });
}
