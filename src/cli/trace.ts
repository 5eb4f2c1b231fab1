import { Command, InvalidArgumentError } from 'commander';
import { MetasteerError } from '../errors.ts';
import { type AdminOptions, adminOptions, socketOf } from './admin-options.ts';
import type { CliEnvironment } from './environment.ts';
import { printable } from './status-text.ts';

interface TraceOptions extends AdminOptions {
  readonly client?: string;
  readonly owner?: string;
  readonly seconds: number;
  readonly json?: boolean;
}

/** `metasteer trace`: follows the packets and requests of a client or an owner, and says where they end. */
export function traceCommand({ stdout }: CliEnvironment): Command {
  const command = new Command('trace')
    .description('Follow the packets and requests of an instance or a router, and say where they end and why.')
    .option('--client <ip>', 'address of the instance')
    .option('--owner <uuid>', 'router or network')
    .option('--seconds <n>', 'how long; Ctrl-C ends it earlier', parseSeconds, 10)
    .option('--json', 'print each line as JSON');
  return adminOptions(command).action(async ({ client, owner, seconds, json, ...where }: TraceOptions) => {
    if (client === undefined && owner === undefined)
      throw new MetasteerError('usage', 'trace takes --client IP, --owner UUID, or both');
    const [{ openTrace, endTrace }, { TraceText }] = await Promise.all([
      import('./admin-client.ts'),
      import('./trace-text.ts'),
    ]);
    const request = { seconds, ...(client && { client }), ...(owner && { owner }) };
    const words = new TraceText();
    const socket = await socketOf(where);
    const leaving = new AbortController();
    // The daemon then says what it knows; whoever does not want to wait for that says so again.
    const end = () => void endTrace(socket).catch(() => leaving.abort());
    const leave = () => leaving.abort();
    process.once('SIGINT', end).once('SIGTERM', leave);
    try {
      for await (const line of openTrace(socket, request, leaving.signal))
        stdout.write(json ? `${JSON.stringify(line)}\n` : printable(words.of(line)));
    } finally {
      process.off('SIGINT', end).off('SIGTERM', leave);
    }
  });
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (seconds > 0 && seconds <= 300) return seconds;
  throw new InvalidArgumentError('It is a number of seconds up to 300.');
}
