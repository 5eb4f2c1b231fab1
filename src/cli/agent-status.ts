import { Command, Option } from 'commander';
import type { AgentStatusDocument, NovaAddressDocument } from '../agent/status-document.ts';
import type { CliEnvironment } from './environment.ts';
import { printable } from './status-text.ts';
import { type Column, table } from './table.ts';

const DEFAULT_SOCKET = '/run/metasteer-agent/admin.sock';

interface AgentStatusOptions {
  readonly socket?: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** `metasteer agent-status`: asks the running agent what it does. */
export function agentStatusCommand({ stdout }: CliEnvironment): Command {
  const socket = new Option('--socket <path>', `admin socket of the agent (default: ${DEFAULT_SOCKET})`);
  return new Command('agent-status')
    .description('Show what the running metadata agent does.')
    .addOption(socket.conflicts('config'))
    .option('-c, --config <file>', 'take the admin socket from these settings')
    .option('--json', 'print the document of the agent as it is')
    .action(async (options: AgentStatusOptions) => {
      const { fetchAgentStatus } = await import('./admin-client.ts');
      const { text, document } = await fetchAgentStatus(await socketOf(options));
      stdout.write(options.json ? `${text.trimEnd()}\n` : agentStatusText(document));
    });
}

async function socketOf({ socket, config }: AgentStatusOptions): Promise<string> {
  if (config === undefined) return socket ?? DEFAULT_SOCKET;
  const { loadAgentSettings } = await import('../agent/settings/load.ts');
  return loadAgentSettings(config).admin.socket;
}

const ADDRESS_COLUMNS: readonly Column<NovaAddressDocument>[] = [
  { title: 'NOVA', cell: ({ url }) => url },
  { title: 'STATE', cell: ({ state }) => state },
  { title: 'REQUESTS', align: 'right', cell: ({ requests }) => requests },
  { title: 'REFUSED', align: 'right', cell: ({ connect_failures: failures }) => failures },
  { title: 'LAST-ERROR', cell: ({ last_error: error }) => error ?? '-' },
];

const COUNT_COLUMNS: readonly Column<readonly [string, number]>[] = [
  { title: 'ENDED-WITH', cell: ([name]) => name },
  { title: 'REQUESTS', align: 'right', cell: ([, count]) => count },
];

/** The status for people. */
export function agentStatusText({
  agent,
  requests,
  resolver,
  nova,
  response_cache: cache,
}: AgentStatusDocument): string {
  const counts = [...Object.entries(requests.by_status), ...Object.entries(requests.by_reason)];
  const lookUps = Object.entries(resolver.counters).map(([name, count]) => `${count} ${name}`);
  const parts = [
    [
      `metasteer agent ${agent.version}, pid ${agent.pid}, up ${agent.uptime_seconds} s, socket ${agent.socket}`,
      `${agent.connections} connections, ${agent.requests_open} requests open, ${requests.total} served`,
      ...(agent.owners === null ? [] : [`answering for the ${agent.owners} routers and networks of this node alone`]),
      `instances from ${resolver.source}: ${lookUps.join(', ')}`,
      ...(cache.enabled ? [`response cache: ${cache.entries} replies, ${cache.bytes} bytes, ${cache.hits} hits`] : []),
    ],
    counts.length === 0 ? [] : table(COUNT_COLUMNS, counts),
    [...table(ADDRESS_COLUMNS, nova.addresses), `${nova.requests_open} requests to nova open, ${nova.queued} queued`],
  ];
  const text = parts.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  return `${printable(text.join('\n\n'))}\n`;
}
