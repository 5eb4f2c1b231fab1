import { Command } from 'commander';
import { packageVersion } from '../version.ts';
import type { CliEnvironment } from './environment.ts';

/** What `version` and `--version` print. */
export function versionLine(): string {
  return `metasteer ${packageVersion()}`;
}

/** `metasteer version`. */
export function versionCommand({ stdout }: CliEnvironment): Command {
  return new Command('version')
    .description('Print the version.')
    .option('--json', 'print it as JSON')
    .action(({ json }: { readonly json?: boolean }) => {
      stdout.write(json ? `${JSON.stringify({ version: packageVersion() })}\n` : `${versionLine()}\n`);
    });
}
