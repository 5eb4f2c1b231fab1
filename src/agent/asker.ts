import { type ClientAddress, parseClientAddress } from '../identity/client-address.ts';
import { type MacAddress, parseMacAddress } from '../identity/mac-address.ts';
import { type Owner, type OwnerKind, parseOwnerId } from '../identity/owner-id.ts';
import { type Reason, Refusal } from './refuse.ts';
import type { Asker } from './source.ts';

/** Who asks, and in which words the proxy said it. */
export interface Identified {
  readonly asker: Asker;
  /** X-Forwarded-For as it came, which is how nova gets it (contract.md 2.5). */
  readonly forwardedFor: string;
  /** The proxy says that it does not know the client's MAC, though it says those that it knows. */
  readonly isMacUnknown: boolean;
}

/** Names that say who asks. What a name of the first three stands for decides what `Owner.kind` is. */
const OWNER_KINDS: Readonly<Record<string, OwnerKind>> = {
  'x-neutron-router-id': 'router',
  'x-neutron-network-id': 'network',
  'x-ovn-network-id': 'ovn-network',
};
const FORWARDED_FOR = 'x-forwarded-for';
const CLIENT_MAC = 'x-metasteer-client-mac';
const UNKNOWN_MAC = 'unknown';

/** All of them begin so, in any case; few other headers do. */
const X = 0x78;

/**
 * Reads who asks from a request's headers (contract.md 2.1). Everything that could mean two things is refused: proxies
 * append to a client's own X-Forwarded-For, and OVN's to its X-OVN-Network-ID, so of several values none is to be believed
 * (contract.md 1.2).
 *
 * @param rawHeaders names and values in turn, every line by itself, none left out
 * @throws {Refusal}
 */
export function identify(rawHeaders: readonly string[]): Identified {
  let ownerKind: OwnerKind | undefined;
  let ownerText = '';
  let owners = 0;
  let forwardedFor: string | undefined;
  let addresses = 0;
  let macText: string | undefined;
  let macs = 0;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const raw = rawHeaders[index] ?? '';
    if ((raw.charCodeAt(0) | 0x20) !== X) continue;
    const name = raw.toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    if (name === FORWARDED_FOR) {
      forwardedFor = value;
      addresses += 1;
    } else if (name === CLIENT_MAC) {
      macText = value;
      macs += 1;
    } else if (Object.hasOwn(OWNER_KINDS, name)) {
      ownerKind = OWNER_KINDS[name];
      ownerText = value;
      owners += 1;
    }
  }
  const owner = ownerOf(ownerKind, ownerText, owners);
  const address = addressOf(forwardedFor, addresses);
  const isMacUnknown = macText === UNKNOWN_MAC && macs === 1;
  const mac = isMacUnknown ? undefined : macOf(macText, macs);
  return {
    asker: mac === undefined ? { owner, address } : { owner, address, mac },
    forwardedFor: forwardedFor ?? refuse('client-missing'),
    isMacUnknown,
  };
}

function ownerOf(kind: OwnerKind | undefined, text: string, count: number): Owner {
  if (kind === undefined) return refuse('owner-missing');
  if (count > 1) return refuse('owner-ambiguous');
  return { kind, id: parseOwnerId(text) ?? refuse('owner-malformed') };
}

function addressOf(text: string | undefined, count: number): ClientAddress {
  if (text === undefined) return refuse('client-missing');
  if (count > 1 || text.includes(',')) return refuse('client-ambiguous');
  return parseClientAddress(text) ?? refuse('client-malformed');
}

/** Without the header the proxy does not say MACs; a bad one is a mistake of the proxy, and never the same as none. */
function macOf(text: string | undefined, count: number): MacAddress | undefined {
  if (text === undefined) return undefined;
  return (count === 1 ? parseMacAddress(text) : undefined) ?? refuse('mac-malformed');
}

function refuse(reason: Reason): never {
  throw new Refusal(reason);
}
