import type { Config } from '../config/config.ts';
import { type Owner, type OwnerKind, parseOwnerId } from '../identity/owner-id.ts';

/** What a namespace's name says about it. */
export interface NamespaceKind {
  readonly owner: Owner;
  /** Whether an interface of this name in it is to be steered. */
  readonly isInterface: (name: string) => boolean;
}

/**
 * How Neutron names namespaces and interfaces: routers (contract.md 1.5), isolated networks (1.6), OVN (3).
 * The owner is what the namespace's name says, and nothing else.
 */
const KINDS: readonly { readonly kind: OwnerKind; readonly namespace: RegExp; readonly interface: RegExp }[] = [
  { kind: 'router', namespace: /^qrouter-([0-9a-f-]{36})$/, interface: /^qr-/ },
  { kind: 'network', namespace: /^qdhcp-([0-9a-f-]{36})$/, interface: /^(?:tap|ns-)/ },
  { kind: 'ovn-network', namespace: /^ovnmeta-([0-9a-f-]{36})$/, interface: /^tap/ },
];

/** Reads a namespace's name; undefined when it is no owner's, or one that the configuration leaves out. */
export function ownerOf(name: string, config: Config): NamespaceKind | undefined {
  const { include, exclude } = config.discovery;
  for (const kind of KINDS) {
    const id = parseOwnerId(kind.namespace.exec(name)?.[1] ?? '');
    if (id === undefined || exclude.includes(id) || include?.includes(id) === false) continue;
    return { owner: { kind: kind.kind, id }, isInterface: (each) => kind.interface.test(each) };
  }
  return undefined;
}
