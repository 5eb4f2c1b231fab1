import { type MacAddress, macAddressFromBytes } from '../identity/mac-address.ts';
import { callAsync, cString } from './ffi.ts';
import { isKernelError } from './kernel-error.ts';
import { LINK_BYTES, type Link as LinkLayout, readLink } from './layout.gen.ts';

/** A network interface as its namespace shows it. */
export interface Link {
  readonly ifindex: number;
  readonly name: string;
  readonly mac: MacAddress;
  /** Bytes. */
  readonly mtu: number;
  readonly isUp: boolean;
  readonly isEthernet: boolean;
  /** An address of its own: IPv4 or global IPv6, other than the metadata address. */
  readonly hasAddress: boolean;
}

const IFF_UP = 1;
const ARPHRD_ETHER = 1;
const LINKS_FIRST_TRY = 128;
const LINKS_MAX = 32768;

/** From the kernel's form. */
export function linkOf(layout: LinkLayout): Link {
  const end = layout.name.indexOf(0);
  return {
    ifindex: layout.ifindex,
    name: Buffer.from(layout.name.subarray(0, end === -1 ? undefined : end)).toString('latin1'),
    mac: macAddressFromBytes(layout.mac),
    mtu: layout.mtu,
    isUp: (layout.flags & IFF_UP) !== 0,
    isEthernet: layout.type === ARPHRD_ETHER,
    hasAddress: layout.addresses > 0,
  };
}

/**
 * Lists the interfaces of a namespace.
 *
 * @throws {KernelError} ENOENT or EINVAL when `netns` names no namespace.
 */
export async function listLinks(netns: string): Promise<readonly Link[]> {
  const path = cString(netns);
  for (let capacity = LINKS_FIRST_TRY; ; capacity *= 8) {
    const links = Buffer.alloc(capacity * LINK_BYTES);
    const count = Buffer.alloc(4);
    try {
      await callAsync('ms_links_list', path, links, capacity, count);
    } catch (error) {
      if (isKernelError(error, 'ENOSPC') && capacity < LINKS_MAX) continue;
      throw error;
    }
    return Array.from({ length: count.readUInt32LE() }, (_, index) => linkOf(readLink(links, index * LINK_BYTES)));
  }
}
