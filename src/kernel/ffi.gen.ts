// Generated from native/metasteer.h by `npm run generate`. Do not edit.
import type { Memory } from './ffi.ts';

/** Functions as the FFI package takes them. */
export const SIGNATURES = {
  ms_netns_create: ['int', ['pointer', 'pointer']],
  ms_netns_remove: ['int', ['pointer']],
  ms_events_open: ['int', ['pointer']],
  ms_netns_look: ['int', ['pointer', 'pointer', 'uint32', 'pointer', 'pointer']],
  ms_link_find: ['int', ['pointer', 'pointer', 'pointer']],
  ms_port_create: ['int', ['pointer', 'uint32', 'pointer', 'pointer', 'pointer']],
  ms_port_up: ['int', ['pointer', 'pointer']],
  ms_port_mtu: ['int', ['pointer', 'pointer', 'uint32']],
  ms_port_remove: ['int', ['pointer', 'pointer']],
  ms_maps_create: ['int', ['pointer', 'pointer', 'pointer', 'pointer', 'uint32']],
  ms_template_prepare: ['int', ['pointer', 'pointer', 'pointer', 'pointer', 'uint32', 'pointer', 'pointer', 'uint32']],
  ms_program_load: ['int', ['pointer', 'uint32', 'pointer', 'uint32', 'pointer', 'pointer', 'pointer', 'uint32']],
  ms_program_tag: ['int', ['int32', 'pointer']],
  ms_attach: ['int', ['pointer', 'uint32', 'uint32', 'int32', 'uint32', 'pointer']],
  ms_detach: ['int', ['pointer', 'pointer']],
  ms_attachment_replace: ['int', ['pointer', 'pointer', 'int32']],
  ms_filters_left: ['int', ['pointer', 'uint32', 'pointer']],
  ms_filters_clear: ['int', ['pointer', 'uint32', 'pointer', 'pointer']],
  ms_strangers_look: ['int', ['pointer', 'uint32', 'pointer']],
  ms_stage_write: ['int', ['int32', 'uint32', 'int32']],
  ms_stage_clear: ['int', ['int32', 'uint32']],
  ms_draining_write: ['int', ['int32', 'uint32', 'uint32']],
  ms_device_write: ['int', ['int32', 'uint32', 'uint32']],
  ms_device_delete: ['int', ['int32', 'uint32']],
  ms_interface_write: ['int', ['int32', 'uint32', 'uint32', 'uint32']],
  ms_interface_delete: ['int', ['int32', 'uint32', 'uint32']],
  ms_prefixes_follow: ['int', ['pointer', 'pointer', 'uint32', 'uint32']],
  ms_counters_read: ['int', ['int32', 'uint32', 'uint32', 'pointer']],
  ms_limit_drops_read: ['int', ['int32', 'uint32', 'uint32', 'pointer']],
  ms_port_begin: ['int', ['pointer', 'uint32', 'pointer']],
  ms_port_end: ['int', ['pointer', 'uint32']],
  ms_ports_read: ['int', ['int32', 'uint32', 'uint32', 'pointer']],
  ms_settings_write: ['int', ['int32', 'pointer']],
  ms_neighbour_read: ['int', ['int32', 'pointer', 'pointer']],
  ms_neighbour_write: ['int', ['int32', 'pointer', 'pointer']],
  ms_port_write: ['int', ['int32', 'uint32', 'pointer']],
  ms_flow_write: ['int', ['int32', 'pointer', 'pointer']],
  ms_flow_read: ['int', ['int32', 'pointer', 'pointer']],
  ms_make_room: ['int', ['pointer', 'int32', 'uint32', 'uint32', 'uint32', 'pointer']],
  ms_resolver_open: ['int', ['int32', 'int32', 'pointer']],
  ms_resolver_port: ['int', ['uint32', 'pointer', 'uint32']],
  ms_sweep: ['int', ['pointer', 'int32', 'pointer', 'pointer']],
  ms_packet_events_open: ['int', ['int32', 'pointer']],
  ms_test_run: ['int', ['pointer', 'uint32', 'uint32', 'int32', 'pointer', 'uint32', 'pointer', 'uint32', 'uint32', 'pointer']],
  ms_rates_create: ['int', ['uint32', 'pointer']],
  ms_rates_check: ['int', ['int32']],
  ms_rates_open: ['int', ['int32']],
  ms_rates_take: ['int', ['pointer', 'uint32', 'pointer', 'uint32', 'pointer']],
  ms_front_open: ['int', ['pointer', 'pointer', 'pointer', 'pointer', 'pointer']],
  ms_front_listen: ['int', ['uint32', 'int32', 'uint32', 'uint32']],
  ms_front_unlisten: ['int', ['uint32', 'uint32']],
  ms_front_submit: ['int', ['uint32', 'uint32']],
  ms_front_go_on: ['int', ['uint32']],
  ms_front_close: ['int', ['uint32']],
  ms_listen: ['int', ['pointer', 'pointer', 'uint32', 'pointer']],
  ms_peer_mac: ['int', ['int32', 'pointer']],
  ms_fd_channel: ['int', ['pointer']],
  ms_fd_send: ['int', ['int32', 'int32', 'uint32']],
  ms_fd_receive: ['int', ['int32', 'pointer', 'pointer']],
  ms_notify: ['int', ['pointer', 'pointer', 'int32']],
  ms_document_create: ['int', ['pointer', 'uint32', 'pointer']],
  ms_document_size: ['int', ['int32', 'pointer']],
  ms_hand_over_listen: ['int', ['pointer', 'pointer']],
  ms_hand_over_accept: ['int', ['int32', 'pointer']],
  ms_hand_over_connect: ['int', ['pointer', 'pointer']],
  ms_fds_send: ['int', ['int32', 'pointer', 'uint32']],
  ms_fds_receive: ['int', ['int32', 'pointer', 'uint32', 'pointer']],
  ms_peer: ['int', ['int32', 'pointer', 'pointer']],
  ms_peer_open: ['int', ['int32', 'pointer']],
  ms_process_open: ['int', ['uint32', 'pointer']],
  ms_process_ended: ['int', ['int32', 'pointer']],
  ms_process_signal: ['int', ['int32', 'uint32']],
  ms_memory_trim: ['int', []],
  ms_close: ['int', ['int32']],
  ms_lock: ['int', ['pointer', 'pointer', 'pointer']],
  ms_lock_name: ['int', ['int32', 'uint32']],
  ms_pidns_leave: ['int', ['pointer']],
  ms_pidns_return: ['int', ['int32']],
  ms_libraries: ['int', ['pointer', 'uint32']],
  ms_confine: ['int', ['pointer']],
  ms_report_denied: ['int', []],
} as const;

/** Their parameters, and above each what C calls them. */
export interface Parameters {
  /** const char *path, const char *record */
  ms_netns_create: [path: Memory<'char'>, record: Memory<'char'>];
  /** const char *path */
  ms_netns_remove: [path: Memory<'char'>];
  /** __s32 *stream_fd */
  ms_events_open: [stream_fd: Memory<'s32'>];
  /** const char *netns, struct ms_link *links, __u32 capacity, __u32 *count, __s32 *nsid */
  ms_netns_look: [netns: Memory<'char'>, links: Memory<'ms_link'>, capacity: number, count: Memory<'u32'>, nsid: Memory<'s32'>];
  /** const char *netns, const char *name, struct ms_link *link */
  ms_link_find: [netns: Memory<'char'>, name: Memory<'char'>, link: Memory<'ms_link'>];
  /** const char *router_netns, __u32 ifindex, const char *port_netns, const char *device, struct ms_link *created */
  ms_port_create: [router_netns: Memory<'char'>, ifindex: number, port_netns: Memory<'char'>, device: Memory<'char'>, created: Memory<'ms_link'>];
  /** const char *port_netns, const char *device */
  ms_port_up: [port_netns: Memory<'char'>, device: Memory<'char'>];
  /** const char *port_netns, const char *device, __u32 mtu */
  ms_port_mtu: [port_netns: Memory<'char'>, device: Memory<'char'>, mtu: number];
  /** const char *port_netns, const char *device */
  ms_port_remove: [port_netns: Memory<'char'>, device: Memory<'char'>];
  /** const char *object_path, const struct ms_map_sizes *sizes, struct ms_maps *maps, char *log, __u32 log_len */
  ms_maps_create: [object_path: Memory<'char'>, sizes: Memory<'ms_map_sizes'>, maps: Memory<'ms_maps'>, log: Buffer, log_len: number];
  /** const char *object_path, const char *program_name, const struct ms_maps *maps, __u8 *template, __u32 capacity, __u32 *length, char *log, __u32 log_len */
  ms_template_prepare: [object_path: Memory<'char'>, program_name: Memory<'char'>, maps: Memory<'ms_maps'>, template: Buffer, capacity: number, length: Memory<'u32'>, log: Buffer, log_len: number];
  /** const __u8 *template, __u32 length, const __u8 *constants, __u32 constants_len, const struct ms_maps *maps, __s32 *program_fd, char *log, __u32 log_len */
  ms_program_load: [template: Buffer, length: number, constants: Buffer, constants_len: number, maps: Memory<'ms_maps'>, program_fd: Memory<'s32'>, log: Buffer, log_len: number];
  /** __s32 program_fd, __u8 *tag */
  ms_program_tag: [program_fd: number, tag: Buffer];
  /** const char *netns, __u32 ifindex, __u32 hook, __s32 program_fd, __u32 mode, struct ms_attachment *attachment */
  ms_attach: [netns: Memory<'char'>, ifindex: number, hook: number, program_fd: number, mode: number, attachment: Memory<'ms_attachment'>];
  /** const char *netns, const struct ms_attachment *attachment */
  ms_detach: [netns: Memory<'char'>, attachment: Memory<'ms_attachment'>];
  /** const char *netns, const struct ms_attachment *attachment, __s32 program_fd */
  ms_attachment_replace: [netns: Memory<'char'>, attachment: Memory<'ms_attachment'>, program_fd: number];
  /** const char *netns, __u32 ifindex, __u32 *count */
  ms_filters_left: [netns: Memory<'char'>, ifindex: number, count: Memory<'u32'>];
  /** const char *netns, __u32 ifindex, const struct ms_attachment *keep, __u32 *removed */
  ms_filters_clear: [netns: Memory<'char'>, ifindex: number, keep: Memory<'ms_attachment'>, removed: Memory<'u32'>];
  /** const char *netns, __u32 ifindex, struct ms_strangers *strangers */
  ms_strangers_look: [netns: Memory<'char'>, ifindex: number, strangers: Memory<'ms_strangers'>];
  /** __s32 stages_fd, __u32 stage, __s32 program_fd */
  ms_stage_write: [stages_fd: number, stage: number, program_fd: number];
  /** __s32 stages_fd, __u32 stage */
  ms_stage_clear: [stages_fd: number, stage: number];
  /** __s32 draining_fd, __u32 port_id, __u32 draining */
  ms_draining_write: [draining_fd: number, port_id: number, draining: number];
  /** __s32 devices_fd, __u32 ifindex, __u32 port_id */
  ms_device_write: [devices_fd: number, ifindex: number, port_id: number];
  /** __s32 devices_fd, __u32 ifindex */
  ms_device_delete: [devices_fd: number, ifindex: number];
  /** __s32 interfaces_fd, __u32 netns, __u32 ifindex, __u32 port_id */
  ms_interface_write: [interfaces_fd: number, netns: number, ifindex: number, port_id: number];
  /** __s32 interfaces_fd, __u32 netns, __u32 ifindex */
  ms_interface_delete: [interfaces_fd: number, netns: number, ifindex: number];
  /** const struct ms_maps *maps, const char *netns, __u32 ifindex, __u32 port_id */
  ms_prefixes_follow: [maps: Memory<'ms_maps'>, netns: Memory<'char'>, ifindex: number, port_id: number];
  /** __s32 counters_fd, __u32 first, __u32 count, struct ms_port_counters *counters */
  ms_counters_read: [counters_fd: number, first: number, count: number, counters: Memory<'ms_port_counters'>];
  /** __s32 counters_fd, __u32 first, __u32 count, __u64 *drops */
  ms_limit_drops_read: [counters_fd: number, first: number, count: number, drops: Memory<'u64'>];
  /** const struct ms_maps *maps, __u32 port_id, const struct ms_port *port */
  ms_port_begin: [maps: Memory<'ms_maps'>, port_id: number, port: Memory<'ms_port'>];
  /** const struct ms_maps *maps, __u32 port_id */
  ms_port_end: [maps: Memory<'ms_maps'>, port_id: number];
  /** __s32 ports_fd, __u32 first, __u32 count, struct ms_port *ports */
  ms_ports_read: [ports_fd: number, first: number, count: number, ports: Memory<'ms_port'>];
  /** __s32 settings_fd, const struct ms_settings *settings */
  ms_settings_write: [settings_fd: number, settings: Memory<'ms_settings'>];
  /** __s32 neighbours_fd, const struct ms_neighbour_key *key, struct ms_neighbour *neighbour */
  ms_neighbour_read: [neighbours_fd: number, key: Memory<'ms_neighbour_key'>, neighbour: Memory<'ms_neighbour'>];
  /** __s32 neighbours_fd, const struct ms_neighbour_key *key, const struct ms_neighbour *neighbour */
  ms_neighbour_write: [neighbours_fd: number, key: Memory<'ms_neighbour_key'>, neighbour: Memory<'ms_neighbour'>];
  /** __s32 ports_fd, __u32 port_id, const struct ms_port *port */
  ms_port_write: [ports_fd: number, port_id: number, port: Memory<'ms_port'>];
  /** __s32 flows_fd, const struct ms_flow_key *key, const struct ms_flow *flow */
  ms_flow_write: [flows_fd: number, key: Memory<'ms_flow_key'>, flow: Memory<'ms_flow'>];
  /** __s32 flows_fd, const struct ms_flow_key *key, struct ms_flow *flow */
  ms_flow_read: [flows_fd: number, key: Memory<'ms_flow_key'>, flow: Memory<'ms_flow'>];
  /** const struct ms_maps *maps, __s32 forget_fd, __u32 port_id, __u32 unconfirmed, __u32 any, __u32 *evicted */
  ms_make_room: [maps: Memory<'ms_maps'>, forget_fd: number, port_id: number, unconfirmed: number, any: number, evicted: Memory<'u32'>];
  /** __s32 asks_fd, __s32 answer_fd, __s32 *stream_fd */
  ms_resolver_open: [asks_fd: number, answer_fd: number, stream_fd: Memory<'s32'>];
  /** __u32 port_id, const char *netns, __u32 ifindex */
  ms_resolver_port: [port_id: number, netns: Memory<'char'>, ifindex: number];
  /** const struct ms_maps *maps, __s32 forget_fd, const struct ms_sweep_limits *limits, struct ms_sweep_result *result */
  ms_sweep: [maps: Memory<'ms_maps'>, forget_fd: number, limits: Memory<'ms_sweep_limits'>, result: Memory<'ms_sweep_result'>];
  /** __s32 packet_events_fd, __s32 *stream_fd */
  ms_packet_events_open: [packet_events_fd: number, stream_fd: Memory<'s32'>];
  /** const char *netns, __u32 ifindex, __u32 mark, __s32 program_fd, const __u8 *frame, __u32 frame_len, __u8 *out, __u32 out_len, __u32 repeat, struct ms_test_result *result */
  ms_test_run: [netns: Memory<'char'>, ifindex: number, mark: number, program_fd: number, frame: Buffer, frame_len: number, out: Buffer, out_len: number, repeat: number, result: Memory<'ms_test_result'>];
  /** __u32 clients, __s32 *rates_fd */
  ms_rates_create: [clients: number, rates_fd: Memory<'s32'>];
  /** __s32 rates_fd */
  ms_rates_check: [rates_fd: number];
  /** __s32 rates_fd */
  ms_rates_open: [rates_fd: number];
  /** const __u8 *client, __u32 client_len, const struct ms_rate_windows *windows, __u32 now_ms, __u32 *wait_ms */
  ms_rates_take: [client: Buffer, client_len: number, windows: Memory<'ms_rate_windows'>, now_ms: number, wait_ms: Memory<'u32'>];
  /** const struct ms_front_options *options, const char *agent_path, struct ms_front_memory *memory, __u32 *front, __s32 *wake_fd */
  ms_front_open: [options: Memory<'ms_front_options'>, agent_path: Memory<'char'>, memory: Memory<'ms_front_memory'>, front: Memory<'u32'>, wake_fd: Memory<'s32'>];
  /** __u32 front, __s32 socket_fd, __u32 backlog, __u32 port_id */
  ms_front_listen: [front: number, socket_fd: number, backlog: number, port_id: number];
  /** __u32 front, __u32 port_id */
  ms_front_unlisten: [front: number, port_id: number];
  /** __u32 front, __u32 count */
  ms_front_submit: [front: number, count: number];
  /** __u32 front */
  ms_front_go_on: [front: number];
  /** __u32 front */
  ms_front_close: [front: number];
  /** const char *port_netns, const char *device, __u32 backlog, __s32 *socket_fd */
  ms_listen: [port_netns: Memory<'char'>, device: Memory<'char'>, backlog: number, socket_fd: Memory<'s32'>];
  /** __s32 socket_fd, __u8 *mac */
  ms_peer_mac: [socket_fd: number, mac: Buffer];
  /** struct ms_channel *channel */
  ms_fd_channel: [channel: Memory<'ms_channel'>];
  /** __s32 channel_fd, __s32 fd, __u32 port_id */
  ms_fd_send: [channel_fd: number, fd: number, port_id: number];
  /** __s32 channel_fd, __s32 *fd, __u32 *port_id */
  ms_fd_receive: [channel_fd: number, fd: Memory<'s32'>, port_id: Memory<'u32'>];
  /** const char *socket_path, const char *message, __s32 descriptor */
  ms_notify: [socket_path: Memory<'char'>, message: Memory<'char'>, descriptor: number];
  /** const void *bytes, __u32 length, __s32 *fd */
  ms_document_create: [bytes: Buffer, length: number, fd: Memory<'s32'>];
  /** __s32 fd, __u32 *length */
  ms_document_size: [fd: number, length: Memory<'u32'>];
  /** const char *path, __s32 *listen_fd */
  ms_hand_over_listen: [path: Memory<'char'>, listen_fd: Memory<'s32'>];
  /** __s32 listen_fd, __s32 *channel_fd */
  ms_hand_over_accept: [listen_fd: number, channel_fd: Memory<'s32'>];
  /** const char *path, __s32 *channel_fd */
  ms_hand_over_connect: [path: Memory<'char'>, channel_fd: Memory<'s32'>];
  /** __s32 channel_fd, const __s32 *fds, __u32 count */
  ms_fds_send: [channel_fd: number, fds: Memory<'s32'>, count: number];
  /** __s32 channel_fd, __s32 *fds, __u32 capacity, __u32 *count */
  ms_fds_receive: [channel_fd: number, fds: Memory<'s32'>, capacity: number, count: Memory<'u32'>];
  /** __s32 socket_fd, __u32 *pid, __u32 *uid */
  ms_peer: [socket_fd: number, pid: Memory<'u32'>, uid: Memory<'u32'>];
  /** __s32 socket_fd, __s32 *process_fd */
  ms_peer_open: [socket_fd: number, process_fd: Memory<'s32'>];
  /** __u32 pid, __s32 *process_fd */
  ms_process_open: [pid: number, process_fd: Memory<'s32'>];
  /** __s32 process_fd, __u32 *ended */
  ms_process_ended: [process_fd: number, ended: Memory<'u32'>];
  /** __s32 process_fd, __u32 number */
  ms_process_signal: [process_fd: number, number: number];
  /** void */
  ms_memory_trim: [];
  /** __s32 fd */
  ms_close: [fd: number];
  /** const char *path, __s32 *fd, __s32 *holder */
  ms_lock: [path: Memory<'char'>, fd: Memory<'s32'>, holder: Memory<'s32'>];
  /** __s32 fd, __u32 held */
  ms_lock_name: [fd: number, held: number];
  /** __s32 *own_fd */
  ms_pidns_leave: [own_fd: Memory<'s32'>];
  /** __s32 own_fd */
  ms_pidns_return: [own_fd: number];
  /** __u8 *paths, __u32 room */
  ms_libraries: [paths: Buffer, room: number];
  /** const char *agent_path */
  ms_confine: [agent_path: Memory<'char'>];
  /** void */
  ms_report_denied: [];
}

/** Bytes of what is passed by pointers. */
export const SIZES = {
  u8: 1,
  u32: 4,
  s32: 4,
  u64: 8,
  ms_neighbour_key: 20,
  ms_neighbour: 56,
  ms_flow_key: 24,
  ms_flow: 32,
  ms_port_counters: 408,
  ms_port: 88,
  ms_settings: 72,
  ms_link: 56,
  ms_maps: 52,
  ms_map_sizes: 12,
  ms_attachment: 32,
  ms_strangers: 12,
  ms_sweep_limits: 40,
  ms_sweep_result: 16,
  ms_test_result: 16,
  ms_rate_windows: 20,
  ms_front_options: 12,
  ms_front_memory: 40,
  ms_channel: 8,
} as const;
