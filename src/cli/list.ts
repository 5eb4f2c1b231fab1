import { Command } from 'commander';
import type { PortStatusDocument } from '../control/status-document.ts';
import { type AdminOptions, adminOptions, socketOf } from './admin-options.ts';
import type { CliEnvironment } from './environment.ts';
import { printable } from './status-text.ts';
import { type Column, table } from './table.ts';

interface ListOptions extends AdminOptions {
  readonly json?: boolean;
}

const COLUMNS: readonly Column<PortStatusDocument>[] = [
  { title: 'OWNER', cell: ({ owner }) => owner },
  { title: 'KIND', cell: ({ owner_kind: kind }) => kind },
  { title: 'INTERFACE', cell: (port) => port.interface },
  { title: 'STATE', cell: ({ state }) => state },
];

/** `metasteer list`: the interfaces that are steered, or should be, one a line. */
export function listCommand({ stdout }: CliEnvironment): Command {
  const command = new Command('list')
    .description('List the interfaces the running daemon steers, and those it cannot.')
    .option('--json', 'print them as JSON');
  return adminOptions(command).action(async ({ json, ...where }: ListOptions) => {
    const { fetchStatus } = await import('./admin-client.ts');
    const { ports } = (await fetchStatus(await socketOf(where))).document;
    const sorted = ports.toSorted((a, b) => a.owner.localeCompare(b.owner) || a.interface.localeCompare(b.interface));
    stdout.write(json ? `${JSON.stringify(sorted.map(short))}\n` : `${printable(table(COLUMNS, sorted).join('\n'))}\n`);
  });
}

function short({ port, owner, owner_kind, namespace, interface: name, state, reason }: PortStatusDocument) {
  return { port, owner, owner_kind, namespace, interface: name, state, reason };
}
