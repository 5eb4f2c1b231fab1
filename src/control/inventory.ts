import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { messageOf } from '../errors.ts';
import { type NamespaceId, watchNamespace } from '../kernel/events.ts';
import { type Link, listLinks } from '../kernel/links.ts';
import type { Changes } from './changes.ts';
import { type OwnerOf, OwnerRules } from './owners.ts';
import type { FoundInterface } from './port.ts';

interface KnownNamespace {
  readonly ownerOf: OwnerOf;
  readonly inode: number;
  readonly id: NamespaceId;
  readonly links: readonly Link[];
}

/**
 * The namespaces of owners and what is in them, kept in step by looking again at those that may have changed.
 * Bounded by the namespaces there are.
 */
export class Inventory {
  readonly #config: Config;
  readonly #rules: OwnerRules;
  readonly #known = new Map<string, KnownNamespace>();
  readonly #broken = new Map<string, string>();
  readonly #names = new Map<NamespaceId, string>();

  constructor(config: Config) {
    this.#config = config;
    this.#rules = new OwnerRules(config);
  }

  /** Looks at what may have changed. Never throws: a namespace that cannot be read is among the broken. */
  async refresh(changes: Changes): Promise<void> {
    const present = namespaceNames(this.#config.netnsDir);
    const isPresent = new Set(present);
    for (const name of [...this.#known.keys(), ...this.#broken.keys()]) if (!isPresent.has(name)) this.#forget(name);
    const names = changes.all ? present : [...changes.names].filter((name) => isPresent.has(name));
    for (const name of names) await this.#look(name);
  }

  /** The interfaces of all owners, in the order of their namespaces' names. */
  get found(): readonly FoundInterface[] {
    return [...this.#known].flatMap(([name, { ownerOf, inode, links }]) =>
      links.flatMap((link) => {
        const owner = ownerOf(link.name);
        if (owner === undefined) return [];
        return { owner, namespace: name, netns: this.#pathOf(name), netnsInode: inode, link };
      }),
    );
  }

  /** Namespaces of owners that cannot be read, and why. */
  get broken(): ReadonlyMap<string, string> {
    return this.#broken;
  }

  /** The name of the namespace that events call by this id; undefined when it is no owner's. */
  nameOf(id: NamespaceId): string | undefined {
    return this.#names.get(id);
  }

  async #look(name: string): Promise<void> {
    const ownerOf = this.#rules.find(name);
    if (ownerOf === undefined) return;
    const path = this.#pathOf(name);
    try {
      const inode = statSync(path).ino;
      // The watch first: what changes between the two is then heard.
      const id = await watchNamespace(path);
      const links = await listLinks(path);
      if (statSync(path).ino !== inode) throw new Error('it was replaced while it was looked at');
      this.#known.set(name, { ownerOf, inode, id, links });
      this.#names.set(id, name);
      this.#broken.delete(name);
    } catch (error) {
      // What is known of it still holds while it is the same namespace: one failed look must not cut connections.
      if (this.#known.get(name)?.inode !== inodeOf(path)) this.#forget(name);
      this.#broken.set(name, messageOf(error));
    }
  }

  #forget(name: string): void {
    const id = this.#known.get(name)?.id;
    if (id !== undefined && this.#names.get(id) === name) this.#names.delete(id);
    this.#known.delete(name);
    this.#broken.delete(name);
  }

  #pathOf(name: string): string {
    return join(this.#config.netnsDir, name);
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

/** Names in the directory of namespaces; before the first one is made there may be no directory. */
function namespaceNames(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}
