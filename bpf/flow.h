/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which connections are open: counted for the limits, and consulted while a port takes over or drains (design D11).
 *
 * Written when a connection opens and ends, and at most once a second when it is answered; other packets of a
 * connection look nothing up. Whoever deletes a flow counts it down, and the kernel lets only one delete it.
 */
#pragma once

#include "maps.h"
#include "neighbour.h"

#define FLOW_REFRESH_NS 1000000000ULL

static __always_inline struct ms_flow_key flow_key(__u32 port_id, const __u8 *address, __be16 client_port)
{
	struct ms_flow_key key = {.port_id = port_id, .client_port = client_port};

	__builtin_memcpy(key.address, address, sizeof(key.address));
	return key;
}

/* While a port takes over or drains, packets may belong to connections that are not ours. */
static __always_inline bool flows_are_mixed(const struct ms_port *port, __u32 port_id, __u64 now_ns)
{
	const __u32 *draining_state = bpf_map_lookup_elem(&draining, &port_id);
	__u32 zero = 0;
	const struct ms_settings *node = bpf_map_lookup_elem(&settings, &zero);

	return (draining_state && *draining_state) || now_ns < port->taking_over_until_ns ||
	       (node && now_ns < node->taking_over_until_ns);
}

/* False when the node's table is full. */
static __always_inline bool flow_open(const struct ms_flow_key *key, struct ms_port *port, struct ms_neighbour *client,
				      __u64 now_ns)
{
	struct ms_flow fresh = {.seen_ns = now_ns};

	if (bpf_map_update_elem(&flows, key, &fresh, BPF_NOEXIST))
		return false;
	__sync_fetch_and_add(&client->open, 1);
	__sync_fetch_and_add(&port->open, 1);
	return true;
}

static __always_inline void flow_close(const struct ms_flow_key *key, struct ms_port *port, __u64 now_ns)
{
	struct ms_neighbour_key address = neighbour_key(key->port_id, key->address);
	struct ms_flow ended = {.seen_ns = now_ns};
	struct ms_neighbour *client;

	if (flows_are_mixed(port, key->port_id, now_ns))
		bpf_map_update_elem(&ended_flows, key, &ended, BPF_ANY);
	if (bpf_map_delete_elem(&flows, key))
		return;
	__sync_fetch_and_add(&port->open, -1);
	client = bpf_map_lookup_elem(&neighbours, &address);
	/* Zero: the address was forgotten meanwhile and is known anew. */
	if (client && client->open > 0)
		__sync_fetch_and_add(&client->open, -1);
}

/* One side has sent a FIN, or either a RST. Two ends at once on two CPUs may leave the flow to ms_forget. */
static __always_inline void flow_end(const struct ms_flow_key *key, struct ms_port *port, struct ms_flow *flow,
				     enum ms_flow_flag side, bool reset, __u64 now_ns)
{
	const __u32 both = MS_FLOW_CLIENT_ENDED | MS_FLOW_SERVICE_ENDED;
	__u32 flags = flow->flags | side;

	if (reset || (flags & both) == both) {
		flow_close(key, port, now_ns);
		return;
	}
	flow->flags = flags;
	flow->seen_ns = now_ns;
}
