import type { ClientAddress } from '../identity/client-address.ts';
import type { Owner } from '../identity/owner-id.ts';
import type { ProxySettings } from './messages.ts';

/** Counts a request of a client; returns milliseconds until one may be served, 0 for now. The worker hands it in. */
export type CountRequest = (client: string) => number;

/**
 * Neutron's request limits (contract.md 1.3): per owner and client address, refused with 429. Other than there, both IP
 * versions may be limited at once, a refused client is told when to come back, and refused requests need not count.
 */
export class RateLimit {
  readonly #ipVersions: ReadonlySet<number>;
  readonly #count: CountRequest;

  constructor(settings: NonNullable<ProxySettings['rateLimit']>, count: CountRequest) {
    this.#ipVersions = new Set(settings.ipVersions);
    this.#count = count;
  }

  /** Counts a request. Returns whole seconds until the client may ask again, undefined when it may now. */
  refuses(owner: Owner, client: ClientAddress): number | undefined {
    const version = client.includes(':') ? 6 : 4;
    if (!this.#ipVersions.has(version)) return undefined;
    const waitMs = this.#count(`${owner.kind} ${owner.id} ${client}`);
    return waitMs === 0 ? undefined : Math.max(1, Math.ceil(waitMs / 1000));
  }
}
