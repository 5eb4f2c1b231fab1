/** The frames of the tables: one good packet per program and family, and what a row changes about it. */
import {
  ACK,
  bytes,
  type EthernetFields,
  ethernet,
  frame,
  type Ipv4Fields,
  type Ipv6Fields,
  ipv4,
  ipv4Bytes,
  ipv6,
  ipv6Bytes,
  type Layer,
  SYN,
  type TcpFields,
  tcp,
} from '../../bench/packet-builder.ts';

export type Family = 'ipv4' | 'ipv6';
export const FAMILIES: readonly Family[] = ['ipv4', 'ipv6'];

interface Host {
  readonly mac: string;
  readonly ipv4: string;
  readonly ipv6: string;
}

export const ROUTER: Host = { mac: 'fa:16:3e:00:00:01', ipv4: '10.0.0.1', ipv6: 'fe80::f816:3eff:fe00:1' };
export const INSTANCE: Host = { mac: 'fa:16:3e:00:00:0a', ipv4: '10.0.0.5', ipv6: 'fe80::f816:3eff:fe00:a' };
export const OTHER_INSTANCE: Host = { mac: 'fa:16:3e:00:00:0b', ipv4: '10.0.0.6', ipv6: 'fe80::f816:3eff:fe00:b' };
/** The port device. It shares the first bytes with the others, so that every byte of it is compared. */
export const DEVICE: Host = { mac: 'fa:16:3e:00:00:fe', ipv4: '169.254.169.254', ipv6: 'fe80::a9fe:a9fe' };
export const METADATA = { ipv4: '169.254.169.254', ipv6: 'fe80::a9fe:a9fe' } as const;

export const CLIENT_PORT = 40000;
export const ETHERNET_BYTES = 14;
export const IP_BYTES: Readonly<Record<Family, number>> = { ipv4: 20, ipv6: 40 };
export const TCP_BYTES = 20;
/** Of Ethernet, IP and TCP without options. */
export const HEADER_BYTES: Readonly<Record<Family, number>> = { ipv4: 54, ipv6: 74 };

/** What differs from the good packet. Fields not named stay as they are. */
export interface Mutations {
  readonly ethernet?: Partial<EthernetFields>;
  /** Between the Ethernet and the IP header. */
  readonly tags?: readonly Layer[];
  /** Of either family's header. */
  readonly ip?: { readonly from?: string; readonly to?: string };
  readonly ipv4?: Partial<Ipv4Fields>;
  readonly ipv6?: Partial<Ipv6Fields>;
  /** Between the IP and the TCP header. */
  readonly extensions?: readonly Layer[];
  readonly tcp?: Partial<TcpFields>;
  /** All after the IP header, in place of TCP. */
  readonly transport?: readonly Layer[];
  readonly payload?: string;
  /** Bytes after the end of the IP packet, as on a wire with a shortest frame of 60 bytes. */
  readonly padding?: number;
}

interface Ends {
  readonly ethernet: EthernetFields;
  readonly ip: { readonly from: string; readonly to: string };
  readonly tcp: TcpFields;
}

/** A SYN from the instance to the metadata service, as it arrives at the router interface. */
export function request(family: Family, mutations: Mutations = {}): Buffer {
  const good: Ends = {
    ethernet: { from: INSTANCE.mac, to: ROUTER.mac },
    ip: { from: INSTANCE[family], to: METADATA[family] },
    tcp: { from: CLIENT_PORT, to: 80, flags: SYN },
  };
  return built(family, good, mutations);
}

/** An answer to it as the port device sends it: a device without ARP puts its own MAC in both places. */
export function reply(family: Family, mutations: Mutations = {}): Buffer {
  const good: Ends = {
    ethernet: { from: DEVICE.mac, to: DEVICE.mac },
    ip: { from: METADATA[family], to: INSTANCE[family] },
    tcp: { from: 80, to: CLIENT_PORT, flags: SYN | ACK },
  };
  return built(family, good, mutations);
}

function built(family: Family, good: Ends, mutations: Mutations): Buffer {
  const ip = { ...good.ip, ...mutations.ip };
  const segment = tcp({ ...good.tcp, ...mutations.tcp });
  const packet = frame(
    ethernet({ ...good.ethernet, ...mutations.ethernet }),
    ...(mutations.tags ?? []),
    family === 'ipv4' ? ipv4({ ...ip, ...mutations.ipv4 }) : ipv6({ ...ip, ...mutations.ipv6 }),
    ...(mutations.extensions ?? []),
    ...(mutations.transport ?? [segment, bytes(0, mutations.payload ?? '')]),
  );
  return Buffer.concat([packet, Buffer.alloc(mutations.padding ?? 0)]);
}

/** The change that makes the IP header promise what is left of a frame cut to `length` bytes. */
export function lengthOf(family: Family, length: number): Mutations {
  const datagram = length - ETHERNET_BYTES;
  return family === 'ipv4' ? { ipv4: { totalLength: datagram } } : { ipv6: { payloadLength: datagram - 40 } };
}

/** Every length in bytes from `first` to `last`. */
export function lengths(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** An address as the programs keep it: 16 bytes, IPv4 as ::ffff:a.b.c.d. */
export function clientKey(address: string): Buffer {
  if (address.includes(':')) return ipv6Bytes(address);
  return Buffer.concat([Buffer.alloc(10), Buffer.from([0xff, 0xff]), ipv4Bytes(address)]);
}

/** The source or destination of a frame as the programs keep it; undefined where it is not IP, or ends before. */
export function addressKey(packet: Buffer, end: 'source' | 'destination'): Buffer | undefined {
  const type = packet.readUInt16BE(12);
  const length = type === 0x86dd ? 16 : 4;
  const first = type === 0x86dd ? 22 : 26;
  const at = end === 'source' ? first : first + length;
  if ((type !== 0x86dd && type !== 0x0800) || packet.length < at + length) return undefined;
  const address = packet.subarray(at, at + length);
  return length === 16 ? address : Buffer.concat([clientKey('0.0.0.0').subarray(0, 12), address]);
}

/**
 * The client's TCP port of a frame as the programs keep it: in network byte order, so the number differs from the usual
 * one on this machine. Undefined where the frame is not TCP, or ends before.
 */
export function clientPortOf(packet: Buffer, end: 'source' | 'destination'): number | undefined {
  const at = transportOf(packet);
  if (at === undefined || packet.length < at + 4) return undefined;
  return packet.readUInt16LE(at + (end === 'source' ? 0 : 2));
}

/** A port number in network byte order, as the programs keep it. */
export function portKey(port: number): number {
  return ((port & 0xff) << 8) | (port >> 8);
}

/** Whether a frame is TCP with SYN and without ACK. */
export function isSyn(packet: Buffer): boolean {
  const at = transportOf(packet);
  if (at === undefined || packet.length < at + 14) return false;
  return ((packet[at + 13] ?? 0) & (SYN | ACK)) === SYN;
}

/** Where the TCP header is behind an IP header without options or extensions. */
function transportOf(packet: Buffer): number | undefined {
  const type = packet.readUInt16BE(12);
  if (type === 0x0800 && packet[23] === 6) return ETHERNET_BYTES + IP_BYTES.ipv4;
  return type === 0x86dd && packet[20] === 6 ? ETHERNET_BYTES + IP_BYTES.ipv6 : undefined;
}

/** Whether an IP frame ends before its IP header does. Such a frame newer kernels refuse to test a program with. */
export function endsBeforeIpHeader(packet: Buffer): boolean {
  const type = packet.readUInt16BE(12);
  if (type === 0x0800) return packet.length < ETHERNET_BYTES + IP_BYTES.ipv4;
  return type === 0x86dd && packet.length < ETHERNET_BYTES + IP_BYTES.ipv6;
}
