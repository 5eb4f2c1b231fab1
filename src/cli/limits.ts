import { Command, Option } from 'commander';
import type { LimitKey, LimitsDocument } from '../config/limits.ts';
import { type AdminOptions, adminOptions, socketOf } from './admin-options.ts';
import type { CliEnvironment } from './environment.ts';
import { table } from './table.ts';

type LimitsOptions = AdminOptions & { readonly json?: boolean } & Readonly<Partial<Record<string, unknown>>>;

/** What each limit is of; the keys of `guard` that may change while the daemon runs. */
const MEANINGS: Readonly<Record<LimitKey, string>> = {
  source_rate: 'new connections of one address at a port, per second; 0: no limit',
  source_burst: 'new connections of one address at a port at once',
  source_connections: 'open connections of one address at a port',
  port_rate: 'new connections of all addresses at a port, per second; 0: no limit',
  port_burst: 'new connections of all addresses at a port at once',
  port_connections: 'open connections of all addresses at a port',
};

/** `metasteer limits`: shows the limits of connections, and changes them in the running daemon until it is started again. */
export function limitsCommand({ stdout }: CliEnvironment): Command {
  const command = new Command('limits')
    .description('Show the limits of connections of the running daemon, or change them until it is started again.')
    .option('--json', 'print the limits as JSON');
  for (const [key, meaning] of Object.entries(MEANINGS)) command.addOption(limitOption(key, meaning));
  return adminOptions(command).action(async (options: LimitsOptions) => {
    const { fetchStatus, setLimits } = await import('./admin-client.ts');
    const socket = await socketOf(options);
    const changes = Object.fromEntries(
      Object.keys(MEANINGS).flatMap((key) => {
        const value = options[camel(key)];
        return value === undefined ? [] : [[key, value]];
      }),
    );
    const limits =
      Object.keys(changes).length === 0
        ? (await fetchStatus(socket)).document.daemon.limits
        : await setLimits(socket, changes);
    stdout.write(options.json ? `${JSON.stringify(limits)}\n` : limitsText(limits));
  });
}

function limitOption(key: string, meaning: string): Option {
  // The daemon knows the bounds; here only what is no number is told from one.
  return new Option(`--${key.replaceAll('_', '-')} <number>`, meaning).argParser((text) =>
    /^\d+$/.test(text) ? Number(text) : text,
  );
}

function limitsText(limits: LimitsDocument): string {
  const lines = table(
    [
      { title: 'LIMIT', cell: ([key]) => key },
      { title: 'VALUE', align: 'right', cell: ([, value]) => value },
      { title: 'OF', cell: ([key]) => MEANINGS[key] },
    ],
    Object.entries(limits) as [LimitKey, number][],
  );
  return `${lines.join('\n')}\n`;
}

function camel(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
