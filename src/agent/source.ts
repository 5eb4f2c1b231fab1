import type { ClientAddress } from '../identity/client-address.ts';
import type { MacAddress } from '../identity/mac-address.ts';
import type { Owner } from '../identity/owner-id.ts';

/** Who asks for metadata, as the proxy in front says. */
export interface Asker {
  readonly owner: Owner;
  readonly address: ClientAddress;
  /** MAC address of the client's frames, when the proxy knows it. It can only ever narrow down what is found. */
  readonly mac?: MacAddress;
}

/** An instance that an asker may be. */
export interface Instance {
  /** UUID of the instance in nova: `device_id` of its port. */
  readonly instanceId: string;
  readonly projectId: string;
  /** MAC address of the port that was found. */
  readonly mac?: MacAddress;
}

/** Where instances are looked up: Neutron's API, or an inventory file. */
export interface InstanceSource {
  /**
   * All instances with the asker's address (link-local: the MAC it was formed from) on the owner's networks, by the rules
   * of contract.md 2.2. Whether there is exactly one is for the resolver to judge.
   *
   * @throws {SourceError} when it cannot be told: "nothing found" is an empty list, never an error, and the other way round
   */
  find(asker: Asker, signal: AbortSignal): Promise<readonly Instance[]>;
  /** Forgets what the source itself remembers about where an asker is, such as the networks of its router. */
  forget?(asker: Asker): void;
  close(): Promise<void>;
}

/** A look-up that could not be made. No request is ever signed after one. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}
