/**
 * Ethernet frames written as layers, outermost first:
 *
 *   frame(ethernet({ from, to }), ipv4({ from, to }), tcp({ from: 40000, to: 80, flags: SYN }))
 *
 * Numbers of the next layer, lengths and checksums are right unless a field says otherwise.
 */

/** What an outer layer tells the layers in it. */
interface Surroundings {
  /** The number by which the next layer is known: an EtherType, or an IP protocol. */
  readonly next: number;
  /** Source and destination of the nearest IP header, for checksums over the pseudo-header. */
  readonly addresses: Buffer;
}

/** One header, or bytes that end the frame. */
export interface Layer {
  /** EtherType or IP protocol by which the layer before names this one. */
  readonly number: number;
  /** Source and destination in network byte order, where this is an IP header. */
  readonly addresses?: Buffer;
  /** This layer's bytes, followed by `payload`. */
  encode(payload: Buffer, surroundings: Surroundings): Buffer;
}

/** The bytes of a frame, as they are on the wire without the frame check sequence. */
export function frame(...layers: readonly Layer[]): Buffer {
  return layers.reduceRight((payload: Buffer, layer, index) => {
    const outer = layers.slice(0, index).findLast(({ addresses }) => addresses !== undefined);
    return layer.encode(payload, {
      next: layers[index + 1]?.number ?? NO_NEXT_HEADER,
      addresses: outer?.addresses ?? Buffer.alloc(0),
    });
  }, Buffer.alloc(0));
}

/** RFC 8200 section 4.7. */
const NO_NEXT_HEADER = 59;

export interface EthernetFields {
  readonly from: string;
  readonly to: string;
  readonly type?: number;
}

export function ethernet({ from, to, type }: EthernetFields): Layer {
  return {
    number: 0,
    encode: (payload, { next }) => Buffer.concat([macBytes(to), macBytes(from), uint16(type ?? next), payload]),
  };
}

/** An 802.1Q tag; `ethertype` 0x88a8 makes it 802.1ad. */
export function vlan({ id, ethertype = 0x8100 }: { readonly id: number; readonly ethertype?: number }): Layer {
  return {
    number: ethertype,
    encode: (payload, { next }) => Buffer.concat([uint16(id), uint16(next), payload]),
  };
}

/** An ARP request for IPv4 over Ethernet (RFC 826). */
export function arpRequest(fields: { readonly mac: string; readonly from: string; readonly to: string }): Layer {
  const body = [macBytes(fields.mac), ipv4Bytes(fields.from), Buffer.alloc(6), ipv4Bytes(fields.to)];
  return bytes(0x0806, Buffer.concat([uint16(1), uint16(0x0800), Buffer.from([6, 4]), uint16(1), ...body]));
}

export interface Ipv4Fields {
  readonly from: string;
  readonly to: string;
  readonly version?: number;
  /** Header length in 32-bit words. */
  readonly headerWords?: number;
  readonly totalLength?: number;
  /** Flags and offset as one 16-bit field: 0x4000 don't fragment, 0x2000 more fragments. */
  readonly fragment?: number;
  readonly protocol?: number;
  readonly checksum?: number;
  /** A multiple of four bytes. */
  readonly options?: Buffer;
}

export function ipv4(fields: Ipv4Fields): Layer {
  const addresses = Buffer.concat([ipv4Bytes(fields.from), ipv4Bytes(fields.to)]);
  const options = fields.options ?? Buffer.alloc(0);
  return {
    number: 0x0800,
    addresses,
    encode: (payload, { next }) => {
      const header = Buffer.alloc(20 + options.length);
      header[0] = ((fields.version ?? 4) << 4) | (fields.headerWords ?? header.length / 4);
      header.writeUInt16BE(fields.totalLength ?? header.length + payload.length, 2);
      header.writeUInt16BE(fields.fragment ?? 0x4000, 6);
      header[8] = 64;
      header[9] = fields.protocol ?? next;
      header.set(addresses, 12);
      header.set(options, 20);
      header.writeUInt16BE(fields.checksum ?? internetChecksum(header), 10);
      return Buffer.concat([header, payload]);
    },
  };
}

export interface Ipv6Fields {
  readonly from: string;
  readonly to: string;
  readonly version?: number;
  readonly payloadLength?: number;
  readonly nextHeader?: number;
}

export function ipv6(fields: Ipv6Fields): Layer {
  const addresses = Buffer.concat([ipv6Bytes(fields.from), ipv6Bytes(fields.to)]);
  return {
    number: 0x86dd,
    addresses,
    encode: (payload, { next }) => {
      const header = Buffer.alloc(8);
      header[0] = (fields.version ?? 6) << 4;
      header.writeUInt16BE(fields.payloadLength ?? payload.length, 4);
      header[6] = fields.nextHeader ?? next;
      header[7] = 64;
      return Buffer.concat([header, addresses, payload]);
    },
  };
}

/** An IPv6 extension header of 8 bytes: next header, length 0, and `body` for the other six. */
export function extension(number: number, body: Buffer = Buffer.from([1, 4, 0, 0, 0, 0])): Layer {
  return { number, encode: (payload, { next }) => Buffer.concat([Buffer.from([next, 0]), body, payload]) };
}

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;

export interface TcpFields {
  readonly from: number;
  readonly to: number;
  readonly flags: number;
  /** Sequence number; 1000 unless given. */
  readonly seq?: number;
  /** Acknowledgement number; 2000 with ACK unless given. */
  readonly ackSeq?: number;
  /** Data offset in 32-bit words. */
  readonly headerWords?: number;
  readonly checksum?: number;
  /** A multiple of four bytes. */
  readonly options?: Buffer;
}

export function tcp(fields: TcpFields): Layer {
  const options = fields.options ?? Buffer.alloc(0);
  return {
    number: 6,
    encode: (payload, { addresses }) => {
      const segment = Buffer.concat([Buffer.alloc(20), options, payload]);
      segment.writeUInt16BE(fields.from, 0);
      segment.writeUInt16BE(fields.to, 2);
      segment.writeUInt32BE(fields.seq ?? 1000, 4);
      segment.writeUInt32BE(fields.ackSeq ?? ((fields.flags & ACK) === 0 ? 0 : 2000), 8);
      segment[12] = (fields.headerWords ?? 5 + options.length / 4) << 4;
      segment[13] = fields.flags;
      segment.writeUInt16BE(64240, 14);
      segment.writeUInt16BE(fields.checksum ?? transportChecksum(addresses, 6, segment), 16);
      return segment;
    },
  };
}

export function udp({ from, to }: { readonly from: number; readonly to: number }): Layer {
  return {
    number: 17,
    encode: (payload, { addresses }) => {
      const length = 8 + payload.length;
      const datagram = Buffer.concat([uint16(from), uint16(to), uint16(length), uint16(0), payload]);
      datagram.writeUInt16BE(transportChecksum(addresses, 17, datagram), 6);
      return datagram;
    },
  };
}

/** An ICMP message (RFC 792) of a type with code 0; `body` is all after the checksum. */
export function icmp(type: number, body: Buffer = Buffer.alloc(4)): Layer {
  const message = Buffer.concat([Buffer.from([type, 0, 0, 0]), body]);
  message.writeUInt16BE(internetChecksum(message), 2);
  return bytes(1, message);
}

/** The same of ICMPv6 (RFC 4443), whose checksum covers the addresses. */
export function icmpv6(type: number, body: Buffer = Buffer.alloc(4)): Layer {
  return {
    number: 58,
    encode: (_, { addresses }) => {
      const message = Buffer.concat([Buffer.from([type, 0, 0, 0]), body]);
      message.writeUInt16BE(transportChecksum(addresses, 58, message), 2);
      return message;
    },
  };
}

/** Bytes as they are, known to the layer before as `number`. */
export function bytes(number: number, content: Buffer | string): Layer {
  return { number, encode: (payload) => Buffer.concat([Buffer.from(content), payload]) };
}

/** `fa:16:3e:00:00:0a` as the six bytes on the wire. */
export function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}

/** The four bytes on the wire. */
export function ipv4Bytes(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

/** The sixteen bytes on the wire. No form with an IPv4 address in it is read. */
export function ipv6Bytes(address: string): Buffer {
  const [head = [], tail] = address.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = tail === undefined ? 0 : 8 - head.length - tail.length;
  const groups = [...head, ...Array.from({ length: zeros }, () => '0'), ...(tail ?? [])];
  return Buffer.concat(groups.map((group) => uint16(Number.parseInt(group, 16))));
}

function uint16(value: number): Buffer {
  const two = Buffer.alloc(2);
  two.writeUInt16BE(value);
  return two;
}

function transportChecksum(addresses: Buffer, protocol: number, segment: Buffer): number {
  return internetChecksum(Buffer.concat([addresses, uint16(protocol), uint16(segment.length), segment]));
}

/** RFC 1071; the field itself must be zero. */
function internetChecksum(data: Buffer): number {
  const even = data.length % 2 === 0 ? data : Buffer.concat([data, Buffer.alloc(1)]);
  let sum = 0;
  for (let at = 0; at < even.length; at += 2) sum += even.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
