// Generated from bpf/abi.h and native/metasteer.h by `npm run generate`. Do not edit.

/** `enum ms_verdict`. */
export const VERDICT = {
  MS_STEER_SYN: 0,
  MS_STEER_SYN_MOVED: 1,
  MS_STEER_SYN_AGAIN: 2,
  MS_STEER_SYN_UNTRACKED: 3,
  MS_STEER_DATA: 4,
  MS_STEER_HANDED_OVER: 5,
  MS_PASS_OTHER_PROTOCOL: 6,
  MS_PASS_OTHER_ADDRESS: 7,
  MS_PASS_OTHER_MAC: 8,
  MS_PASS_OTHER_TRANSPORT: 9,
  MS_PASS_OTHER_PORT: 10,
  MS_PASS_SHORT_FRAME: 11,
  MS_PASS_VLAN: 12,
  MS_PASS_BAD_IP_HEADER: 13,
  MS_PASS_IP_OPTIONS: 14,
  MS_PASS_FRAGMENT: 15,
  MS_PASS_EXTENSION_HEADER: 16,
  MS_PASS_BAD_SOURCE: 17,
  MS_PASS_BAD_TCP_HEADER: 18,
  MS_PASS_BAD_TCP_FLAGS: 19,
  MS_PASS_OTHER_NETWORK: 20,
  MS_PASS_OTHER_NEIGHBOUR: 21,
  MS_PASS_NO_FLOW: 22,
  MS_PASS_DAEMON_STALE: 23,
  MS_PASS_DAEMON_GONE: 24,
  MS_PASS_DRAINING: 25,
  MS_PASS_OTHER_FLOW: 26,
  MS_DROP_DEVICE_MAC: 27,
  MS_DROP_PORT_RATE: 28,
  MS_DROP_SOURCE_RATE: 29,
  MS_DROP_SOURCE_OPEN: 30,
  MS_DROP_PORT_OPEN: 31,
  MS_DROP_NEIGHBOUR_QUOTA: 32,
  MS_DROP_NEIGHBOUR_FULL: 33,
  MS_DROP_UNRESOLVED: 34,
  MS_DROP_HELD: 35,
  MS_DROP_REWRITE_FAILED: 36,
  MS_RESTORE_REPLY: 37,
  MS_RESTORE_SHORT_FRAME: 38,
  MS_RESTORE_NOT_IP: 39,
  MS_RESTORE_NOT_TCP: 40,
  MS_RESTORE_NOT_REPLY: 41,
  MS_RESTORE_NO_NEIGHBOUR: 42,
  MS_RESTORE_REWRITE_FAILED: 43,
  MS_RESTORE_NO_PORT: 44,
  MS_GUARD_PASSED: 45,
  MS_GUARD_PORT_RATE: 46,
  MS_GUARD_SOURCE_RATE: 47,
  MS_GUARD_SOURCE_OPEN: 48,
  MS_GUARD_PORT_OPEN: 49,
  MS_GUARD_NEIGHBOUR_QUOTA: 50,
  MS_VERDICT_COUNT: 51,
} as const;

/** Verdicts by value, as they are called in status, metrics and logs. */
export const VERDICT_NAMES = [
  'steer_syn',
  'steer_syn_moved',
  'steer_syn_again',
  'steer_syn_untracked',
  'steer_data',
  'steer_handed_over',
  'pass_other_protocol',
  'pass_other_address',
  'pass_other_mac',
  'pass_other_transport',
  'pass_other_port',
  'pass_short_frame',
  'pass_vlan',
  'pass_bad_ip_header',
  'pass_ip_options',
  'pass_fragment',
  'pass_extension_header',
  'pass_bad_source',
  'pass_bad_tcp_header',
  'pass_bad_tcp_flags',
  'pass_other_network',
  'pass_other_neighbour',
  'pass_no_flow',
  'pass_daemon_stale',
  'pass_daemon_gone',
  'pass_draining',
  'pass_other_flow',
  'drop_device_mac',
  'drop_port_rate',
  'drop_source_rate',
  'drop_source_open',
  'drop_port_open',
  'drop_neighbour_quota',
  'drop_neighbour_full',
  'drop_unresolved',
  'drop_held',
  'drop_rewrite_failed',
  'restore_reply',
  'restore_short_frame',
  'restore_not_ip',
  'restore_not_tcp',
  'restore_not_reply',
  'restore_no_neighbour',
  'restore_rewrite_failed',
  'restore_no_port',
  'guard_passed',
  'guard_port_rate',
  'guard_source_rate',
  'guard_source_open',
  'guard_port_open',
  'guard_neighbour_quota',
] as const;

export type VerdictName = (typeof VERDICT_NAMES)[number];

/** `enum ms_draining`. */
export const DRAINING = {
  MS_DRAINING_NOT: 0,
  MS_DRAINING_PASS: 1,
  MS_DRAINING_HOLD: 2,
} as const;

/** `enum ms_stage`. */
export const STAGE = {
  MS_STAGE_STEER: 0,
  MS_STAGE_TRACE: 1,
  MS_STAGE_COUNT: 2,
} as const;

/** `enum ms_hook`. */
export const HOOK = {
  MS_HOOK_INGRESS: 0,
  MS_HOOK_EGRESS: 1,
  MS_HOOK_XDP: 2,
} as const;

/** `enum ms_attach_mode`. */
export const ATTACH_MODE = {
  MS_ATTACH_AUTO: 0,
  MS_ATTACH_TCX: 1,
  MS_ATTACH_CLSACT: 2,
  MS_ATTACH_XDP_GENERIC: 3,
  MS_ATTACH_XDP_NATIVE: 4,
} as const;

/** `enum ms_event_kind`. */
export const EVENT_KIND = {
  MS_EVENT_LINK: 0,
  MS_EVENT_ADDRESS: 1,
  MS_EVENT_NAMESPACE_GONE: 2,
  MS_EVENT_LOST: 3,
} as const;

/** `struct ms_port_constants`. */
export interface PortConstants {
  readonly portId: number;
  readonly routerMac: Uint8Array;
  readonly deviceMac: Uint8Array;
  readonly hold: number;
}

/** Bytes of `struct ms_port_constants`. */
export const PORT_CONSTANTS_BYTES = 20;

export function readPortConstants(buffer: Buffer, at = 0): PortConstants {
  return {
    portId: buffer.readUInt32LE(at + 0),
    routerMac: Uint8Array.from(buffer.subarray(at + 4, at + 10)),
    deviceMac: Uint8Array.from(buffer.subarray(at + 10, at + 16)),
    hold: buffer.readUInt32LE(at + 16),
  };
}

export function writePortConstants(value: PortConstants): Buffer {
  const buffer = Buffer.allocUnsafe(20).fill(0);
  buffer.writeUInt32LE(value.portId, 0);
  buffer.set(value.routerMac.subarray(0, 6), 4);
  buffer.set(value.deviceMac.subarray(0, 6), 10);
  buffer.writeUInt32LE(value.hold, 16);
  return buffer;
}

/** `struct ms_neighbour_key`. */
export interface NeighbourKey {
  readonly portId: number;
  readonly address: Uint8Array;
}

/** Bytes of `struct ms_neighbour_key`. */
export const NEIGHBOUR_KEY_BYTES = 20;

export function readNeighbourKey(buffer: Buffer, at = 0): NeighbourKey {
  return {
    portId: buffer.readUInt32LE(at + 0),
    address: Uint8Array.from(buffer.subarray(at + 4, at + 20)),
  };
}

export function writeNeighbourKey(value: NeighbourKey): Buffer {
  const buffer = Buffer.allocUnsafe(20).fill(0);
  buffer.writeUInt32LE(value.portId, 0);
  buffer.set(value.address.subarray(0, 16), 4);
  return buffer;
}

/** `struct ms_neighbour`. */
export interface Neighbour {
  readonly seenNs: bigint;
  readonly busyUntilNs: bigint;
  readonly checkedNs: bigint;
  readonly answeredNs: bigint;
  readonly open: number;
  readonly mac: Uint8Array;
  readonly answerMac: Uint8Array;
  readonly confirmed: number;
}

/** Bytes of `struct ms_neighbour`. */
export const NEIGHBOUR_BYTES = 56;

export function readNeighbour(buffer: Buffer, at = 0): Neighbour {
  return {
    seenNs: buffer.readBigUInt64LE(at + 0),
    busyUntilNs: buffer.readBigUInt64LE(at + 8),
    checkedNs: buffer.readBigUInt64LE(at + 16),
    answeredNs: buffer.readBigUInt64LE(at + 24),
    open: buffer.readUInt32LE(at + 32),
    mac: Uint8Array.from(buffer.subarray(at + 36, at + 42)),
    answerMac: Uint8Array.from(buffer.subarray(at + 42, at + 48)),
    confirmed: buffer.readUInt8(at + 48),
  };
}

export function writeNeighbour(value: Neighbour): Buffer {
  const buffer = Buffer.allocUnsafe(56).fill(0);
  buffer.writeBigUInt64LE(value.seenNs, 0);
  buffer.writeBigUInt64LE(value.busyUntilNs, 8);
  buffer.writeBigUInt64LE(value.checkedNs, 16);
  buffer.writeBigUInt64LE(value.answeredNs, 24);
  buffer.writeUInt32LE(value.open, 32);
  buffer.set(value.mac.subarray(0, 6), 36);
  buffer.set(value.answerMac.subarray(0, 6), 42);
  buffer.writeUInt8(value.confirmed, 48);
  return buffer;
}

/** `struct ms_port_counters`. */
export interface PortCounters {
  readonly packets: readonly bigint[];
}

/** Bytes of `struct ms_port_counters`. */
export const PORT_COUNTERS_BYTES = 408;

export function readPortCounters(buffer: Buffer, at = 0): PortCounters {
  return {
    packets: Array.from({ length: 51 }, (_, index) => buffer.readBigUInt64LE(at + 0 + 8 * index)),
  };
}

export function writePortCounters(value: PortCounters): Buffer {
  const buffer = Buffer.allocUnsafe(408).fill(0);
  value.packets.slice(0, 51).forEach((item, index) => buffer.writeBigUInt64LE(item, 0 + 8 * index));
  return buffer;
}

/** `enum ms_abi`. */
export const ABI = {
  MS_ABI_VERSION: 5,
} as const;

/** `struct ms_port`. */
export interface Port {
  readonly busyUntilNs: bigint;
  readonly takingOverUntilNs: bigint;
  readonly handedBusyUntilNs: bigint;
  readonly asksBusyUntilNs: bigint;
  readonly refusedNs: bigint;
  readonly crowdedNs: bigint;
  readonly neighbours: number;
  readonly confirmed: number;
  readonly open: number;
  readonly handedOpen: number;
  readonly evicted: number;
  readonly netns: number;
  readonly routerMac: Uint8Array;
  readonly deviceMac: Uint8Array;
}

/** Bytes of `struct ms_port`. */
export const PORT_BYTES = 88;

export function readPort(buffer: Buffer, at = 0): Port {
  return {
    busyUntilNs: buffer.readBigUInt64LE(at + 0),
    takingOverUntilNs: buffer.readBigUInt64LE(at + 8),
    handedBusyUntilNs: buffer.readBigUInt64LE(at + 16),
    asksBusyUntilNs: buffer.readBigUInt64LE(at + 24),
    refusedNs: buffer.readBigUInt64LE(at + 32),
    crowdedNs: buffer.readBigUInt64LE(at + 40),
    neighbours: buffer.readUInt32LE(at + 48),
    confirmed: buffer.readUInt32LE(at + 52),
    open: buffer.readUInt32LE(at + 56),
    handedOpen: buffer.readUInt32LE(at + 60),
    evicted: buffer.readUInt32LE(at + 64),
    netns: buffer.readUInt32LE(at + 68),
    routerMac: Uint8Array.from(buffer.subarray(at + 72, at + 78)),
    deviceMac: Uint8Array.from(buffer.subarray(at + 78, at + 84)),
  };
}

export function writePort(value: Port): Buffer {
  const buffer = Buffer.allocUnsafe(88).fill(0);
  buffer.writeBigUInt64LE(value.busyUntilNs, 0);
  buffer.writeBigUInt64LE(value.takingOverUntilNs, 8);
  buffer.writeBigUInt64LE(value.handedBusyUntilNs, 16);
  buffer.writeBigUInt64LE(value.asksBusyUntilNs, 24);
  buffer.writeBigUInt64LE(value.refusedNs, 32);
  buffer.writeBigUInt64LE(value.crowdedNs, 40);
  buffer.writeUInt32LE(value.neighbours, 48);
  buffer.writeUInt32LE(value.confirmed, 52);
  buffer.writeUInt32LE(value.open, 56);
  buffer.writeUInt32LE(value.handedOpen, 60);
  buffer.writeUInt32LE(value.evicted, 64);
  buffer.writeUInt32LE(value.netns, 68);
  buffer.set(value.routerMac.subarray(0, 6), 72);
  buffer.set(value.deviceMac.subarray(0, 6), 78);
  return buffer;
}

/** `struct ms_rate`. */
export interface Rate {
  readonly intervalNs: bigint;
  readonly burstNs: bigint;
}

/** Bytes of `struct ms_rate`. */
export const RATE_BYTES = 16;

export function readRate(buffer: Buffer, at = 0): Rate {
  return {
    intervalNs: buffer.readBigUInt64LE(at + 0),
    burstNs: buffer.readBigUInt64LE(at + 8),
  };
}

export function writeRate(value: Rate): Buffer {
  const buffer = Buffer.allocUnsafe(16).fill(0);
  buffer.writeBigUInt64LE(value.intervalNs, 0);
  buffer.writeBigUInt64LE(value.burstNs, 8);
  return buffer;
}

/** `enum ms_flow_flag`. */
export const FLOW_FLAG = {
  MS_FLOW_ANSWERED: 1,
  MS_FLOW_CLIENT_ENDED: 2,
  MS_FLOW_SERVICE_ENDED: 4,
  MS_FLOW_ACCEPTED: 8,
  MS_FLOW_ESTABLISHED: 16,
  MS_FLOW_CLIENT_FIN: 32,
  MS_FLOW_UNRESOLVED: 64,
  MS_FLOW_HANDED_OVER: 128,
} as const;

/** `struct ms_flow_key`. */
export interface FlowKey {
  readonly portId: number;
  readonly address: Uint8Array;
  readonly clientPort: number;
}

/** Bytes of `struct ms_flow_key`. */
export const FLOW_KEY_BYTES = 24;

export function readFlowKey(buffer: Buffer, at = 0): FlowKey {
  return {
    portId: buffer.readUInt32LE(at + 0),
    address: Uint8Array.from(buffer.subarray(at + 4, at + 20)),
    clientPort: buffer.readUInt16LE(at + 20),
  };
}

export function writeFlowKey(value: FlowKey): Buffer {
  const buffer = Buffer.allocUnsafe(24).fill(0);
  buffer.writeUInt32LE(value.portId, 0);
  buffer.set(value.address.subarray(0, 16), 4);
  buffer.writeUInt16LE(value.clientPort, 20);
  return buffer;
}

/** `struct ms_flow`. */
export interface Flow {
  readonly seenNs: bigint;
  readonly flags: number;
  readonly clientNext: number;
  readonly serviceAck: number;
  readonly serviceFirst: number;
  readonly mac: Uint8Array;
}

/** Bytes of `struct ms_flow`. */
export const FLOW_BYTES = 32;

export function readFlow(buffer: Buffer, at = 0): Flow {
  return {
    seenNs: buffer.readBigUInt64LE(at + 0),
    flags: buffer.readUInt32LE(at + 8),
    clientNext: buffer.readUInt32LE(at + 12),
    serviceAck: buffer.readUInt32LE(at + 16),
    serviceFirst: buffer.readUInt32LE(at + 20),
    mac: Uint8Array.from(buffer.subarray(at + 24, at + 30)),
  };
}

export function writeFlow(value: Flow): Buffer {
  const buffer = Buffer.allocUnsafe(32).fill(0);
  buffer.writeBigUInt64LE(value.seenNs, 0);
  buffer.writeUInt32LE(value.flags, 8);
  buffer.writeUInt32LE(value.clientNext, 12);
  buffer.writeUInt32LE(value.serviceAck, 16);
  buffer.writeUInt32LE(value.serviceFirst, 20);
  buffer.set(value.mac.subarray(0, 6), 24);
  return buffer;
}

/** `enum ms_packet_event_kind`. */
export const PACKET_EVENT_KIND = {
  MS_PACKET_EVENT_MOVED: 0,
  MS_PACKET_EVENT_TRACED: 1,
  MS_PACKET_EVENT_REFUSED: 2,
  MS_PACKET_EVENT_CROWDED: 3,
} as const;

/** `struct ms_packet_event`. */
export interface PacketEvent {
  readonly timeNs: bigint;
  readonly kind: number;
  readonly portId: number;
  readonly verdict: number;
  readonly address: Uint8Array;
  readonly mac: Uint8Array;
  readonly formerMac: Uint8Array;
  readonly clientPort: number;
  readonly tcpFlags: number;
}

/** Bytes of `struct ms_packet_event`. */
export const PACKET_EVENT_BYTES = 56;

export function readPacketEvent(buffer: Buffer, at = 0): PacketEvent {
  return {
    timeNs: buffer.readBigUInt64LE(at + 0),
    kind: buffer.readUInt32LE(at + 8),
    portId: buffer.readUInt32LE(at + 12),
    verdict: buffer.readUInt32LE(at + 16),
    address: Uint8Array.from(buffer.subarray(at + 20, at + 36)),
    mac: Uint8Array.from(buffer.subarray(at + 36, at + 42)),
    formerMac: Uint8Array.from(buffer.subarray(at + 42, at + 48)),
    clientPort: buffer.readUInt16LE(at + 48),
    tcpFlags: buffer.readUInt8(at + 50),
  };
}

export function writePacketEvent(value: PacketEvent): Buffer {
  const buffer = Buffer.allocUnsafe(56).fill(0);
  buffer.writeBigUInt64LE(value.timeNs, 0);
  buffer.writeUInt32LE(value.kind, 8);
  buffer.writeUInt32LE(value.portId, 12);
  buffer.writeUInt32LE(value.verdict, 16);
  buffer.set(value.address.subarray(0, 16), 20);
  buffer.set(value.mac.subarray(0, 6), 36);
  buffer.set(value.formerMac.subarray(0, 6), 42);
  buffer.writeUInt16LE(value.clientPort, 48);
  buffer.writeUInt8(value.tcpFlags, 50);
  return buffer;
}

/** `struct ms_trace_filter`. */
export interface TraceFilter {
  readonly ports: readonly bigint[];
  readonly address: Uint8Array;
  readonly byAddress: number;
}

/** Bytes of `struct ms_trace_filter`. */
export const TRACE_FILTER_BYTES = 2072;

export function readTraceFilter(buffer: Buffer, at = 0): TraceFilter {
  return {
    ports: Array.from({ length: 256 }, (_, index) => buffer.readBigUInt64LE(at + 0 + 8 * index)),
    address: Uint8Array.from(buffer.subarray(at + 2048, at + 2064)),
    byAddress: buffer.readUInt32LE(at + 2064),
  };
}

export function writeTraceFilter(value: TraceFilter): Buffer {
  const buffer = Buffer.allocUnsafe(2072).fill(0);
  value.ports.slice(0, 256).forEach((item, index) => buffer.writeBigUInt64LE(item, 0 + 8 * index));
  buffer.set(value.address.subarray(0, 16), 2048);
  buffer.writeUInt32LE(value.byAddress, 2064);
  return buffer;
}

/** `struct ms_settings`. */
export interface Settings {
  readonly heartbeatNs: bigint;
  readonly staleAfterNs: bigint;
  readonly takingOverUntilNs: bigint;
  readonly portRate: Rate;
  readonly sourceRate: Rate;
  readonly portOpenMax: number;
  readonly sourceOpenMax: number;
  readonly neighboursPerPortMax: number;
}

/** Bytes of `struct ms_settings`. */
export const SETTINGS_BYTES = 72;

export function readSettings(buffer: Buffer, at = 0): Settings {
  return {
    heartbeatNs: buffer.readBigUInt64LE(at + 0),
    staleAfterNs: buffer.readBigUInt64LE(at + 8),
    takingOverUntilNs: buffer.readBigUInt64LE(at + 16),
    portRate: readRate(buffer, at + 24),
    sourceRate: readRate(buffer, at + 40),
    portOpenMax: buffer.readUInt32LE(at + 56),
    sourceOpenMax: buffer.readUInt32LE(at + 60),
    neighboursPerPortMax: buffer.readUInt32LE(at + 64),
  };
}

export function writeSettings(value: Settings): Buffer {
  const buffer = Buffer.allocUnsafe(72).fill(0);
  buffer.writeBigUInt64LE(value.heartbeatNs, 0);
  buffer.writeBigUInt64LE(value.staleAfterNs, 8);
  buffer.writeBigUInt64LE(value.takingOverUntilNs, 16);
  buffer.set(writeRate(value.portRate), 24);
  buffer.set(writeRate(value.sourceRate), 40);
  buffer.writeUInt32LE(value.portOpenMax, 56);
  buffer.writeUInt32LE(value.sourceOpenMax, 60);
  buffer.writeUInt32LE(value.neighboursPerPortMax, 64);
  return buffer;
}

/** `struct ms_answer`. */
export interface Answer {
  readonly key: NeighbourKey;
  readonly mac: Uint8Array;
}

/** Bytes of `struct ms_answer`. */
export const ANSWER_BYTES = 28;

export function readAnswer(buffer: Buffer, at = 0): Answer {
  return {
    key: readNeighbourKey(buffer, at + 0),
    mac: Uint8Array.from(buffer.subarray(at + 20, at + 26)),
  };
}

export function writeAnswer(value: Answer): Buffer {
  const buffer = Buffer.allocUnsafe(28).fill(0);
  buffer.set(writeNeighbourKey(value.key), 0);
  buffer.set(value.mac.subarray(0, 6), 20);
  return buffer;
}

/** `struct ms_link`. */
export interface Link {
  readonly ifindex: number;
  readonly flags: number;
  readonly mtu: number;
  readonly type: number;
  readonly mac: Uint8Array;
  readonly name: Uint8Array;
  readonly addresses: number;
  readonly kind: Uint8Array;
}

/** Bytes of `struct ms_link`. */
export const LINK_BYTES = 56;

export function readLink(buffer: Buffer, at = 0): Link {
  return {
    ifindex: buffer.readUInt32LE(at + 0),
    flags: buffer.readUInt32LE(at + 4),
    mtu: buffer.readUInt32LE(at + 8),
    type: buffer.readUInt16LE(at + 12),
    mac: Uint8Array.from(buffer.subarray(at + 14, at + 20)),
    name: Uint8Array.from(buffer.subarray(at + 20, at + 36)),
    addresses: buffer.readUInt32LE(at + 36),
    kind: Uint8Array.from(buffer.subarray(at + 40, at + 56)),
  };
}

export function writeLink(value: Link): Buffer {
  const buffer = Buffer.allocUnsafe(56).fill(0);
  buffer.writeUInt32LE(value.ifindex, 0);
  buffer.writeUInt32LE(value.flags, 4);
  buffer.writeUInt32LE(value.mtu, 8);
  buffer.writeUInt16LE(value.type, 12);
  buffer.set(value.mac.subarray(0, 6), 14);
  buffer.set(value.name.subarray(0, 16), 20);
  buffer.writeUInt32LE(value.addresses, 36);
  buffer.set(value.kind.subarray(0, 16), 40);
  return buffer;
}

/** `struct ms_maps`. */
export interface Maps {
  readonly neighbours: number;
  readonly flows: number;
  readonly endedFlows: number;
  readonly counters: number;
  readonly ports: number;
  readonly draining: number;
  readonly devices: number;
  readonly interfaces: number;
  readonly prefixes: number;
  readonly asks: number;
  readonly settings: number;
  readonly packetEvents: number;
  readonly stages: number;
}

/** Bytes of `struct ms_maps`. */
export const MAPS_BYTES = 52;

export function readMaps(buffer: Buffer, at = 0): Maps {
  return {
    neighbours: buffer.readInt32LE(at + 0),
    flows: buffer.readInt32LE(at + 4),
    endedFlows: buffer.readInt32LE(at + 8),
    counters: buffer.readInt32LE(at + 12),
    ports: buffer.readInt32LE(at + 16),
    draining: buffer.readInt32LE(at + 20),
    devices: buffer.readInt32LE(at + 24),
    interfaces: buffer.readInt32LE(at + 28),
    prefixes: buffer.readInt32LE(at + 32),
    asks: buffer.readInt32LE(at + 36),
    settings: buffer.readInt32LE(at + 40),
    packetEvents: buffer.readInt32LE(at + 44),
    stages: buffer.readInt32LE(at + 48),
  };
}

export function writeMaps(value: Maps): Buffer {
  const buffer = Buffer.allocUnsafe(52).fill(0);
  buffer.writeInt32LE(value.neighbours, 0);
  buffer.writeInt32LE(value.flows, 4);
  buffer.writeInt32LE(value.endedFlows, 8);
  buffer.writeInt32LE(value.counters, 12);
  buffer.writeInt32LE(value.ports, 16);
  buffer.writeInt32LE(value.draining, 20);
  buffer.writeInt32LE(value.devices, 24);
  buffer.writeInt32LE(value.interfaces, 28);
  buffer.writeInt32LE(value.prefixes, 32);
  buffer.writeInt32LE(value.asks, 36);
  buffer.writeInt32LE(value.settings, 40);
  buffer.writeInt32LE(value.packetEvents, 44);
  buffer.writeInt32LE(value.stages, 48);
  return buffer;
}

/** `struct ms_map_sizes`. */
export interface MapSizes {
  readonly portsMax: number;
  readonly neighboursMax: number;
  readonly flowsMax: number;
}

/** Bytes of `struct ms_map_sizes`. */
export const MAP_SIZES_BYTES = 12;

export function readMapSizes(buffer: Buffer, at = 0): MapSizes {
  return {
    portsMax: buffer.readUInt32LE(at + 0),
    neighboursMax: buffer.readUInt32LE(at + 4),
    flowsMax: buffer.readUInt32LE(at + 8),
  };
}

export function writeMapSizes(value: MapSizes): Buffer {
  const buffer = Buffer.allocUnsafe(12).fill(0);
  buffer.writeUInt32LE(value.portsMax, 0);
  buffer.writeUInt32LE(value.neighboursMax, 4);
  buffer.writeUInt32LE(value.flowsMax, 8);
  return buffer;
}

/** `struct ms_attachment`. */
export interface Attachment {
  readonly ifindex: number;
  readonly hook: number;
  readonly mode: number;
  readonly linkFd: number;
  readonly handle: number;
  readonly priority: number;
  readonly qdiscCreated: number;
}

/** Bytes of `struct ms_attachment`. */
export const ATTACHMENT_BYTES = 32;

export function readAttachment(buffer: Buffer, at = 0): Attachment {
  return {
    ifindex: buffer.readUInt32LE(at + 0),
    hook: buffer.readUInt32LE(at + 4),
    mode: buffer.readUInt32LE(at + 8),
    linkFd: buffer.readInt32LE(at + 12),
    handle: buffer.readUInt32LE(at + 16),
    priority: buffer.readUInt32LE(at + 20),
    qdiscCreated: buffer.readUInt32LE(at + 24),
  };
}

export function writeAttachment(value: Attachment): Buffer {
  const buffer = Buffer.allocUnsafe(32).fill(0);
  buffer.writeUInt32LE(value.ifindex, 0);
  buffer.writeUInt32LE(value.hook, 4);
  buffer.writeUInt32LE(value.mode, 8);
  buffer.writeInt32LE(value.linkFd, 12);
  buffer.writeUInt32LE(value.handle, 16);
  buffer.writeUInt32LE(value.priority, 20);
  buffer.writeUInt32LE(value.qdiscCreated, 24);
  return buffer;
}

/** `struct ms_event`. */
export interface Event {
  readonly kind: number;
  readonly nsid: number;
  readonly ifindex: number;
}

/** Bytes of `struct ms_event`. */
export const EVENT_BYTES = 16;

export function readEvent(buffer: Buffer, at = 0): Event {
  return {
    kind: buffer.readUInt32LE(at + 0),
    nsid: buffer.readInt32LE(at + 4),
    ifindex: buffer.readUInt32LE(at + 8),
  };
}

export function writeEvent(value: Event): Buffer {
  const buffer = Buffer.allocUnsafe(16).fill(0);
  buffer.writeUInt32LE(value.kind, 0);
  buffer.writeInt32LE(value.nsid, 4);
  buffer.writeUInt32LE(value.ifindex, 8);
  return buffer;
}

/** `struct ms_strangers`. */
export interface Strangers {
  readonly filters: number;
  readonly tcx: number;
  readonly xdp: number;
}

/** Bytes of `struct ms_strangers`. */
export const STRANGERS_BYTES = 12;

export function readStrangers(buffer: Buffer, at = 0): Strangers {
  return {
    filters: buffer.readUInt32LE(at + 0),
    tcx: buffer.readUInt32LE(at + 4),
    xdp: buffer.readUInt32LE(at + 8),
  };
}

export function writeStrangers(value: Strangers): Buffer {
  const buffer = Buffer.allocUnsafe(12).fill(0);
  buffer.writeUInt32LE(value.filters, 0);
  buffer.writeUInt32LE(value.tcx, 4);
  buffer.writeUInt32LE(value.xdp, 8);
  return buffer;
}

/** `struct ms_rate_windows`. */
export interface RateWindows {
  readonly baseMs: number;
  readonly baseLimit: number;
  readonly burstMs: number;
  readonly burstLimit: number;
  readonly countRefused: number;
}

/** Bytes of `struct ms_rate_windows`. */
export const RATE_WINDOWS_BYTES = 20;

export function readRateWindows(buffer: Buffer, at = 0): RateWindows {
  return {
    baseMs: buffer.readUInt32LE(at + 0),
    baseLimit: buffer.readUInt32LE(at + 4),
    burstMs: buffer.readUInt32LE(at + 8),
    burstLimit: buffer.readUInt32LE(at + 12),
    countRefused: buffer.readUInt32LE(at + 16),
  };
}

export function writeRateWindows(value: RateWindows): Buffer {
  const buffer = Buffer.allocUnsafe(20).fill(0);
  buffer.writeUInt32LE(value.baseMs, 0);
  buffer.writeUInt32LE(value.baseLimit, 4);
  buffer.writeUInt32LE(value.burstMs, 8);
  buffer.writeUInt32LE(value.burstLimit, 12);
  buffer.writeUInt32LE(value.countRefused, 16);
  return buffer;
}

/** `enum ms_front_record_kind`. */
export const FRONT_RECORD_KIND = {
  MS_FRONT_SKIP: 0,
  MS_FRONT_ACCEPTED: 1,
  MS_FRONT_DATA: 2,
  MS_FRONT_ENDED: 3,
  MS_FRONT_BROKEN: 4,
  MS_FRONT_WRITABLE: 5,
  MS_FRONT_CLOSED: 6,
  MS_FRONT_REFUSED: 7,
  MS_FRONT_ACCEPT_FAILED: 8,
} as const;

/** `struct ms_front_record`. */
export interface FrontRecord {
  readonly kind: number;
  readonly slot: number;
  readonly generation: number;
  readonly length: number;
}

/** Bytes of `struct ms_front_record`. */
export const FRONT_RECORD_BYTES = 16;

export function readFrontRecord(buffer: Buffer, at = 0): FrontRecord {
  return {
    kind: buffer.readUInt32LE(at + 0),
    slot: buffer.readUInt32LE(at + 4),
    generation: buffer.readUInt32LE(at + 8),
    length: buffer.readUInt32LE(at + 12),
  };
}

export function writeFrontRecord(value: FrontRecord): Buffer {
  const buffer = Buffer.allocUnsafe(16).fill(0);
  buffer.writeUInt32LE(value.kind, 0);
  buffer.writeUInt32LE(value.slot, 4);
  buffer.writeUInt32LE(value.generation, 8);
  buffer.writeUInt32LE(value.length, 12);
  return buffer;
}

/** `struct ms_front_client`. */
export interface FrontClient {
  readonly portId: number;
  readonly fd: number;
  readonly addressLen: number;
  readonly port: number;
  readonly address: Uint8Array;
}

/** Bytes of `struct ms_front_client`. */
export const FRONT_CLIENT_BYTES = 64;

export function readFrontClient(buffer: Buffer, at = 0): FrontClient {
  return {
    portId: buffer.readUInt32LE(at + 0),
    fd: buffer.readInt32LE(at + 4),
    addressLen: buffer.readUInt32LE(at + 8),
    port: buffer.readUInt32LE(at + 12),
    address: Uint8Array.from(buffer.subarray(at + 16, at + 64)),
  };
}

export function writeFrontClient(value: FrontClient): Buffer {
  const buffer = Buffer.allocUnsafe(64).fill(0);
  buffer.writeUInt32LE(value.portId, 0);
  buffer.writeInt32LE(value.fd, 4);
  buffer.writeUInt32LE(value.addressLen, 8);
  buffer.writeUInt32LE(value.port, 12);
  buffer.set(value.address.subarray(0, 48), 16);
  return buffer;
}

/** `struct ms_front_ring`. */
export interface FrontRing {
  readonly written: number;
  readonly read: number;
  readonly idle: number;
  readonly starved: number;
  readonly done: number;
  readonly unused: number;
}

/** Bytes of `struct ms_front_ring`. */
export const FRONT_RING_BYTES = 24;

export function readFrontRing(buffer: Buffer, at = 0): FrontRing {
  return {
    written: buffer.readUInt32LE(at + 0),
    read: buffer.readUInt32LE(at + 4),
    idle: buffer.readUInt32LE(at + 8),
    starved: buffer.readUInt32LE(at + 12),
    done: buffer.readUInt32LE(at + 16),
    unused: buffer.readUInt32LE(at + 20),
  };
}

export function writeFrontRing(value: FrontRing): Buffer {
  const buffer = Buffer.allocUnsafe(24).fill(0);
  buffer.writeUInt32LE(value.written, 0);
  buffer.writeUInt32LE(value.read, 4);
  buffer.writeUInt32LE(value.idle, 8);
  buffer.writeUInt32LE(value.starved, 12);
  buffer.writeUInt32LE(value.done, 16);
  buffer.writeUInt32LE(value.unused, 20);
  return buffer;
}

/** `enum ms_front_op_kind`. */
export const FRONT_OP_KIND = {
  MS_FRONT_SEND: 0,
  MS_FRONT_SEND_MORE: 1,
  MS_FRONT_SEND_LAST: 2,
  MS_FRONT_SHUT: 3,
  MS_FRONT_CLOSE: 4,
  MS_FRONT_RESET: 5,
  MS_FRONT_WATCH: 6,
  MS_FRONT_PAUSE: 7,
  MS_FRONT_RESUME: 8,
  MS_FRONT_REST: 9,
  MS_FRONT_CONNECT: 10,
} as const;

/** `struct ms_front_op`. */
export interface FrontOp {
  readonly kind: number;
  readonly slot: number;
  readonly generation: number;
  readonly length: number;
  readonly result: number;
  readonly seen: number;
}

/** Bytes of `struct ms_front_op`. */
export const FRONT_OP_BYTES = 24;

export function readFrontOp(buffer: Buffer, at = 0): FrontOp {
  return {
    kind: buffer.readUInt32LE(at + 0),
    slot: buffer.readUInt32LE(at + 4),
    generation: buffer.readUInt32LE(at + 8),
    length: buffer.readUInt32LE(at + 12),
    result: buffer.readInt32LE(at + 16),
    seen: buffer.readUInt32LE(at + 20),
  };
}

export function writeFrontOp(value: FrontOp): Buffer {
  const buffer = Buffer.allocUnsafe(24).fill(0);
  buffer.writeUInt32LE(value.kind, 0);
  buffer.writeUInt32LE(value.slot, 4);
  buffer.writeUInt32LE(value.generation, 8);
  buffer.writeUInt32LE(value.length, 12);
  buffer.writeInt32LE(value.result, 16);
  buffer.writeUInt32LE(value.seen, 20);
  return buffer;
}

/** `struct ms_front_options`. */
export interface FrontOptions {
  readonly slots: number;
  readonly agentSlots: number;
  readonly ringBytes: number;
  readonly batches: number;
  readonly opsBytes: number;
  readonly unackedMs: number;
}

/** Bytes of `struct ms_front_options`. */
export const FRONT_OPTIONS_BYTES = 24;

export function readFrontOptions(buffer: Buffer, at = 0): FrontOptions {
  return {
    slots: buffer.readUInt32LE(at + 0),
    agentSlots: buffer.readUInt32LE(at + 4),
    ringBytes: buffer.readUInt32LE(at + 8),
    batches: buffer.readUInt32LE(at + 12),
    opsBytes: buffer.readUInt32LE(at + 16),
    unackedMs: buffer.readUInt32LE(at + 20),
  };
}

export function writeFrontOptions(value: FrontOptions): Buffer {
  const buffer = Buffer.allocUnsafe(24).fill(0);
  buffer.writeUInt32LE(value.slots, 0);
  buffer.writeUInt32LE(value.agentSlots, 4);
  buffer.writeUInt32LE(value.ringBytes, 8);
  buffer.writeUInt32LE(value.batches, 12);
  buffer.writeUInt32LE(value.opsBytes, 16);
  buffer.writeUInt32LE(value.unackedMs, 20);
  return buffer;
}

/** `struct ms_sweep_limits`. */
export interface SweepLimits {
  readonly flowSinceNs: bigint;
  readonly flowUnansweredSinceNs: bigint;
  readonly neighbourSinceNs: bigint;
  readonly neighbourOpenSinceNs: bigint;
  readonly neighbourUnconfirmedSinceNs: bigint;
}

/** Bytes of `struct ms_sweep_limits`. */
export const SWEEP_LIMITS_BYTES = 40;

export function readSweepLimits(buffer: Buffer, at = 0): SweepLimits {
  return {
    flowSinceNs: buffer.readBigUInt64LE(at + 0),
    flowUnansweredSinceNs: buffer.readBigUInt64LE(at + 8),
    neighbourSinceNs: buffer.readBigUInt64LE(at + 16),
    neighbourOpenSinceNs: buffer.readBigUInt64LE(at + 24),
    neighbourUnconfirmedSinceNs: buffer.readBigUInt64LE(at + 32),
  };
}

export function writeSweepLimits(value: SweepLimits): Buffer {
  const buffer = Buffer.allocUnsafe(40).fill(0);
  buffer.writeBigUInt64LE(value.flowSinceNs, 0);
  buffer.writeBigUInt64LE(value.flowUnansweredSinceNs, 8);
  buffer.writeBigUInt64LE(value.neighbourSinceNs, 16);
  buffer.writeBigUInt64LE(value.neighbourOpenSinceNs, 24);
  buffer.writeBigUInt64LE(value.neighbourUnconfirmedSinceNs, 32);
  return buffer;
}

/** `struct ms_sweep_result`. */
export interface SweepResult {
  readonly flows: number;
  readonly flowsForgotten: number;
  readonly neighbours: number;
  readonly neighboursForgotten: number;
}

/** Bytes of `struct ms_sweep_result`. */
export const SWEEP_RESULT_BYTES = 16;

export function readSweepResult(buffer: Buffer, at = 0): SweepResult {
  return {
    flows: buffer.readUInt32LE(at + 0),
    flowsForgotten: buffer.readUInt32LE(at + 4),
    neighbours: buffer.readUInt32LE(at + 8),
    neighboursForgotten: buffer.readUInt32LE(at + 12),
  };
}

export function writeSweepResult(value: SweepResult): Buffer {
  const buffer = Buffer.allocUnsafe(16).fill(0);
  buffer.writeUInt32LE(value.flows, 0);
  buffer.writeUInt32LE(value.flowsForgotten, 4);
  buffer.writeUInt32LE(value.neighbours, 8);
  buffer.writeUInt32LE(value.neighboursForgotten, 12);
  return buffer;
}

/** `struct ms_test_result`. */
export interface TestResult {
  readonly action: number;
  readonly frameLen: number;
  readonly durationNs: number;
  readonly mark: number;
}

/** Bytes of `struct ms_test_result`. */
export const TEST_RESULT_BYTES = 16;

export function readTestResult(buffer: Buffer, at = 0): TestResult {
  return {
    action: buffer.readInt32LE(at + 0),
    frameLen: buffer.readUInt32LE(at + 4),
    durationNs: buffer.readUInt32LE(at + 8),
    mark: buffer.readUInt32LE(at + 12),
  };
}

export function writeTestResult(value: TestResult): Buffer {
  const buffer = Buffer.allocUnsafe(16).fill(0);
  buffer.writeInt32LE(value.action, 0);
  buffer.writeUInt32LE(value.frameLen, 4);
  buffer.writeUInt32LE(value.durationNs, 8);
  buffer.writeUInt32LE(value.mark, 12);
  return buffer;
}
