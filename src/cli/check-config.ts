import { Command } from 'commander';
import { MetasteerError } from '../errors.ts';
import type { CliEnvironment } from './environment.ts';

/** `metasteer check-config`: the same reading of the file that `run` does, and nothing else. */
export function checkConfigCommand({ stdout }: CliEnvironment): Command {
  return new Command('check-config')
    .description('Check a configuration file without starting anything.')
    .argument('[file]', 'configuration file')
    .option('-c, --config <file>', 'the same, as `run` takes it')
    .option('--json', 'print JSON: the configuration with all defaults, or the error')
    .action(async (argument: string | undefined, options: { readonly config?: string; readonly json?: boolean }) => {
      const file = argument ?? options.config;
      if (file === undefined || (argument !== undefined && options.config !== undefined)) {
        throw new MetasteerError('usage', 'check-config takes one configuration file, as FILE or as -c FILE');
      }
      const { loadConfig } = await import('../config/load.ts');
      const config = loadConfig(file);
      stdout.write(options.json ? `${JSON.stringify({ valid: true, file, config })}\n` : `${file} is valid\n`);
    });
}
