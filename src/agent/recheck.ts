import type { Identified } from './asker.ts';
import type { ResolverLike } from './resolver-like.ts';
import type { Asker, Instance } from './source.ts';

/** A client is looked up anew at most so often, so that asking for what is not there does not become asking Neutron. */
const INTERVAL_MS = 1000;
const CLIENTS_MAX = 4096;

/**
 * Nova's 404 can mean that the address went to another instance since it was looked up (contract.md 2.2): so the client is
 * looked up anew.
 */
export class Recheck {
  readonly #resolver: ResolverLike;
  /** When clients were last looked up anew; the longest ago comes first. */
  readonly #checkedAt = new Map<string, number>();

  constructor(resolver: ResolverLike) {
    this.#resolver = resolver;
  }

  /**
   * Who the client is now; undefined when it is who it was, cannot be told, or was looked up anew just before.
   *
   * @param instance who it was taken for
   */
  async changed({ asker }: Identified, instance: Instance): Promise<Instance | undefined> {
    if (!this.#isDue(asker)) return undefined;
    this.#resolver.forget(asker);
    // A failure here takes nothing from the reply that is there.
    const resolution = await this.#resolver.resolve(asker).catch(() => undefined);
    if (resolution?.kind !== 'found') return undefined;
    const { instanceId, projectId } = resolution.instance;
    const isSame = instanceId === instance.instanceId && projectId === instance.projectId;
    return isSame ? undefined : resolution.instance;
  }

  #isDue({ owner, address }: Asker): boolean {
    const key = `${owner.kind} ${owner.id} ${address}`;
    const now = performance.now();
    const last = this.#checkedAt.get(key);
    if (last !== undefined && now - last < INTERVAL_MS) return false;
    this.#checkedAt.delete(key);
    this.#checkedAt.set(key, now);
    if (this.#checkedAt.size > CLIENTS_MAX) {
      const [oldest] = this.#checkedAt.keys();
      if (oldest !== undefined) this.#checkedAt.delete(oldest);
    }
    return true;
  }
}
