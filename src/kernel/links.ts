import { type MacAddress, macAddressFromBytes } from '../identity/mac-address.ts';
import type { NamespaceId } from './events.ts';
import { callAsync, cString, room } from './ffi.ts';
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
  /** What makes it, such as `veth` or `openvswitch`; empty for hardware. */
  readonly kind: string;
  /** An address of its own: IPv4 or global IPv6, other than the metadata address. */
  readonly hasAddress: boolean;
}

const IFF_UP = 1;
const ARPHRD_ETHER = 1;
const LINKS_USUAL = 128;
const LINKS_MAX = 32768;

/** From the kernel's form. */
export function linkOf(layout: LinkLayout): Link {
  return {
    ifindex: layout.ifindex,
    name: textOf(layout.name),
    mac: macAddressFromBytes(layout.mac),
    mtu: layout.mtu,
    isUp: (layout.flags & IFF_UP) !== 0,
    isEthernet: layout.type === ARPHRD_ETHER,
    hasAddress: layout.addresses > 0,
    kind: textOf(layout.kind),
  };
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.subarray(0, end === -1 ? undefined : end)).toString('latin1');
}

/** What is in a namespace, and by which id its changes are called in the event stream. */
export interface NamespaceContents {
  readonly id: NamespaceId;
  readonly links: readonly Link[];
}

/** Room for interfaces between two uses; as many as looks ever ran at once. */
const spareLinks: Buffer[] = [];

/**
 * Looks at a namespace. From then on its changes appear in the event stream, under the same id each time.
 *
 * @throws {KernelError} ENOENT or EINVAL when `netns` names no namespace.
 */
export async function lookAtNamespace(netns: string): Promise<NamespaceContents> {
  const links = spareLinks.pop() ?? Buffer.alloc(LINKS_USUAL * LINK_BYTES);
  try {
    return await lookWith(links, netns);
  } catch (error) {
    if (!isKernelError(error, 'ENOSPC')) throw error;
    return await lookWith(Buffer.alloc(LINKS_MAX * LINK_BYTES), netns);
  } finally {
    spareLinks.push(links);
  }
}

async function lookWith(links: Buffer, netns: string): Promise<NamespaceContents> {
  const [count, id] = [room(4), room(4)];
  await callAsync('ms_netns_look', cString(netns), links, links.length / LINK_BYTES, count, id);
  return {
    id: id.readInt32LE(),
    links: Array.from({ length: count.readUInt32LE() }, (_, index) => linkOf(readLink(links, index * LINK_BYTES))),
  };
}
