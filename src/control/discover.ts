import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { messageOf } from '../errors.ts';
import { type Owner, type OwnerKind, parseOwnerId } from '../identity/owner-id.ts';
import { type Link, listLinks } from '../kernel/links.ts';

/** An interface that should be steered, and for whom. */
export interface FoundInterface {
  readonly owner: Owner;
  /** Name of the namespace, as in `ip netns list`. */
  readonly namespace: string;
  /** Path of the namespace. */
  readonly netns: string;
  readonly netnsInode: number;
  readonly link: Link;
}

export interface Discovery {
  readonly found: readonly FoundInterface[];
  /** Namespaces that look like an owner's and cannot be read. */
  readonly broken: readonly { readonly namespace: string; readonly reason: string }[];
}

/** How Neutron names namespaces and interfaces (contract.md 1.5). The owner is what the name says, and nothing else. */
const KINDS: readonly { readonly kind: OwnerKind; readonly namespace: RegExp; readonly interface: RegExp }[] = [
  { kind: 'router', namespace: /^qrouter-([0-9a-f-]{36})$/, interface: /^qr-/ },
];

/** Lists the router interfaces of this node. */
export async function discover(config: Config): Promise<Discovery> {
  const found: FoundInterface[] = [];
  const broken: { namespace: string; reason: string }[] = [];
  for (const name of namespaceNames(config.netnsDir)) {
    const match = ownerOf(name);
    if (match === undefined || !isSelected(match.owner, config)) continue;
    const netns = join(config.netnsDir, name);
    try {
      const netnsInode = statSync(netns).ino;
      for (const link of await listLinks(netns)) {
        if (match.interface.test(link.name))
          found.push({ owner: match.owner, namespace: name, netns, netnsInode, link });
      }
    } catch (error) {
      broken.push({ namespace: name, reason: messageOf(error) });
    }
  }
  return { found, broken };
}

function namespaceNames(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    // Before the first namespace is named, there is no directory.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function ownerOf(name: string): { readonly owner: Owner; readonly interface: RegExp } | undefined {
  for (const kind of KINDS) {
    const id = parseOwnerId(kind.namespace.exec(name)?.[1] ?? '');
    if (id !== undefined) return { owner: { kind: kind.kind, id }, interface: kind.interface };
  }
  return undefined;
}

function isSelected(owner: Owner, config: Config): boolean {
  const { include, exclude } = config.discovery;
  return (include === undefined || include.includes(owner.id)) && !exclude.includes(owner.id);
}
