import { Command, CommanderError } from 'commander';
import { MetasteerError, messageOf } from '../errors.ts';
import { agentCommand } from './agent.ts';
import { agentStatusCommand } from './agent-status.ts';
import { benchCommand } from './bench.ts';
import { checkConfigCommand } from './check-config.ts';
import { completionCommand } from './completion.ts';
import { configCommand } from './config.ts';
import { demoNovaCommand } from './demo-nova.ts';
import { doctorCommand } from './doctor.ts';
import { drainCommand, undrainCommand } from './drain.ts';
import type { CliEnvironment } from './environment.ts';
import { limitsCommand } from './limits.ts';
import { listCommand } from './list.ts';
import { reloadCommand } from './reload.ts';
import { runCommand } from './run.ts';
import { statusCommand } from './status.ts';
import { topCommand } from './top.ts';
import { traceCommand } from './trace.ts';
import { upgradeCommand } from './upgrade.ts';
import { versionCommand, versionLine } from './version.ts';
import { workersCommand } from './workers.ts';

/** The command did what it was asked. */
export const EXIT_DONE = 0;
/** It was asked well and could not do it. */
export const EXIT_FAILED = 1;
/** The arguments or the configuration are wrong: trying again is useless. */
export const EXIT_MISUSED = 2;
/** Codes of errors that end so. */
const MISUSES = /^(?:usage$|(?:config|inventory|secret|tls)-)/;

/** Runs one command line to its end. Errors are printed, never thrown; the exit code goes to `environment.exit`. */
export async function runCli(environment: CliEnvironment): Promise<void> {
  const program = programOf(environment);
  try {
    await program.parseAsync([...environment.argv], { from: 'user' });
    environment.exit(EXIT_DONE);
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return environment.exit(EXIT_DONE);
    const error = toMetasteerError(thrown);
    environment.stderr.write(environment.argv.includes('--json') ? asJson(error) : asText(error));
    environment.exit(MISUSES.test(error.code) ? EXIT_MISUSED : EXIT_FAILED);
  }
}

/** All commands with their options, as commander knows them. */
export function programOf(environment: CliEnvironment): Command {
  const program = new Command('metasteer')
    .description('One metadata proxy for all routers of an OpenStack node.')
    .version(versionLine(), '-V, --version', 'Print the version.')
    .helpCommand('help [command]', 'Show the help of a command.');
  const verbs = [
    runCommand(),
    statusCommand(environment),
    listCommand(environment),
    topCommand(environment),
    traceCommand(environment),
    workersCommand(environment),
    limitsCommand(environment),
    reloadCommand(environment),
    drainCommand(environment),
    undrainCommand(environment),
    upgradeCommand(environment),
    checkConfigCommand(environment),
    configCommand(environment),
    doctorCommand(environment),
    agentCommand(environment),
    agentStatusCommand(environment),
    demoNovaCommand(environment),
    completionCommand(environment),
    benchCommand(),
    versionCommand(environment),
  ];
  for (const verb of verbs) program.addCommand(verb);
  for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => environment.stdout.write(text),
      // What commander writes here comes again in what it throws.
      writeErr: () => {},
    });
    command.helpOption('-h, --help', 'Show this help.');
  }
  return program;
}

function toMetasteerError(thrown: unknown): MetasteerError {
  if (thrown instanceof MetasteerError) return thrown;
  if (!(thrown instanceof CommanderError)) {
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return new MetasteerError('unexpected', text, { cause: thrown });
  }
  // Without a command, commander shows its help and throws with only a code as its message.
  const message = thrown.code === 'commander.help' ? 'a command is missing' : messageOf(thrown).replace(/^error: /, '');
  return new MetasteerError('usage', message);
}

function asText(error: MetasteerError): string {
  return `metasteer: ${error.message}\n  what to do: ${error.action} (${error.code})\n`;
}

function asJson({ code, message, action }: MetasteerError): string {
  return `${JSON.stringify({ error: { code, message, action } })}\n`;
}
