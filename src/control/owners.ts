import type { Config } from '../config/config.ts';
import { type Owner, type OwnerId, type OwnerKind, parseOwnerId } from '../identity/owner-id.ts';

/** Says whom an interface of a namespace is steered for; undefined when it is not to be steered. */
export type OwnerOf = (interfaceName: string) => Owner | undefined;

interface Kind {
  readonly kind: OwnerKind;
  /** Matches the whole name of a namespace; its group is the owner's UUID. */
  readonly namespace: RegExp;
  readonly interfaces: readonly RegExp[];
}

/**
 * Reads owners from names: routers (contract.md 1.5), isolated networks (1.6) and OVN networks (3) by the patterns of the
 * configuration, and the ports it lists one by one. An owner never comes from anything but a name.
 */
export class OwnerRules {
  readonly #config: Config['discovery'];
  readonly #kinds: readonly Kind[];
  readonly #listed = new Map<string, Map<string, Owner>>();

  constructor(config: Config) {
    const { discovery, ports } = config;
    this.#config = discovery;
    this.#kinds = [
      kind('router', discovery.routers),
      kind('network', discovery.networks),
      kind('ovn-network', discovery.ovnNetworks),
    ];
    for (const port of ports) {
      const id = parseOwnerId(port.owner);
      if (id === undefined) continue;
      const listed = this.#listed.get(port.namespace) ?? new Map<string, Owner>();
      this.#listed.set(port.namespace, listed.set(port.interface, { kind: port.kind, id }));
    }
  }

  /** Reads a namespace's name; undefined when nothing in it is to be steered. */
  find(namespace: string): OwnerOf | undefined {
    const listed = this.#listed.get(namespace);
    const matched = this.#match(namespace);
    if (listed === undefined && matched === undefined) return undefined;
    return (name) => listed?.get(name) ?? matched?.(name);
  }

  /** Whose interfaces a namespace may have, whatever is in it. */
  owners(namespace: string): readonly Owner[] {
    const { owner } = this.#matched(namespace) ?? {};
    return [...(owner === undefined ? [] : [owner]), ...(this.#listed.get(namespace)?.values() ?? [])];
  }

  #match(namespace: string): OwnerOf | undefined {
    const { owner, interfaces = [] } = this.#matched(namespace) ?? {};
    if (owner === undefined) return undefined;
    return (name) => (interfaces.some((each) => each.test(name)) ? owner : undefined);
  }

  #matched(namespace: string): { readonly owner: Owner; readonly interfaces: readonly RegExp[] } | undefined {
    for (const { kind, namespace: pattern, interfaces } of this.#kinds) {
      const id = parseOwnerId(pattern.exec(namespace)?.[1] ?? '');
      if (id !== undefined && isChosen(this.#config, id)) return { owner: { kind, id }, interfaces };
    }
    return undefined;
  }
}

/** Whether an owner's interfaces are steered where there are any: chosen by the configuration, or listed in it. */
export function isSelected({ discovery, ports }: Config, id: OwnerId): boolean {
  return isChosen(discovery, id) || ports.some(({ owner }) => parseOwnerId(owner) === id);
}

function isChosen({ include, exclude }: Config['discovery'], id: OwnerId): boolean {
  return !exclude.includes(id) && include?.includes(id) !== false;
}

function kind(
  name: OwnerKind,
  patterns: { readonly namespaces: string; readonly interfaces: readonly string[] },
): Kind {
  const [before = '', after = ''] = patterns.namespaces.split('{uuid}');
  return {
    kind: name,
    namespace: new RegExp(`^${literally(before)}([0-9a-fA-F-]{36})${literally(after)}$`),
    interfaces: patterns.interfaces.map((glob) => new RegExp(`^${glob.split('*').map(literally).join('.*')}$`)),
  };
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
