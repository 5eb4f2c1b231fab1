import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { type MacAddress, macAddressFromBytes } from '../identity/mac-address.ts';
import { type PortId, parsePortId } from '../identity/port-id.ts';
import { call, readS32, room } from './ffi.ts';
import {
  PACKET_EVENT_BYTES,
  PACKET_EVENT_KIND,
  type PacketEvent,
  readPacketEvent,
  VERDICT_NAMES,
  type VerdictName,
} from './layout.gen.ts';
import type { SteeringMaps } from './maps.ts';
import { RecordStream } from './record-stream.ts';

/** An address of a port has another MAC than before: it moved to another instance, or two instances use it. */
export interface AddressMoved {
  readonly portId: PortId;
  /** As it is in packets. */
  readonly address: string;
  readonly mac: MacAddress;
  readonly formerMac: MacAddress;
}

/** A packet that is not from whom the router, or its connection, knows by its address. Not each one is reported. */
export interface PacketRefused {
  readonly portId: PortId;
  readonly verdict: VerdictName;
  /** As it is in the packet. */
  readonly address: string;
  readonly mac: MacAddress;
  /** That the address is known by; undefined where it is none of this network's. */
  readonly knownMac: MacAddress | undefined;
}

/** A packet that is traced. */
export interface PacketTraced {
  /** CLOCK_MONOTONIC in microseconds. */
  readonly atUs: number;
  readonly portId: PortId;
  readonly verdict: VerdictName;
  /** The client's, as it is in packets. */
  readonly client: string;
  /** The client's. */
  readonly mac: MacAddress;
  /** 0 where it is not TCP. */
  readonly clientPort: number;
  /** Such as `SYN ACK`. */
  readonly flags: string;
}

/** Takes what the BPF programs report. */
export interface PacketListener {
  readonly moved: (moved: AddressMoved) => void;
  readonly traced: (traced: PacketTraced) => void;
  readonly refused: (refused: PacketRefused) => void;
  /** A port has nearly as many neighbours as it may have, or the node has. */
  readonly crowded: (portId: PortId) => void;
}

const TCP_FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK'];

/** What the BPF programs report of packets. Owns its stream; there can be one for a daemon's maps. */
export class PacketEvents {
  readonly #stream: RecordStream<'ms_packet_event'>;

  constructor(maps: SteeringMaps, listener: PacketListener) {
    this.#stream = new RecordStream({
      recordBytes: PACKET_EVENT_BYTES,
      open: () => {
        const fd = room('s32');
        call('ms_packet_events_open', maps.packetEvents, fd);
        return readS32(fd);
      },
      record: (bytes) => tell(readPacketEvent(bytes), listener),
      reopened: () => undefined,
    });
  }

  close(): void {
    this.#stream.close();
  }
}

function tell(event: PacketEvent, { moved, traced, refused, crowded }: PacketListener): void {
  const portId = parsePortId(event.portId);
  const address = addressText(event.address);
  const mac = macAddressFromBytes(event.mac);
  const formerMac = macAddressFromBytes(event.formerMac);
  const verdict = VERDICT_NAMES[event.verdict];
  if (event.kind === PACKET_EVENT_KIND.MS_PACKET_EVENT_MOVED) moved({ portId, address, mac, formerMac });
  if (event.kind === PACKET_EVENT_KIND.MS_PACKET_EVENT_CROWDED) crowded(portId);
  if (event.kind === PACKET_EVENT_KIND.MS_PACKET_EVENT_REFUSED && verdict !== undefined) {
    const knownMac = event.formerMac.some((byte) => byte !== 0) ? formerMac : undefined;
    refused({ portId, verdict, address, mac, knownMac });
  }
  if (event.kind !== PACKET_EVENT_KIND.MS_PACKET_EVENT_TRACED || verdict === undefined) return;
  traced({
    ...{ portId, verdict, mac, client: address },
    atUs: Number(event.timeNs / 1000n),
    clientPort: ((event.clientPort & 0xff) << 8) | (event.clientPort >> 8),
    flags: TCP_FLAGS.filter((_, bit) => (event.tcpFlags & (1 << bit)) !== 0).join(' '),
  });
}

/** The form that `addressText` reads; undefined when it is no address. */
export function addressBytes(address: string): Uint8Array | undefined {
  const bytes = new Uint8Array(16);
  if (isIPv4(address)) {
    bytes.set([0xff, 0xff, ...address.split('.').map(Number)], 10);
    return bytes;
  }
  if (!isIPv6(address) || address.includes('%')) return undefined;
  // As a URL has it: in hexadecimal words alone, with at most one gap.
  const [left = '', right] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const words = (text: string) => (text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16)));
  const after = right === undefined ? [] : words(right);
  for (const [index, word] of words(left).entries()) bytes.set([word >> 8, word & 0xff], 2 * index);
  for (const [index, word] of after.entries()) bytes.set([word >> 8, word & 0xff], 2 * (8 - after.length + index));
  return bytes;
}

/** @param bytes 16 in network byte order, IPv4 as ::ffff:a.b.c.d */
export function addressText(bytes: Uint8Array): string {
  const mapped = bytes.subarray(0, 12).every((byte, index) => byte === (index < 10 ? 0 : 0xff));
  if (mapped) return bytes.subarray(12).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => {
    const [high = 0, low = 0] = bytes.subarray(2 * index, 2 * index + 2);
    return ((high << 8) | low).toString(16);
  });
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
