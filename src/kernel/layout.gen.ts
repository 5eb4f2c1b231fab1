// Generated from bpf/abi.h and native/metasteer.h by `npm run generate`. Do not edit.

/** `enum ms_verdict`. */
export const VERDICT = {
  MS_STEER_SYN: 0,
  MS_STEER_SYN_MOVED: 1,
  MS_STEER_DATA: 2,
  MS_PASS_OTHER_PROTOCOL: 3,
  MS_PASS_OTHER_ADDRESS: 4,
  MS_PASS_OTHER_MAC: 5,
  MS_PASS_OTHER_TRANSPORT: 6,
  MS_PASS_OTHER_PORT: 7,
  MS_PASS_SHORT_FRAME: 8,
  MS_PASS_VLAN: 9,
  MS_PASS_BAD_IP_HEADER: 10,
  MS_PASS_IP_OPTIONS: 11,
  MS_PASS_FRAGMENT: 12,
  MS_PASS_EXTENSION_HEADER: 13,
  MS_PASS_BAD_SOURCE: 14,
  MS_PASS_BAD_TCP_HEADER: 15,
  MS_PASS_BAD_TCP_FLAGS: 16,
  MS_PASS_DAEMON_STALE: 17,
  MS_PASS_DAEMON_GONE: 18,
  MS_DROP_DEVICE_MAC: 19,
  MS_DROP_NEIGHBOUR_QUOTA: 20,
  MS_DROP_NEIGHBOUR_FULL: 21,
  MS_DROP_REWRITE_FAILED: 22,
  MS_RESTORE_REPLY: 23,
  MS_RESTORE_SHORT_FRAME: 24,
  MS_RESTORE_NOT_IP: 25,
  MS_RESTORE_NOT_TCP: 26,
  MS_RESTORE_NOT_REPLY: 27,
  MS_RESTORE_NO_NEIGHBOUR: 28,
  MS_RESTORE_REWRITE_FAILED: 29,
  MS_RESTORE_NO_PORT: 30,
  MS_VERDICT_COUNT: 31,
} as const;

/** Verdicts by value, as they are called in status, metrics and logs. */
export const VERDICT_NAMES = [
  'steer_syn',
  'steer_syn_moved',
  'steer_data',
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
  'pass_daemon_stale',
  'pass_daemon_gone',
  'drop_device_mac',
  'drop_neighbour_quota',
  'drop_neighbour_full',
  'drop_rewrite_failed',
  'restore_reply',
  'restore_short_frame',
  'restore_not_ip',
  'restore_not_tcp',
  'restore_not_reply',
  'restore_no_neighbour',
  'restore_rewrite_failed',
  'restore_no_port',
] as const;

export type VerdictName = (typeof VERDICT_NAMES)[number];

/** `enum ms_stage`. */
export const STAGE = {
  MS_STAGE_STEER: 0,
  MS_STAGE_COUNT: 1,
} as const;

/** `enum ms_hook`. */
export const HOOK = {
  MS_HOOK_INGRESS: 0,
  MS_HOOK_EGRESS: 1,
} as const;

/** `enum ms_attach_mode`. */
export const ATTACH_MODE = {
  MS_ATTACH_AUTO: 0,
  MS_ATTACH_TCX: 1,
  MS_ATTACH_CLSACT: 2,
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
}

/** Bytes of `struct ms_port_constants`. */
export const PORT_CONSTANTS_BYTES = 16;

export function readPortConstants(buffer: Buffer, at = 0): PortConstants {
  return {
    portId: buffer.readUInt32LE(at + 0),
    routerMac: Uint8Array.from(buffer.subarray(at + 4, at + 10)),
    deviceMac: Uint8Array.from(buffer.subarray(at + 10, at + 16)),
  };
}

export function writePortConstants(value: PortConstants): Buffer {
  const buffer = Buffer.allocUnsafe(16).fill(0);
  buffer.writeUInt32LE(value.portId, 0);
  buffer.set(value.routerMac.subarray(0, 6), 4);
  buffer.set(value.deviceMac.subarray(0, 6), 10);
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
  readonly mac: Uint8Array;
}

/** Bytes of `struct ms_neighbour`. */
export const NEIGHBOUR_BYTES = 16;

export function readNeighbour(buffer: Buffer, at = 0): Neighbour {
  return {
    seenNs: buffer.readBigUInt64LE(at + 0),
    mac: Uint8Array.from(buffer.subarray(at + 8, at + 14)),
  };
}

export function writeNeighbour(value: Neighbour): Buffer {
  const buffer = Buffer.allocUnsafe(16).fill(0);
  buffer.writeBigUInt64LE(value.seenNs, 0);
  buffer.set(value.mac.subarray(0, 6), 8);
  return buffer;
}

/** `struct ms_port_counters`. */
export interface PortCounters {
  readonly packets: readonly bigint[];
}

/** Bytes of `struct ms_port_counters`. */
export const PORT_COUNTERS_BYTES = 248;

export function readPortCounters(buffer: Buffer, at = 0): PortCounters {
  return {
    packets: Array.from({ length: 31 }, (_, index) => buffer.readBigUInt64LE(at + 0 + 8 * index)),
  };
}

export function writePortCounters(value: PortCounters): Buffer {
  const buffer = Buffer.allocUnsafe(248).fill(0);
  value.packets.slice(0, 31).forEach((item, index) => buffer.writeBigUInt64LE(item, 0 + 8 * index));
  return buffer;
}

/** `struct ms_port`. */
export interface Port {
  readonly neighbours: number;
  readonly routerMac: Uint8Array;
  readonly deviceMac: Uint8Array;
}

/** Bytes of `struct ms_port`. */
export const PORT_BYTES = 16;

export function readPort(buffer: Buffer, at = 0): Port {
  return {
    neighbours: buffer.readUInt32LE(at + 0),
    routerMac: Uint8Array.from(buffer.subarray(at + 4, at + 10)),
    deviceMac: Uint8Array.from(buffer.subarray(at + 10, at + 16)),
  };
}

export function writePort(value: Port): Buffer {
  const buffer = Buffer.allocUnsafe(16).fill(0);
  buffer.writeUInt32LE(value.neighbours, 0);
  buffer.set(value.routerMac.subarray(0, 6), 4);
  buffer.set(value.deviceMac.subarray(0, 6), 10);
  return buffer;
}

/** `struct ms_settings`. */
export interface Settings {
  readonly heartbeatNs: bigint;
  readonly staleAfterNs: bigint;
  readonly neighboursPerPortMax: number;
}

/** Bytes of `struct ms_settings`. */
export const SETTINGS_BYTES = 24;

export function readSettings(buffer: Buffer, at = 0): Settings {
  return {
    heartbeatNs: buffer.readBigUInt64LE(at + 0),
    staleAfterNs: buffer.readBigUInt64LE(at + 8),
    neighboursPerPortMax: buffer.readUInt32LE(at + 16),
  };
}

export function writeSettings(value: Settings): Buffer {
  const buffer = Buffer.allocUnsafe(24).fill(0);
  buffer.writeBigUInt64LE(value.heartbeatNs, 0);
  buffer.writeBigUInt64LE(value.staleAfterNs, 8);
  buffer.writeUInt32LE(value.neighboursPerPortMax, 16);
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
}

/** Bytes of `struct ms_link`. */
export const LINK_BYTES = 40;

export function readLink(buffer: Buffer, at = 0): Link {
  return {
    ifindex: buffer.readUInt32LE(at + 0),
    flags: buffer.readUInt32LE(at + 4),
    mtu: buffer.readUInt32LE(at + 8),
    type: buffer.readUInt16LE(at + 12),
    mac: Uint8Array.from(buffer.subarray(at + 14, at + 20)),
    name: Uint8Array.from(buffer.subarray(at + 20, at + 36)),
    addresses: buffer.readUInt32LE(at + 36),
  };
}

export function writeLink(value: Link): Buffer {
  const buffer = Buffer.allocUnsafe(40).fill(0);
  buffer.writeUInt32LE(value.ifindex, 0);
  buffer.writeUInt32LE(value.flags, 4);
  buffer.writeUInt32LE(value.mtu, 8);
  buffer.writeUInt16LE(value.type, 12);
  buffer.set(value.mac.subarray(0, 6), 14);
  buffer.set(value.name.subarray(0, 16), 20);
  buffer.writeUInt32LE(value.addresses, 36);
  return buffer;
}

/** `struct ms_maps`. */
export interface Maps {
  readonly neighbours: number;
  readonly counters: number;
  readonly ports: number;
  readonly devices: number;
  readonly settings: number;
  readonly stages: number;
}

/** Bytes of `struct ms_maps`. */
export const MAPS_BYTES = 24;

export function readMaps(buffer: Buffer, at = 0): Maps {
  return {
    neighbours: buffer.readInt32LE(at + 0),
    counters: buffer.readInt32LE(at + 4),
    ports: buffer.readInt32LE(at + 8),
    devices: buffer.readInt32LE(at + 12),
    settings: buffer.readInt32LE(at + 16),
    stages: buffer.readInt32LE(at + 20),
  };
}

export function writeMaps(value: Maps): Buffer {
  const buffer = Buffer.allocUnsafe(24).fill(0);
  buffer.writeInt32LE(value.neighbours, 0);
  buffer.writeInt32LE(value.counters, 4);
  buffer.writeInt32LE(value.ports, 8);
  buffer.writeInt32LE(value.devices, 12);
  buffer.writeInt32LE(value.settings, 16);
  buffer.writeInt32LE(value.stages, 20);
  return buffer;
}

/** `struct ms_map_sizes`. */
export interface MapSizes {
  readonly portsMax: number;
  readonly neighboursMax: number;
}

/** Bytes of `struct ms_map_sizes`. */
export const MAP_SIZES_BYTES = 8;

export function readMapSizes(buffer: Buffer, at = 0): MapSizes {
  return {
    portsMax: buffer.readUInt32LE(at + 0),
    neighboursMax: buffer.readUInt32LE(at + 4),
  };
}

export function writeMapSizes(value: MapSizes): Buffer {
  const buffer = Buffer.allocUnsafe(8).fill(0);
  buffer.writeUInt32LE(value.portsMax, 0);
  buffer.writeUInt32LE(value.neighboursMax, 4);
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

/** `struct ms_test_result`. */
export interface TestResult {
  readonly action: number;
  readonly frameLen: number;
  readonly durationNs: number;
}

/** Bytes of `struct ms_test_result`. */
export const TEST_RESULT_BYTES = 16;

export function readTestResult(buffer: Buffer, at = 0): TestResult {
  return {
    action: buffer.readInt32LE(at + 0),
    frameLen: buffer.readUInt32LE(at + 4),
    durationNs: buffer.readUInt32LE(at + 8),
  };
}

export function writeTestResult(value: TestResult): Buffer {
  const buffer = Buffer.allocUnsafe(16).fill(0);
  buffer.writeInt32LE(value.action, 0);
  buffer.writeUInt32LE(value.frameLen, 4);
  buffer.writeUInt32LE(value.durationNs, 8);
  return buffer;
}
