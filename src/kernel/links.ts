import { type MacAddress, macAddressFromBytes } from '../identity/mac-address.ts';
import type { NamespaceId } from './events.ts';
import { callAsync, countIn, cString, type Memory, ownRoom, readS32, readU32, room } from './ffi.ts';
import { isKernelError } from './kernel-error.ts';
import { type Link as LinkLayout, MS_LINK_ETHERNET, MS_LINK_UP, readLink } from './layout.gen.ts';

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

const LINKS_USUAL = 128;
const LINKS_MAX = 32768;

/** From the kernel's form. */
export function linkOf(layout: LinkLayout): Link {
  return {
    ifindex: layout.ifindex,
    name: textOf(layout.name),
    mac: macAddressFromBytes(layout.mac),
    mtu: layout.mtu,
    isUp: (layout.flags & MS_LINK_UP) !== 0,
    isEthernet: layout.type === MS_LINK_ETHERNET,
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
const spareLinks: Memory<'ms_link'>[] = [];

/**
 * Looks at a namespace. From then on its changes appear in the event stream, under the same id each time.
 *
 * @throws {KernelError} ENOENT or EINVAL when `netns` names no namespace.
 */
export async function lookAtNamespace(netns: string): Promise<NamespaceContents> {
  const links = spareLinks.pop() ?? ownRoom('ms_link', LINKS_USUAL);
  try {
    return await lookWith(links, netns);
  } catch (error) {
    if (!isKernelError(error, 'ENOSPC')) throw error;
    return await lookWith(ownRoom('ms_link', LINKS_MAX), netns);
  } finally {
    spareLinks.push(links);
  }
}

async function lookWith(links: Memory<'ms_link'>, netns: string): Promise<NamespaceContents> {
  const [count, id] = [room('u32'), room('s32')];
  await callAsync('ms_netns_look', cString(netns), links, countIn(links, 'ms_link'), count, id);
  return {
    id: readS32(id),
    links: Array.from({ length: readU32(count) }, (_, index) => linkOf(readLink(links, index))),
  };
}
