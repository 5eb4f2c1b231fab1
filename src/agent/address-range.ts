import { BlockList, isIP } from 'node:net';
import { parseClientAddress } from '../identity/client-address.ts';

/** One address, or all that begin with the same bits. */
export interface AddressRange {
  readonly family: 'ipv4' | 'ipv6';
  readonly list: BlockList;
}

/** An address, or one with a prefix length. */
const RANGE = /^([^/]*)(?:\/(\d{1,3}))?$/;

/** Reads an address or a range such as 10.0.0.0/24; undefined when it is neither. */
export function parseRange(text: string): AddressRange | undefined {
  const [, given = '', prefix] = RANGE.exec(text) ?? [];
  const address = parseClientAddress(given);
  const family = address === undefined ? undefined : familyOf(address);
  if (address === undefined || family === undefined) return undefined;
  const bits = family === 'ipv4' ? 32 : 128;
  const length = prefix === undefined ? bits : Number(prefix);
  if (length > bits) return undefined;
  const list = new BlockList();
  list.addSubnet(address, length, family);
  return { family, list };
}

/** Tells whether a range has an address. Node would find IPv4 addresses in a range of IPv6 too, as mapped ones. */
export function covers({ family, list }: AddressRange, address: string): boolean {
  return family === familyOf(address) && list.check(address, family);
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address);
  if (version === 0) return undefined;
  return version === 4 ? 'ipv4' : 'ipv6';
}
