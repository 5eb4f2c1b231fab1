import type { ClientAddress } from '../identity/client-address.ts';
import type { MacAddress } from '../identity/mac-address.ts';
import type { Owner } from '../identity/owner-id.ts';

/** Who asks for metadata, as the proxy in front says. */
export interface Asker {
  readonly owner: Owner;
  readonly address: ClientAddress;
  /**
   * MAC address of the client's frames, when the proxy says it. A guest behind a haproxy may have written it, so it can only
   * take away from what is found by owner and address, never choose or add.
   */
  readonly mac?: MacAddress;
}

/** An instance that an asker may be. */
export interface Instance {
  /** UUID of the instance in nova: `device_id` of its port. */
  readonly instanceId: string;
  readonly projectId: string;
  /** MAC addresses whose frames may carry the asker's address; undefined: any. */
  readonly macs?: readonly MacAddress[];
}

/** Where instances are looked up: Neutron's API, or an inventory file. */
export interface InstanceSource {
  /**
   * All instances with the asker's address (link-local: the MAC it was formed from) on the owner's networks, by the rules
   * of contract.md 2.2, whatever MAC the asker has. Whether there is exactly one, and whether the MAC is one of its `macs`, is
   * for the resolver to judge. `macs` are those of the port with the address and of its allowed address pairs; where the
   * asker's is not among them, also those of the instance's other ports on the owner's networks.
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
