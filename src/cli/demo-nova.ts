import { once } from 'node:events';
import { Command, InvalidArgumentError, Option } from 'commander';
import { readDurationMs } from '../config/units.ts';
import { MetasteerError } from '../errors.ts';
import type { LogLevel } from '../log.ts';
import type { ListenAddress } from '../nova/server.ts';
import type { CliEnvironment } from './environment.ts';

interface DemoNovaOptions {
  readonly inventory: string;
  readonly secretFile?: string;
  readonly listen: ListenAddress;
  readonly delay?: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly logLevel: LogLevel;
  readonly json?: boolean;
}

const DELAY_MS_MAX = 600_000;

/** `metasteer demo-nova`: the embedded metadata service, until SIGTERM or SIGINT. */
export function demoNovaCommand(environment: CliEnvironment): Command {
  return new Command('demo-nova')
    .description('For demonstrations and tests: serve metadata as nova-api-metadata does, from an inventory file.')
    .requiredOption('--inventory <file>', 'the instances, see docs/demo-nova.md')
    .option('--secret-file <file>', 'secret shared with the agent; else METASTEER_SHARED_SECRET in the environment')
    .addOption(
      new Option('--listen <host:port>', 'where to listen; port 0: the kernel chooses')
        .default({ host: '127.0.0.1', port: 8775 }, '127.0.0.1:8775')
        .argParser(parseListen),
    )
    .option('--delay <duration>', 'time that every request takes at least, such as 5ms', parseDelay)
    .option('--tls-cert <file>', 'serve HTTPS with this certificate (PEM)')
    .option('--tls-key <file>', 'its key (PEM)')
    .option('--tls-client-ca <file>', 'serve only clients with a certificate of this authority (PEM)')
    .addOption(
      new Option('--log-level <level>', 'what goes to standard error; debug: each request')
        .choices(['trace', 'debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .option('--json', 'print the address as JSON')
    .action((options: DemoNovaOptions) => run(options, environment));
}

async function run(options: DemoNovaOptions, { stdout, stderr }: CliEnvironment): Promise<void> {
  const tlsFiles = tlsFilesOf(options);
  const [{ loadInventory, loadSecret, loadTls }, { NovaService }, { createLogger }, { stopSignal }] = await Promise.all(
    [import('../nova/files.ts'), import('../nova/server.ts'), import('../log.ts'), import('../control/stop-signal.ts')],
  );
  const { inventory: inventoryPath, listen, delay: delayMs } = options;
  const log = createLogger(options.logLevel, { role: 'demo-nova' }, { write: (line) => void stderr.write(line) });
  const secret = Buffer.from(loadSecret(options.secretFile, process.env).reveal());
  const inventory = await loadInventory(inventoryPath);
  const service = await NovaService.start({
    ...{ inventory, inventoryPath, secret, listen, log },
    ...(delayMs !== undefined && { delayMs }),
    ...(tlsFiles && { tls: loadTls(tlsFiles) }),
  });
  const { signal } = stopSignal(log);
  const { url } = service;
  log.info({ url, instances: inventory.instances.length }, 'listening');
  stdout.write(options.json ? `${JSON.stringify({ url })}\n` : `listening on ${url}\n`);
  if (!signal.aborted) await once(signal, 'abort');
  await service.close();
  if (signal.reason instanceof Error) throw signal.reason;
  log.info({ signal: signal.reason }, 'stopped');
}

function tlsFilesOf({ tlsCert: cert, tlsKey: key, tlsClientCa: clientCa }: DemoNovaOptions) {
  if (cert !== undefined && key !== undefined) return { cert, key, clientCa };
  if (cert === undefined && key === undefined && clientCa === undefined) return undefined;
  throw new MetasteerError('usage', 'HTTPS needs both --tls-cert and --tls-key');
}

function parseListen(text: string): ListenAddress {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host !== undefined && port <= 65_535) return { host, port };
  throw new InvalidArgumentError('It is HOST:PORT, such as 127.0.0.1:8775 or [::1]:8775.');
}

function parseDelay(text: string): number {
  const ms = readDurationMs(text);
  if (ms !== undefined && ms <= DELAY_MS_MAX) return ms;
  throw new InvalidArgumentError('It is a duration of at most 10m, such as 5ms or 1.5s.');
}
