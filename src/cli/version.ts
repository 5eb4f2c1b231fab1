import { Command } from 'commander';
import { packageVersion } from '../version.ts';
import type { CliEnvironment } from './environment.ts';

/** What `version` and `--version` print. */
export function versionLine(): string {
  return `metasteer ${packageVersion()}`;
}

/** `metasteer version`. */
export function versionCommand({ stdout }: CliEnvironment): Command {
  return new Command('version').description('Print the version.').action(() => {
    stdout.write(`${versionLine()}\n`);
  });
}
