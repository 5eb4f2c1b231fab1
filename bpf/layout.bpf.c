// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Never loaded: it exists so that every layout shared with user space is in one object's BTF,
 * from which bpf/layout.ts writes src/kernel/layout.gen.ts.
 */
#include "../native/metasteer.h"

struct ms_layout {
	enum ms_verdict verdict;
	enum ms_draining draining;
	enum ms_stage stage;
	enum ms_hook hook;
	enum ms_attach_mode attach_mode;
	enum ms_event_kind event_kind;
	struct ms_port_constants port_constants;
	struct ms_neighbour_key neighbour_key;
	struct ms_neighbour neighbour;
	struct ms_port_counters port_counters;
	enum ms_abi abi;
	struct ms_port port;
	struct ms_rate rate;
	enum ms_flow_flag flow_flag;
	struct ms_flow_key flow_key;
	struct ms_flow flow;
	enum ms_packet_event_kind packet_event_kind;
	struct ms_packet_event packet_event;
	struct ms_trace_filter trace_filter;
	struct ms_settings settings;
	struct ms_answer answer;
	struct ms_link link;
	struct ms_maps maps;
	struct ms_map_sizes map_sizes;
	struct ms_attachment attachment;
	struct ms_event event;
	struct ms_strangers strangers;
	struct ms_rate_windows rate_windows;
	enum ms_front_record_kind front_record_kind;
	struct ms_front_record front_record;
	struct ms_front_client front_client;
	struct ms_front_ring front_ring;
	enum ms_front_op_kind front_op_kind;
	struct ms_front_op front_op;
	struct ms_front_options front_options;
	struct ms_sweep_limits sweep_limits;
	struct ms_sweep_result sweep_result;
	struct ms_test_result test_result;
};

struct ms_layout layout;
