// Generated from bpf/abi.h and native/metasteer.h by `npm run generate`: what TypeScript imports from here. Do not edit.
import type { Memory } from './ffi.ts';

/** `MS_RATE_LIMIT_MAX`. */
export const MS_RATE_LIMIT_MAX = 65535;

/** `MS_PORTS_MAX`. */
export const MS_PORTS_MAX = 16384;

/** `MS_MAC_BYTES`. */
export const MS_MAC_BYTES = 6;

/** `MS_FDS_MAX`. */
export const MS_FDS_MAX = 253;

/** `MS_LINK_ETHERNET`. */
export const MS_LINK_ETHERNET = 1;

/** `MS_LINK_UP`. */
export const MS_LINK_UP = 1;

/** `MS_ALL_PORTS`. */
export const MS_ALL_PORTS = 4294967295;

/** `MS_TAG_BYTES`. */
export const MS_TAG_BYTES = 8;

/** `enum ms_abi`. */
export const ABI = {
  MS_ABI_VERSION: 5,
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

/** `enum ms_packet_event_kind`. */
export const PACKET_EVENT_KIND = {
  MS_PACKET_EVENT_MOVED: 0,
  MS_PACKET_EVENT_TRACED: 1,
  MS_PACKET_EVENT_REFUSED: 2,
  MS_PACKET_EVENT_CROWDED: 3,
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

/** `enum ms_front_size`. */
export const FRONT_SIZE = {
  MS_FRONT_RECORDS: 1024,
  MS_FRONT_BYTES: 131072,
  MS_FRONT_READ_BYTES: 16384,
  MS_FRONT_BATCHES: 4,
  MS_FRONT_OPS: 1024,
  MS_FRONT_OP_BYTES: 131072,
  MS_FRONT_SLOTS_MAX: 1048576,
  MS_FRONT_GENERATIONS: 2147483647,
} as const;

/** `enum ms_front_record_kind`. */
export const FRONT_RECORD_KIND = {
  MS_FRONT_ACCEPTED: 1,
  MS_FRONT_DATA: 2,
  MS_FRONT_ENDED: 3,
  MS_FRONT_BROKEN: 4,
  MS_FRONT_WRITABLE: 5,
  MS_FRONT_CLOSED: 6,
  MS_FRONT_REFUSED: 7,
  MS_FRONT_ACCEPT_FAILED: 8,
} as const;

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

/**
 * `struct ms_port_constants`, 20 bytes:
 *      0  u32 port_id
 *      4  u8[6] router_mac
 *     10  u8[6] device_mac
 *     16  u32 hold
 */
export interface PortConstants {
  readonly portId: number;
  readonly routerMac: Uint8Array;
  readonly deviceMac: Uint8Array;
  readonly hold: number;
}

export function writePortConstants(value: PortConstants): Memory<'ms_port_constants'> {
  const memory = Buffer.allocUnsafe(20).fill(0);
  memory.writeUInt32LE(value.portId, 0);
  memory.set(value.routerMac.subarray(0, 6), 4);
  memory.set(value.deviceMac.subarray(0, 6), 10);
  memory.writeUInt32LE(value.hold, 16);
  return memory as Memory<'ms_port_constants'>;
}

/**
 * `struct ms_neighbour_key`, 20 bytes:
 *      0  u32 port_id
 *      4  u8[16] address
 */
export interface NeighbourKey {
  readonly portId: number;
  readonly address: Uint8Array;
}

export function writeNeighbourKey(value: NeighbourKey): Memory<'ms_neighbour_key'> {
  const memory = Buffer.allocUnsafe(20).fill(0);
  memory.writeUInt32LE(value.portId, 0);
  memory.set(value.address.subarray(0, 16), 4);
  return memory as Memory<'ms_neighbour_key'>;
}

/**
 * `struct ms_neighbour`, 56 bytes:
 *      0  u64 seen_ns
 *      8  u64 busy_until_ns
 *     16  u64 checked_ns
 *     24  u64 answered_ns
 *     32  u32 open
 *     36  u8[6] mac
 *     42  u8[6] answer_mac
 *     48  u8 confirmed
 *     49  u8[7] pad
 */
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

export function readNeighbour(memory: Memory<'ms_neighbour'>, index = 0): Neighbour {
  const at = index * 56;
  return {
    seenNs: memory.readBigUInt64LE(at + 0),
    busyUntilNs: memory.readBigUInt64LE(at + 8),
    checkedNs: memory.readBigUInt64LE(at + 16),
    answeredNs: memory.readBigUInt64LE(at + 24),
    open: memory.readUInt32LE(at + 32),
    mac: Uint8Array.from(memory.subarray(at + 36, at + 42)),
    answerMac: Uint8Array.from(memory.subarray(at + 42, at + 48)),
    confirmed: memory.readUInt8(at + 48),
  };
}

export function writeNeighbour(value: Neighbour): Memory<'ms_neighbour'> {
  const memory = Buffer.allocUnsafe(56).fill(0);
  memory.writeBigUInt64LE(value.seenNs, 0);
  memory.writeBigUInt64LE(value.busyUntilNs, 8);
  memory.writeBigUInt64LE(value.checkedNs, 16);
  memory.writeBigUInt64LE(value.answeredNs, 24);
  memory.writeUInt32LE(value.open, 32);
  memory.set(value.mac.subarray(0, 6), 36);
  memory.set(value.answerMac.subarray(0, 6), 42);
  memory.writeUInt8(value.confirmed, 48);
  return memory as Memory<'ms_neighbour'>;
}

/**
 * `struct ms_flow_key`, 24 bytes:
 *      0  u32 port_id
 *      4  u8[16] address
 *     20  u16 client_port
 *     22  u8[2] pad
 */
export interface FlowKey {
  readonly portId: number;
  readonly address: Uint8Array;
  readonly clientPort: number;
}

export function writeFlowKey(value: FlowKey): Memory<'ms_flow_key'> {
  const memory = Buffer.allocUnsafe(24).fill(0);
  memory.writeUInt32LE(value.portId, 0);
  memory.set(value.address.subarray(0, 16), 4);
  memory.writeUInt16LE(value.clientPort, 20);
  return memory as Memory<'ms_flow_key'>;
}

/**
 * `struct ms_flow`, 32 bytes:
 *      0  u64 seen_ns
 *      8  u32 flags
 *     12  u32 client_next
 *     16  u32 service_ack
 *     20  u32 service_first
 *     24  u8[6] mac
 *     30  u8[2] pad
 */
export interface Flow {
  readonly seenNs: bigint;
  readonly flags: number;
  readonly clientNext: number;
  readonly serviceAck: number;
  readonly serviceFirst: number;
  readonly mac: Uint8Array;
}

export function readFlow(memory: Memory<'ms_flow'>, index = 0): Flow {
  const at = index * 32;
  return {
    seenNs: memory.readBigUInt64LE(at + 0),
    flags: memory.readUInt32LE(at + 8),
    clientNext: memory.readUInt32LE(at + 12),
    serviceAck: memory.readUInt32LE(at + 16),
    serviceFirst: memory.readUInt32LE(at + 20),
    mac: Uint8Array.from(memory.subarray(at + 24, at + 30)),
  };
}

export function writeFlow(value: Flow): Memory<'ms_flow'> {
  const memory = Buffer.allocUnsafe(32).fill(0);
  memory.writeBigUInt64LE(value.seenNs, 0);
  memory.writeUInt32LE(value.flags, 8);
  memory.writeUInt32LE(value.clientNext, 12);
  memory.writeUInt32LE(value.serviceAck, 16);
  memory.writeUInt32LE(value.serviceFirst, 20);
  memory.set(value.mac.subarray(0, 6), 24);
  return memory as Memory<'ms_flow'>;
}

/**
 * `struct ms_port_counters`, 408 bytes:
 *      0  u64[51] packets
 */
export interface PortCounters {
  readonly packets: readonly bigint[];
}

export function readPortCounters(memory: Memory<'ms_port_counters'>, index = 0): PortCounters {
  const at = index * 408;
  return {
    packets: Array.from({ length: 51 }, (_, nth) => memory.readBigUInt64LE(at + 0 + 8 * nth)),
  };
}

/**
 * `struct ms_port`, 88 bytes:
 *      0  u64 busy_until_ns
 *      8  u64 taking_over_until_ns
 *     16  u64 handed_busy_until_ns
 *     24  u64 asks_busy_until_ns
 *     32  u64 refused_ns
 *     40  u64 crowded_ns
 *     48  u32 neighbours
 *     52  u32 confirmed
 *     56  u32 open
 *     60  u32 handed_open
 *     64  u32 evicted
 *     68  u32 netns
 *     72  u8[6] router_mac
 *     78  u8[6] device_mac
 *     84  u32 pad
 */
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

export function readPort(memory: Memory<'ms_port'>, index = 0): Port {
  const at = index * 88;
  return {
    busyUntilNs: memory.readBigUInt64LE(at + 0),
    takingOverUntilNs: memory.readBigUInt64LE(at + 8),
    handedBusyUntilNs: memory.readBigUInt64LE(at + 16),
    asksBusyUntilNs: memory.readBigUInt64LE(at + 24),
    refusedNs: memory.readBigUInt64LE(at + 32),
    crowdedNs: memory.readBigUInt64LE(at + 40),
    neighbours: memory.readUInt32LE(at + 48),
    confirmed: memory.readUInt32LE(at + 52),
    open: memory.readUInt32LE(at + 56),
    handedOpen: memory.readUInt32LE(at + 60),
    evicted: memory.readUInt32LE(at + 64),
    netns: memory.readUInt32LE(at + 68),
    routerMac: Uint8Array.from(memory.subarray(at + 72, at + 78)),
    deviceMac: Uint8Array.from(memory.subarray(at + 78, at + 84)),
  };
}

export function writePort(value: Port): Memory<'ms_port'> {
  const memory = Buffer.allocUnsafe(88).fill(0);
  memory.writeBigUInt64LE(value.busyUntilNs, 0);
  memory.writeBigUInt64LE(value.takingOverUntilNs, 8);
  memory.writeBigUInt64LE(value.handedBusyUntilNs, 16);
  memory.writeBigUInt64LE(value.asksBusyUntilNs, 24);
  memory.writeBigUInt64LE(value.refusedNs, 32);
  memory.writeBigUInt64LE(value.crowdedNs, 40);
  memory.writeUInt32LE(value.neighbours, 48);
  memory.writeUInt32LE(value.confirmed, 52);
  memory.writeUInt32LE(value.open, 56);
  memory.writeUInt32LE(value.handedOpen, 60);
  memory.writeUInt32LE(value.evicted, 64);
  memory.writeUInt32LE(value.netns, 68);
  memory.set(value.routerMac.subarray(0, 6), 72);
  memory.set(value.deviceMac.subarray(0, 6), 78);
  return memory as Memory<'ms_port'>;
}

/**
 * `struct ms_rate`, 16 bytes:
 *      0  u64 interval_ns
 *      8  u64 burst_ns
 */
export interface Rate {
  readonly intervalNs: bigint;
  readonly burstNs: bigint;
}

/**
 * `struct ms_settings`, 72 bytes:
 *      0  u64 heartbeat_ns
 *      8  u64 stale_after_ns
 *     16  u64 taking_over_until_ns
 *     24  struct ms_rate port_rate
 *     40  struct ms_rate source_rate
 *     56  u32 port_open_max
 *     60  u32 source_open_max
 *     64  u32 neighbours_per_port_max
 *     68  u32 pad
 */
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

export function writeSettings(value: Settings): Memory<'ms_settings'> {
  const memory = Buffer.allocUnsafe(72).fill(0);
  memory.writeBigUInt64LE(value.heartbeatNs, 0);
  memory.writeBigUInt64LE(value.staleAfterNs, 8);
  memory.writeBigUInt64LE(value.takingOverUntilNs, 16);
  memory.writeBigUInt64LE(value.portRate.intervalNs, 24);
  memory.writeBigUInt64LE(value.portRate.burstNs, 32);
  memory.writeBigUInt64LE(value.sourceRate.intervalNs, 40);
  memory.writeBigUInt64LE(value.sourceRate.burstNs, 48);
  memory.writeUInt32LE(value.portOpenMax, 56);
  memory.writeUInt32LE(value.sourceOpenMax, 60);
  memory.writeUInt32LE(value.neighboursPerPortMax, 64);
  return memory as Memory<'ms_settings'>;
}

/**
 * `struct ms_packet_event`, 56 bytes:
 *      0  u64 time_ns
 *      8  u32 kind
 *     12  u32 port_id
 *     16  u32 verdict
 *     20  u8[16] address
 *     36  u8[6] mac
 *     42  u8[6] former_mac
 *     48  u16 client_port
 *     50  u8 tcp_flags
 *     51  u8[5] pad
 */
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

export const PACKET_EVENT_BYTES = 56;

export function readPacketEvent(memory: Memory<'ms_packet_event'>, index = 0): PacketEvent {
  const at = index * 56;
  return {
    timeNs: memory.readBigUInt64LE(at + 0),
    kind: memory.readUInt32LE(at + 8),
    portId: memory.readUInt32LE(at + 12),
    verdict: memory.readUInt32LE(at + 16),
    address: Uint8Array.from(memory.subarray(at + 20, at + 36)),
    mac: Uint8Array.from(memory.subarray(at + 36, at + 42)),
    formerMac: Uint8Array.from(memory.subarray(at + 42, at + 48)),
    clientPort: memory.readUInt16LE(at + 48),
    tcpFlags: memory.readUInt8(at + 50),
  };
}

/**
 * `struct ms_trace_filter`, 2072 bytes:
 *      0  u64[256] ports
 *   2048  u8[16] address
 *   2064  u32 by_address
 *   2068  u32 pad
 */
export interface TraceFilter {
  readonly ports: readonly bigint[];
  readonly address: Uint8Array;
  readonly byAddress: number;
}

export function writeTraceFilter(value: TraceFilter): Memory<'ms_trace_filter'> {
  const memory = Buffer.allocUnsafe(2072).fill(0);
  value.ports.slice(0, 256).forEach((item, nth) => memory.writeBigUInt64LE(item, 0 + 8 * nth));
  memory.set(value.address.subarray(0, 16), 2048);
  memory.writeUInt32LE(value.byAddress, 2064);
  return memory as Memory<'ms_trace_filter'>;
}

/**
 * `struct ms_link`, 56 bytes:
 *      0  u32 ifindex
 *      4  u32 flags
 *      8  u32 mtu
 *     12  u16 type
 *     14  u8[6] mac
 *     20  u8[16] name
 *     36  u32 addresses
 *     40  u8[16] kind
 */
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

export function readLink(memory: Memory<'ms_link'>, index = 0): Link {
  const at = index * 56;
  return {
    ifindex: memory.readUInt32LE(at + 0),
    flags: memory.readUInt32LE(at + 4),
    mtu: memory.readUInt32LE(at + 8),
    type: memory.readUInt16LE(at + 12),
    mac: Uint8Array.from(memory.subarray(at + 14, at + 20)),
    name: Uint8Array.from(memory.subarray(at + 20, at + 36)),
    addresses: memory.readUInt32LE(at + 36),
    kind: Uint8Array.from(memory.subarray(at + 40, at + 56)),
  };
}

/**
 * `struct ms_maps`, 52 bytes:
 *      0  s32 neighbours
 *      4  s32 flows
 *      8  s32 ended_flows
 *     12  s32 counters
 *     16  s32 ports
 *     20  s32 draining
 *     24  s32 devices
 *     28  s32 interfaces
 *     32  s32 prefixes
 *     36  s32 asks
 *     40  s32 settings
 *     44  s32 packet_events
 *     48  s32 stages
 */
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

export const MAPS_BYTES = 52;

export const MAPS_WORDS = 13;
export const MAPS_NEIGHBOURS_WORD = 0;
export const MAPS_FLOWS_WORD = 1;
export const MAPS_ENDED_FLOWS_WORD = 2;
export const MAPS_COUNTERS_WORD = 3;
export const MAPS_PORTS_WORD = 4;
export const MAPS_DRAINING_WORD = 5;
export const MAPS_DEVICES_WORD = 6;
export const MAPS_INTERFACES_WORD = 7;
export const MAPS_PREFIXES_WORD = 8;
export const MAPS_ASKS_WORD = 9;
export const MAPS_SETTINGS_WORD = 10;
export const MAPS_PACKET_EVENTS_WORD = 11;
export const MAPS_STAGES_WORD = 12;

export function readMaps(memory: Memory<'ms_maps'>, index = 0): Maps {
  const at = index * 52;
  return {
    neighbours: memory.readInt32LE(at + 0),
    flows: memory.readInt32LE(at + 4),
    endedFlows: memory.readInt32LE(at + 8),
    counters: memory.readInt32LE(at + 12),
    ports: memory.readInt32LE(at + 16),
    draining: memory.readInt32LE(at + 20),
    devices: memory.readInt32LE(at + 24),
    interfaces: memory.readInt32LE(at + 28),
    prefixes: memory.readInt32LE(at + 32),
    asks: memory.readInt32LE(at + 36),
    settings: memory.readInt32LE(at + 40),
    packetEvents: memory.readInt32LE(at + 44),
    stages: memory.readInt32LE(at + 48),
  };
}

/**
 * `struct ms_map_sizes`, 12 bytes:
 *      0  u32 ports_max
 *      4  u32 neighbours_max
 *      8  u32 flows_max
 */
export interface MapSizes {
  readonly portsMax: number;
  readonly neighboursMax: number;
  readonly flowsMax: number;
}

export function writeMapSizes(value: MapSizes): Memory<'ms_map_sizes'> {
  const memory = Buffer.allocUnsafe(12).fill(0);
  memory.writeUInt32LE(value.portsMax, 0);
  memory.writeUInt32LE(value.neighboursMax, 4);
  memory.writeUInt32LE(value.flowsMax, 8);
  return memory as Memory<'ms_map_sizes'>;
}

/**
 * `struct ms_attachment`, 32 bytes:
 *      0  u32 ifindex
 *      4  u32 hook
 *      8  u32 mode
 *     12  s32 link_fd
 *     16  u32 handle
 *     20  u32 priority
 *     24  u32 qdisc_created
 *     28  u32 pad
 */
export interface Attachment {
  readonly ifindex: number;
  readonly hook: number;
  readonly mode: number;
  readonly linkFd: number;
  readonly handle: number;
  readonly priority: number;
  readonly qdiscCreated: number;
}

export function readAttachment(memory: Memory<'ms_attachment'>, index = 0): Attachment {
  const at = index * 32;
  return {
    ifindex: memory.readUInt32LE(at + 0),
    hook: memory.readUInt32LE(at + 4),
    mode: memory.readUInt32LE(at + 8),
    linkFd: memory.readInt32LE(at + 12),
    handle: memory.readUInt32LE(at + 16),
    priority: memory.readUInt32LE(at + 20),
    qdiscCreated: memory.readUInt32LE(at + 24),
  };
}

export function writeAttachment(value: Attachment): Memory<'ms_attachment'> {
  const memory = Buffer.allocUnsafe(32).fill(0);
  memory.writeUInt32LE(value.ifindex, 0);
  memory.writeUInt32LE(value.hook, 4);
  memory.writeUInt32LE(value.mode, 8);
  memory.writeInt32LE(value.linkFd, 12);
  memory.writeUInt32LE(value.handle, 16);
  memory.writeUInt32LE(value.priority, 20);
  memory.writeUInt32LE(value.qdiscCreated, 24);
  return memory as Memory<'ms_attachment'>;
}

/**
 * `struct ms_strangers`, 12 bytes:
 *      0  u32 filters
 *      4  u32 tcx
 *      8  u32 xdp
 */
export interface Strangers {
  readonly filters: number;
  readonly tcx: number;
  readonly xdp: number;
}

export function readStrangers(memory: Memory<'ms_strangers'>, index = 0): Strangers {
  const at = index * 12;
  return {
    filters: memory.readUInt32LE(at + 0),
    tcx: memory.readUInt32LE(at + 4),
    xdp: memory.readUInt32LE(at + 8),
  };
}

/**
 * `struct ms_event`, 16 bytes:
 *      0  u32 kind
 *      4  s32 nsid
 *      8  u32 ifindex
 *     12  u32 pad
 */
export interface Event {
  readonly kind: number;
  readonly nsid: number;
  readonly ifindex: number;
}

export const EVENT_BYTES = 16;

export function readEvent(memory: Memory<'ms_event'>, index = 0): Event {
  const at = index * 16;
  return {
    kind: memory.readUInt32LE(at + 0),
    nsid: memory.readInt32LE(at + 4),
    ifindex: memory.readUInt32LE(at + 8),
  };
}

/**
 * `struct ms_sweep_limits`, 40 bytes:
 *      0  u64 flow_since_ns
 *      8  u64 flow_unanswered_since_ns
 *     16  u64 neighbour_since_ns
 *     24  u64 neighbour_open_since_ns
 *     32  u64 neighbour_unconfirmed_since_ns
 */
export interface SweepLimits {
  readonly flowSinceNs: bigint;
  readonly flowUnansweredSinceNs: bigint;
  readonly neighbourSinceNs: bigint;
  readonly neighbourOpenSinceNs: bigint;
  readonly neighbourUnconfirmedSinceNs: bigint;
}

export function writeSweepLimits(value: SweepLimits): Memory<'ms_sweep_limits'> {
  const memory = Buffer.allocUnsafe(40).fill(0);
  memory.writeBigUInt64LE(value.flowSinceNs, 0);
  memory.writeBigUInt64LE(value.flowUnansweredSinceNs, 8);
  memory.writeBigUInt64LE(value.neighbourSinceNs, 16);
  memory.writeBigUInt64LE(value.neighbourOpenSinceNs, 24);
  memory.writeBigUInt64LE(value.neighbourUnconfirmedSinceNs, 32);
  return memory as Memory<'ms_sweep_limits'>;
}

/**
 * `struct ms_sweep_result`, 16 bytes:
 *      0  u32 flows
 *      4  u32 flows_forgotten
 *      8  u32 neighbours
 *     12  u32 neighbours_forgotten
 */
export interface SweepResult {
  readonly flows: number;
  readonly flowsForgotten: number;
  readonly neighbours: number;
  readonly neighboursForgotten: number;
}

export function readSweepResult(memory: Memory<'ms_sweep_result'>, index = 0): SweepResult {
  const at = index * 16;
  return {
    flows: memory.readUInt32LE(at + 0),
    flowsForgotten: memory.readUInt32LE(at + 4),
    neighbours: memory.readUInt32LE(at + 8),
    neighboursForgotten: memory.readUInt32LE(at + 12),
  };
}

/**
 * `struct ms_test_result`, 16 bytes:
 *      0  s32 action
 *      4  u32 frame_len
 *      8  u32 duration_ns
 *     12  u32 mark
 */
export interface TestResult {
  readonly action: number;
  readonly frameLen: number;
  readonly durationNs: number;
  readonly mark: number;
}

export function readTestResult(memory: Memory<'ms_test_result'>, index = 0): TestResult {
  const at = index * 16;
  return {
    action: memory.readInt32LE(at + 0),
    frameLen: memory.readUInt32LE(at + 4),
    durationNs: memory.readUInt32LE(at + 8),
    mark: memory.readUInt32LE(at + 12),
  };
}

/**
 * `struct ms_rate_windows`, 20 bytes:
 *      0  u32 base_ms
 *      4  u32 base_limit
 *      8  u32 burst_ms
 *     12  u32 burst_limit
 *     16  u32 count_refused
 */
export interface RateWindows {
  readonly baseMs: number;
  readonly baseLimit: number;
  readonly burstMs: number;
  readonly burstLimit: number;
  readonly countRefused: number;
}

export function writeRateWindows(value: RateWindows): Memory<'ms_rate_windows'> {
  const memory = Buffer.allocUnsafe(20).fill(0);
  memory.writeUInt32LE(value.baseMs, 0);
  memory.writeUInt32LE(value.baseLimit, 4);
  memory.writeUInt32LE(value.burstMs, 8);
  memory.writeUInt32LE(value.burstLimit, 12);
  memory.writeUInt32LE(value.countRefused, 16);
  return memory as Memory<'ms_rate_windows'>;
}

/**
 * `struct ms_front_record`, 32 bytes:
 *      0  u32 kind
 *      4  u32 slot
 *      8  u32 generation
 *     12  u32 start
 *     16  u32 length
 *     20  u32 port_id
 *     24  u32 error
 *     28  u32 sequence
 */
export interface FrontRecord {
  readonly kind: number;
  readonly slot: number;
  readonly generation: number;
  readonly start: number;
  readonly length: number;
  readonly portId: number;
  readonly error: number;
  readonly sequence: number;
}

export const FRONT_RECORD_BYTES = 32;

export const FRONT_RECORD_WORDS = 8;
export const FRONT_RECORD_KIND_WORD = 0;
export const FRONT_RECORD_SLOT_WORD = 1;
export const FRONT_RECORD_GENERATION_WORD = 2;
export const FRONT_RECORD_START_WORD = 3;
export const FRONT_RECORD_LENGTH_WORD = 4;
export const FRONT_RECORD_PORT_ID_WORD = 5;
export const FRONT_RECORD_ERROR_WORD = 6;
export const FRONT_RECORD_SEQUENCE_WORD = 7;

export function writeFrontRecord(value: FrontRecord): Memory<'ms_front_record'> {
  const memory = Buffer.allocUnsafe(32).fill(0);
  memory.writeUInt32LE(value.kind, 0);
  memory.writeUInt32LE(value.slot, 4);
  memory.writeUInt32LE(value.generation, 8);
  memory.writeUInt32LE(value.start, 12);
  memory.writeUInt32LE(value.length, 16);
  memory.writeUInt32LE(value.portId, 20);
  memory.writeUInt32LE(value.error, 24);
  memory.writeUInt32LE(value.sequence, 28);
  return memory as Memory<'ms_front_record'>;
}

/**
 * `struct ms_front_client`, 72 bytes:
 *      0  u32 port_id
 *      4  s32 fd
 *      8  u32 port
 *     12  u32 address_len
 *     16  u32 mac_len
 *     20  u32 pad
 *     24  u8[8] mac
 *     32  u8[40] address
 */
export interface FrontClient {
  readonly portId: number;
  readonly fd: number;
  readonly port: number;
  readonly addressLen: number;
  readonly macLen: number;
  readonly mac: Uint8Array;
  readonly address: Uint8Array;
}

export const FRONT_CLIENT_BYTES = 72;

export const FRONT_CLIENT_WORDS = 18;
export const FRONT_CLIENT_PORT_ID_WORD = 0;
export const FRONT_CLIENT_FD_WORD = 1;
export const FRONT_CLIENT_PORT_WORD = 2;
export const FRONT_CLIENT_ADDRESS_LEN_WORD = 3;
export const FRONT_CLIENT_MAC_LEN_WORD = 4;
export const FRONT_CLIENT_MAC_AT = 24;
export const FRONT_CLIENT_MAC_BYTES = 8;
export const FRONT_CLIENT_ADDRESS_AT = 32;
export const FRONT_CLIENT_ADDRESS_BYTES = 40;

export function writeFrontClient(value: FrontClient): Memory<'ms_front_client'> {
  const memory = Buffer.allocUnsafe(72).fill(0);
  memory.writeUInt32LE(value.portId, 0);
  memory.writeInt32LE(value.fd, 4);
  memory.writeUInt32LE(value.port, 8);
  memory.writeUInt32LE(value.addressLen, 12);
  memory.writeUInt32LE(value.macLen, 16);
  memory.set(value.mac.subarray(0, 8), 24);
  memory.set(value.address.subarray(0, 40), 32);
  return memory as Memory<'ms_front_client'>;
}

/**
 * `struct ms_front_ring`, 64 bytes:
 *      0  u32 written
 *      4  u32 read
 *      8  u32 idle
 *     12  u32 starved
 *     16  u32 done
 *     20  u32[11] pad
 */
export const FRONT_RING_BYTES = 64;

export const FRONT_RING_WORDS = 16;
export const FRONT_RING_WRITTEN_WORD = 0;
export const FRONT_RING_READ_WORD = 1;
export const FRONT_RING_IDLE_WORD = 2;
export const FRONT_RING_STARVED_WORD = 3;
export const FRONT_RING_DONE_WORD = 4;

/**
 * `struct ms_front_op`, 32 bytes:
 *      0  u32 kind
 *      4  u32 slot
 *      8  u32 generation
 *     12  u32 start
 *     16  u32 length
 *     20  u32 seen
 *     24  s32 result
 *     28  u32 pad
 */
export const FRONT_OP_BYTES = 32;

export const FRONT_OP_WORDS = 8;
export const FRONT_OP_KIND_WORD = 0;
export const FRONT_OP_SLOT_WORD = 1;
export const FRONT_OP_GENERATION_WORD = 2;
export const FRONT_OP_START_WORD = 3;
export const FRONT_OP_LENGTH_WORD = 4;
export const FRONT_OP_SEEN_WORD = 5;
export const FRONT_OP_RESULT_WORD = 6;

/**
 * `struct ms_front_options`, 12 bytes:
 *      0  u32 slots
 *      4  u32 agent_slots
 *      8  u32 unacked_ms
 */
export interface FrontOptions {
  readonly slots: number;
  readonly agentSlots: number;
  readonly unackedMs: number;
}

export function writeFrontOptions(value: FrontOptions): Memory<'ms_front_options'> {
  const memory = Buffer.allocUnsafe(12).fill(0);
  memory.writeUInt32LE(value.slots, 0);
  memory.writeUInt32LE(value.agentSlots, 4);
  memory.writeUInt32LE(value.unackedMs, 8);
  return memory as Memory<'ms_front_options'>;
}

/**
 * `struct ms_front_memory`, 40 bytes:
 *      0  u64 ring
 *      8  u64 bytes
 *     16  u64 clients
 *     24  u64 ops
 *     32  u64 op_bytes
 */
export interface FrontMemory {
  readonly ring: bigint;
  readonly bytes: bigint;
  readonly clients: bigint;
  readonly ops: bigint;
  readonly opBytes: bigint;
}

export function readFrontMemory(memory: Memory<'ms_front_memory'>, index = 0): FrontMemory {
  const at = index * 40;
  return {
    ring: memory.readBigUInt64LE(at + 0),
    bytes: memory.readBigUInt64LE(at + 8),
    clients: memory.readBigUInt64LE(at + 16),
    ops: memory.readBigUInt64LE(at + 24),
    opBytes: memory.readBigUInt64LE(at + 32),
  };
}

/**
 * `struct ms_channel`, 8 bytes:
 *      0  s32 ours
 *      4  s32 theirs
 */
export interface Channel {
  readonly ours: number;
  readonly theirs: number;
}

export function readChannel(memory: Memory<'ms_channel'>, index = 0): Channel {
  const at = index * 8;
  return {
    ours: memory.readInt32LE(at + 0),
    theirs: memory.readInt32LE(at + 4),
  };
}
