/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The maps all program instances share. The daemon creates them once, with the sizes of its
 * configuration in place of these, and every instance reuses them.
 */
#pragma once

#include "abi.h"

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

/* Owner: ms_steer inserts, ms_forget removes. Without preallocation, so that the bound costs little memory. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct ms_neighbour_key);
	__type(value, struct ms_neighbour);
} neighbours SEC(".maps");

/* Owner: ms_steer inserts; ms_steer and ms_restore remove a flow that has ended, ms_forget one that never did. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct ms_flow_key);
	__type(value, struct ms_flow);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct ms_port_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct ms_port);
} ports SEC(".maps");

/*
 * Connections that have just ended while others of their port may be somebody else's: their last packets, an ACK or a FIN
 * sent again, are still ours. Written and read in those states alone (design D11).
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct ms_flow_key);
	__type(value, struct ms_flow); /* seen_ns: its end */
} ended_flows SEC(".maps");

/* By port id: enum ms_draining. Owner: the daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u32);
} draining SEC(".maps");

/* Port ids by interface index, which is unique in the metasteer namespace. Owner: the daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u32);
} devices SEC(".maps");

/* Port ids of router interfaces, for what one of them hands over to another. Owner: the daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, struct ms_interface_key);
	__type(value, __u32);
} interfaces SEC(".maps");

/*
 * What is on the link of a port, by the addresses of its interface: asked where the namespace does not forward, so that
 * its routes cannot be. Owner: the daemon.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8192);
	__type(key, struct ms_prefix_key);
	__type(value, __u32);
} prefixes SEC(".maps");

/* Addresses whose neighbours the daemon is asked for (native/resolve.c). What does not fit is asked again by the next SYN. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} asks SEC(".maps");

/* What the daemon's log is told of packets. What does not fit is lost, the counters tell of it all the same. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} packet_events SEC(".maps");

/*
 * What ms_match goes on with, one program for all ports. Held open by the daemon's process alone: the kernel empties
 * such a map when its last descriptor is closed, so packets pass from the moment the process is gone, however it
 * ended (kernel/bpf/arraymap.c, prog_array_map_clear).
 */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, MS_STAGE_COUNT);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} stages SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ms_settings);
} settings SEC(".maps");
