import { SocketAddress } from 'node:net';
import { type MacAddress, macAddressFromBytes } from '../identity/mac-address.ts';
import { type PortId, parsePortId } from '../identity/port-id.ts';
import { call, room } from './ffi.ts';
import { PACKET_EVENT_BYTES, readPacketEvent } from './layout.gen.ts';
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

/** What the BPF programs report of packets. Owns its stream; there can be one for a daemon's maps. */
export class PacketEvents {
  readonly #stream: RecordStream;

  constructor(maps: SteeringMaps, listener: (moved: AddressMoved) => void) {
    this.#stream = new RecordStream({
      recordBytes: PACKET_EVENT_BYTES,
      open: () => {
        const fd = room(4);
        call('ms_packet_events_open', maps.packetEvents, fd);
        return fd.readInt32LE();
      },
      record: (bytes) => {
        const { portId, address, mac, formerMac } = readPacketEvent(bytes);
        listener({
          portId: parsePortId(portId),
          address: addressText(address),
          mac: macAddressFromBytes(mac),
          formerMac: macAddressFromBytes(formerMac),
        });
      },
      reopened: () => undefined,
    });
  }

  close(): void {
    this.#stream.close();
  }
}

/** @param bytes 16 in network byte order, IPv4 as ::ffff:a.b.c.d */
function addressText(bytes: Uint8Array): string {
  const mapped = bytes.subarray(0, 12).every((byte, index) => byte === (index < 10 ? 0 : 0xff));
  if (mapped) return bytes.subarray(12).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => {
    const [high = 0, low = 0] = bytes.subarray(2 * index, 2 * index + 2);
    return ((high << 8) | low).toString(16);
  });
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
