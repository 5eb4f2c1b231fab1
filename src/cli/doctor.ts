import { Command } from 'commander';
import { MetasteerError } from '../errors.ts';
import type { CliEnvironment } from './environment.ts';
import { printable } from './status-text.ts';

interface DoctorOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** `metasteer doctor`: whether the daemon could run here, and what to do where it could not. */
export function doctorCommand({ stdout }: CliEnvironment): Command {
  return new Command('doctor')
    .description('Look whether the daemon can run here, and say what to do where it cannot. Changes nothing.')
    .option('-c, --config <file>', 'configuration of the daemon; without it, what it would be by default')
    .option('--json', 'print the findings as JSON')
    .action(async ({ config: file, json }: DoctorOptions) => {
      const [{ loadConfig, parseConfig }, { examine }, { machine }] = await Promise.all([
        import('../config/load.ts'),
        import('../doctor/doctor.ts'),
        import('../doctor/machine.ts'),
      ]);
      const config = file === undefined ? parseConfig(LEAST, 'the default configuration') : loadConfig(file);
      const findings = await examine(config, machine);
      stdout.write(json ? `${JSON.stringify({ findings })}\n` : printable(text(findings)));
      const failures = findings.filter(({ result }) => result === 'failure').length;
      if (failures > 0) throw new MetasteerError('doctor-failed', `${failures} of ${findings.length} checks failed`);
    });
}

/** Where Neutron's agent listens unless it is configured otherwise (contract.md 2.3). */
const LEAST = 'agent: { socket: /var/lib/neutron/metadata_proxy }';

interface Shown {
  readonly area: string;
  readonly result: string;
  readonly message: string;
  readonly action?: string;
}

function text(findings: readonly Shown[]): string {
  const widest = Math.max(...findings.map(({ area }) => area.length));
  const lines = findings.flatMap(({ area, result, message, action }) => [
    `${result.padEnd('warning'.length)}  ${area.padEnd(widest)}  ${message}`,
    ...(action === undefined ? [] : [`${' '.repeat('warning'.length + widest + 4)}what to do: ${action}`]),
  ]);
  return `${lines.join('\n')}\n`;
}
