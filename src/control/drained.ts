import { MetasteerError } from '../errors.ts';
import { type OwnerId, parseOwnerId } from '../identity/owner-id.ts';
import type { FoundInterface } from './port.ts';

/** What an operator wants not to be steered: everything, an owner, or an interface as `NAMESPACE/INTERFACE`. */
export type DrainTarget =
  | { readonly kind: 'all' }
  | { readonly kind: 'owner'; readonly owner: OwnerId }
  | { readonly kind: 'interface'; readonly name: string };

/** As it is handed on to the next daemon. */
export interface DrainedDocument {
  readonly all: boolean;
  readonly owners: readonly string[];
  readonly interfaces: readonly string[];
}

/** What is not steered because an operator said so, until one says otherwise. Bounded by what operators name. */
export class Drained {
  #all = false;
  readonly #owners = new Set<OwnerId>();
  readonly #interfaces = new Set<string>();

  static of({ all, owners, interfaces }: DrainedDocument): Drained {
    const drained = new Drained();
    drained.#all = all;
    for (const each of owners) {
      const owner = parseOwnerId(each);
      if (owner !== undefined) drained.#owners.add(owner);
    }
    for (const name of interfaces) drained.#interfaces.add(name);
    return drained;
  }

  get document(): DrainedDocument {
    return { all: this.#all, owners: [...this.#owners], interfaces: [...this.#interfaces] };
  }

  has(found: FoundInterface): boolean {
    return this.#all || this.#owners.has(found.owner.id) || this.#interfaces.has(nameOf(found));
  }

  add(target: DrainTarget): void {
    if (target.kind === 'all') this.#all = true;
    else if (target.kind === 'owner') this.#owners.add(target.owner);
    else this.#interfaces.add(target.name);
  }

  /**
   * Takes a target back; all takes everything back.
   *
   * @throws {MetasteerError} `drain-target-unknown` when it is not drained, or not by that name
   */
  remove(target: DrainTarget): void {
    if (target.kind === 'all') {
      this.#all = false;
      this.#owners.clear();
      this.#interfaces.clear();
      return;
    }
    const isGone = target.kind === 'owner' ? this.#owners.delete(target.owner) : this.#interfaces.delete(target.name);
    if (isGone) return;
    const why = this.#all ? 'everything is drained: `metasteer undrain` alone takes that back' : 'it is not drained';
    throw new MetasteerError('drain-target-unknown', `${targetText(target)}: ${why}`);
  }
}

/** Whether a target means this interface. */
export function isTarget(target: DrainTarget, found: FoundInterface): boolean {
  if (target.kind === 'all') return true;
  return target.kind === 'owner' ? found.owner.id === target.owner : nameOf(found) === target.name;
}

export function targetText(target: DrainTarget): string {
  if (target.kind === 'all') return 'all owners';
  return target.kind === 'owner' ? `owner ${target.owner}` : target.name;
}

/**
 * Reads what an operator wrote: nothing for all, an owner's UUID, a port's number, or `NAMESPACE/INTERFACE`.
 *
 * @param interfaceOf the interface of a port's number
 * @throws {MetasteerError} `drain-target-unknown`
 */
export function parseTarget(
  text: string | undefined,
  interfaceOf: (port: number) => FoundInterface | undefined,
): DrainTarget {
  if (text === undefined) return { kind: 'all' };
  const owner = parseOwnerId(text);
  if (owner !== undefined) return { kind: 'owner', owner };
  if (/^[^/]+\/[^/]+$/.test(text)) return { kind: 'interface', name: text };
  const found = /^\d{1,5}$/.test(text) ? interfaceOf(Number(text)) : undefined;
  if (found !== undefined) return { kind: 'interface', name: nameOf(found) };
  throw new MetasteerError('drain-target-unknown', `there is no owner, port or interface ${JSON.stringify(text)}`);
}

function nameOf({ namespace, link }: FoundInterface): string {
  return `${namespace}/${link.name}`;
}
