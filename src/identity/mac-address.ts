declare const brand: unique symbol;

/** An Ethernet address as `fa:16:3e:00:00:0a`. */
export type MacAddress = string & { readonly [brand]: 'MacAddress' };

/** Every byte as two digits: an address is written for every client. */
const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

const TEXT = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

/** Reads the six bytes of an Ethernet address in the order they have on the wire. */
export function macAddressFromBytes(bytes: Uint8Array): MacAddress {
  if (bytes.length !== 6) throw new RangeError(`an Ethernet address has 6 bytes, not ${bytes.length}`);
  let text = '';
  for (const byte of bytes) text += text === '' ? DIGITS[byte] : `:${DIGITS[byte]}`;
  return text as MacAddress;
}

/** Reads the usual text form; undefined when it is not one. */
export function parseMacAddress(text: string): MacAddress | undefined {
  const lower = text.toLowerCase();
  return TEXT.test(lower) ? (lower as MacAddress) : undefined;
}

/** The six bytes in the order they have on the wire. */
export function macAddressBytes(mac: MacAddress): Uint8Array {
  return Uint8Array.from(mac.split(':'), (part) => Number.parseInt(part, 16));
}

/**
 * The link-local address an interface with this MAC forms by modified EUI-64 (RFC 4291 appendix A):
 * the form in which a metadata agent finds the instance of a link-local client (contract.md 2.1).
 */
export function linkLocalOf(mac: MacAddress): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = macAddressBytes(mac);
  const groups = [((a ^ 0x02) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f];
  return `fe80::${compressed(groups)}`;
}

/**
 * The MAC that a link-local address was formed from by modified EUI-64 (RFC 4291 appendix A); undefined when it was not.
 * The address must be in the form of RFC 5952.
 */
export function macOfLinkLocal(address: string): MacAddress | undefined {
  const [before = '', after = ''] = address.toLowerCase().split('::');
  if (before !== 'fe80') return undefined;
  const groups = after.split(':').map((group) => Number.parseInt(group, 16));
  const [a = 0, b = 0, c = 0, d = 0] = [...Array.from({ length: 4 - groups.length }, () => 0), ...groups];
  if (groups.length > 4 || (b & 0xff) !== 0xff || c >> 8 !== 0xfe) return undefined;
  return macAddressFromBytes(Uint8Array.of((a >> 8) ^ 0x02, a & 0xff, b >> 8, c & 0xff, d >> 8, d & 0xff));
}

/**
 * Four groups after `fe80::`. Written out by RFC 5952, the zeros before them stay behind the `::`
 * even where the first group is zero too, since that run is then the longest.
 */
function compressed(groups: readonly number[]): string {
  const first = groups.findIndex((group) => group !== 0);
  return groups
    .slice(first === -1 ? groups.length : first)
    .map((group) => group.toString(16))
    .join(':');
}

/** Looks up the MAC address that frames of a connection came from, by the descriptor of its socket. */
export type PeerMac = (fd: number) => MacAddress | undefined;
