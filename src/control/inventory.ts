import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../errors.ts';
import type { NamespaceId } from '../kernel/events.ts';
import { lookAtNamespace } from '../kernel/links.ts';
import { giveBackMemorySoon, WORTH_GIVING_BACK } from '../kernel/memory.ts';
import { namespaceInode } from '../kernel/namespace.ts';
import type { Changes } from './changes.ts';
import type { LiveConfig } from './live-config.ts';
import { OwnerRules } from './owners.ts';
import { type FoundInterface, portKey } from './port.ts';

interface KnownNamespace {
  readonly inode: number;
  readonly id: NamespaceId;
  readonly found: readonly FoundInterface[];
}

/**
 * The namespaces of owners and what is in them, kept in step by looking again at those that may have changed.
 * Bounded by the namespaces there are.
 */
export class Inventory {
  readonly #config: LiveConfig;
  #rules: OwnerRules;
  readonly #known = new Map<string, KnownNamespace>();
  readonly #broken = new Map<string, string>();
  readonly #names = new Map<NamespaceId, string>();
  /**
   * What events were about that came while a look ran: perhaps the namespace that is looked at, also where the id was another's
   * before, because the kernel gives ids of those that are gone to others.
   */
  readonly #heard = new Set<NamespaceId>();
  readonly #missed = new Set<string>();
  #isLooking = false;

  constructor(config: LiveConfig) {
    this.#config = config;
    this.#rules = new OwnerRules(config.current);
  }

  /** Takes over what the configuration says now; to be followed by a look at everything. */
  reconfigure(): void {
    this.#rules = new OwnerRules(this.#config.current);
  }

  /** Whether the configuration wants an interface steered, if it is there. */
  wants({ namespace, link }: FoundInterface): boolean {
    return this.#rules.find(namespace)?.(link.name) !== undefined;
  }

  /** Looks at what may have changed. Never throws: a namespace that cannot be read is among the broken. */
  async refresh(changes: Changes): Promise<void> {
    const present = namespaceNames(this.#config.current.netnsDir);
    const isPresent = new Set(present);
    for (const name of [...this.#known.keys(), ...this.#broken.keys()]) if (!isPresent.has(name)) this.#forget(name);
    const names = changes.all ? present : [...changes.names].filter((name) => isPresent.has(name));
    this.#isLooking = true;
    for (const name of names) await this.#look(name);
    this.#isLooking = false;
    this.#heard.clear();
    // It leaves memory behind that only the next such look, minutes later, would use again.
    if (names.length >= WORTH_GIVING_BACK) giveBackMemorySoon();
  }

  /** The interfaces of all owners, in the order of their namespaces' names. */
  get found(): readonly FoundInterface[] {
    return [...this.#known.values()].flatMap(({ found }) => found);
  }

  /** Namespaces of owners that cannot be read, and why. */
  get broken(): ReadonlyMap<string, string> {
    return this.#broken;
  }

  /** The name of the namespace that an event calls by this id; undefined when it is no owner's, as far as is known. */
  nameOf(id: NamespaceId): string | undefined {
    if (this.#isLooking) this.#heard.add(id);
    return this.#names.get(id);
  }

  /**
   * Names of namespaces that changed while they were looked at: the kernel tells of a namespace from the moment
   * a look begins, and which one it tells of is known when the look ends.
   */
  takeMissed(): readonly string[] {
    const missed = [...this.#missed];
    this.#missed.clear();
    return missed;
  }

  async #look(name: string): Promise<void> {
    const ownerOf = this.#rules.find(name);
    if (ownerOf === undefined) {
      this.#forget(name);
      return;
    }
    const netns = join(this.#config.current.netnsDir, name);
    try {
      const inode = namespaceInode(netns);
      if (inode === undefined) throw new Error('it has gone');
      const { id, links } = await lookAtNamespace(netns);
      if (namespaceInode(netns) !== inode) throw new Error('it was replaced while it was looked at');
      const found = links.flatMap((link) => {
        const owner = ownerOf(link.name);
        if (owner === undefined) return [];
        const each = { owner, namespace: name, netns, netnsInode: inode, link };
        return { ...each, key: portKey(each) };
      });
      this.#known.set(name, { inode, id, found });
      this.#names.set(id, name);
      if (this.#heard.delete(id)) this.#missed.add(name);
      this.#broken.delete(name);
    } catch (error) {
      // What is known of it still holds while it is the same namespace: one failed look must not cut connections.
      if (this.#known.get(name)?.inode !== namespaceInode(netns)) this.#forget(name);
      this.#broken.set(name, messageOf(error));
    }
  }

  #forget(name: string): void {
    const id = this.#known.get(name)?.id;
    if (id !== undefined && this.#names.get(id) === name) this.#names.delete(id);
    this.#known.delete(name);
    this.#broken.delete(name);
  }
}

/** Names in the directory of namespaces; before the first one is made there may be no directory. */
function namespaceNames(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}
