import { MetasteerError } from '../errors.ts';
import { type Owner, type OwnerKind, parseOwnerId } from '../identity/owner-id.ts';
import type { Logger } from '../log.ts';

/** A list that nobody repeats is forgotten: the daemon has gone, and others serve what it served. */
const VALID_MS = 60_000;
/** More than a daemon can have (MS_PORTS_MAX), with what it does not steer. */
const OWNERS_MAX = 65_536;
const KINDS: ReadonlySet<string> = new Set<OwnerKind>(['router', 'network', 'ovn-network']);

/** The routers and networks of this node, where a daemon says which they are. Without a list, all are taken. */
export class LocalOwners {
  readonly #log: Logger;
  readonly #now: () => number;
  #known: ReadonlySet<string> | undefined;
  #until = 0;

  constructor(log: Logger, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** How many there are; undefined where nobody says. */
  get count(): number | undefined {
    return this.#valid()?.size;
  }

  /**
   * Takes a daemon's list in the place of the one before.
   *
   * @throws {MetasteerError} `config-invalid-value`
   */
  take(given: unknown): number {
    const owners = typeof given === 'object' && given !== null ? Reflect.get(given, 'owners') : undefined;
    if (!Array.isArray(owners) || owners.length > OWNERS_MAX || !owners.every(isOwner))
      throw new MetasteerError('config-invalid-value', `expected \`owners\`, at most ${OWNERS_MAX} of KIND/UUID`);
    if (this.#valid() === undefined)
      this.#log.info(
        { owners: owners.length },
        'answering for the owners of this node alone, as the daemon names them',
      );
    this.#known = new Set(owners);
    this.#until = this.#now() + VALID_MS;
    return this.#known.size;
  }

  has({ kind, id }: Owner): boolean {
    return this.#valid()?.has(`${kind}/${id}`) ?? true;
  }

  #valid(): ReadonlySet<string> | undefined {
    if (this.#known !== undefined && this.#now() > this.#until) {
      this.#known = undefined;
      this.#log.warn('the daemon no longer names the owners of this node: answering for all');
    }
    return this.#known;
  }
}

function isOwner(given: unknown): given is string {
  const [kind = '', id = '', ...rest] = typeof given === 'string' ? given.split('/') : [];
  return KINDS.has(kind) && parseOwnerId(id) === id && rest.length === 0;
}
