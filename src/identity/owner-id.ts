declare const brand: unique symbol;

/** UUID of the router or network a port belongs to, in lower case. It only ever comes from a namespace's name. */
export type OwnerId = string & { readonly [brand]: 'OwnerId' };

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Reads an owner's UUID; undefined when the text is not one in the canonical form of RFC 9562 section 4. */
export function parseOwnerId(text: string): OwnerId | undefined {
  const lower = text.toLowerCase();
  return UUID.test(lower) ? (lower as OwnerId) : undefined;
}

/** What kind of thing an owner is; it decides which identity header the agent gets (contract.md 1.5, 1.6, 3). */
export type OwnerKind = 'router' | 'network' | 'ovn-network';

export interface Owner {
  readonly kind: OwnerKind;
  readonly id: OwnerId;
}
