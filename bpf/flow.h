/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which connections are open: counted for the limits, and consulted while a port takes over or drains (design D11).
 *
 * A connection keeps the MAC it began with: packets of another are not its own, and its replies go nowhere else. Its ends
 * count when they are real: a FIN of the client when the service has acknowledged it, a RST when the service must accept it.
 * Whoever deletes a flow counts it down, and the kernel lets only one delete it.
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

/* False when the node's table is full. `flags`: MS_FLOW_UNRESOLVED, MS_FLOW_HANDED_OVER. */
static __always_inline bool flow_open(const struct ms_flow_key *key, struct ms_port *port, struct ms_neighbour *known,
				      const struct client *client, __u32 flags, __u64 now_ns)
{
	struct ms_flow fresh = {.seen_ns = now_ns, .flags = flags, .client_next = client->next};

	__builtin_memcpy(fresh.mac, client->mac, ETH_ALEN);
	if (bpf_map_update_elem(&flows, key, &fresh, BPF_NOEXIST))
		return false;
	if (flags & MS_FLOW_HANDED_OVER)
		__sync_fetch_and_add(&port->handed_open, 1);
	else
		__sync_fetch_and_add(&known->open, 1);
	__sync_fetch_and_add(&port->open, 1);
	return true;
}

static __always_inline void flow_close(const struct ms_flow_key *key, struct ms_port *port, const struct ms_flow *flow,
				       __u64 now_ns)
{
	struct ms_neighbour_key address = neighbour_key(key->port_id, key->address);
	struct ms_flow ended = *flow;
	struct ms_neighbour *known;

	ended.seen_ns = now_ns;
	if (flows_are_mixed(port, key->port_id, now_ns))
		bpf_map_update_elem(&ended_flows, key, &ended, BPF_ANY);
	if (bpf_map_delete_elem(&flows, key))
		return;
	__sync_fetch_and_add(&port->open, -1);
	if (ended.flags & MS_FLOW_HANDED_OVER) {
		__sync_fetch_and_add(&port->handed_open, -1);
		return;
	}
	known = bpf_map_lookup_elem(&neighbours, &address);
	/* It may have been forgotten meanwhile, and be known anew, or by another MAC. */
	if (!known || !mac_equal(known->mac, ended.mac))
		return;
	neighbour_refresh(known, now_ns);
	if (known->open > 0)
		__sync_fetch_and_add(&known->open, -1);
}

/* One side has ended. Two ends at once on two CPUs may leave the flow to ms_forget. */
static __always_inline void flow_end(const struct ms_flow_key *key, struct ms_port *port, struct ms_flow *flow,
				     enum ms_flow_flag side, __u64 now_ns)
{
	const __u32 both = MS_FLOW_CLIENT_ENDED | MS_FLOW_SERVICE_ENDED;
	__u32 flags = flow->flags | side;

	if ((flags & both) == both) {
		flow_close(key, port, flow, now_ns);
		return;
	}
	if (flags == flow->flags)
		return;
	flow->flags = flags;
	flow->seen_ns = now_ns;
}

/* Sequence numbers go round (RFC 9293 section 3.4). */
static __always_inline bool is_after(__u32 sequence, __u32 other)
{
	return (__s32)(sequence - other) > 0;
}

/* Bytes that no window reaches: what claims to be further ahead is not followed. */
#define FLOW_AHEAD_MAX (1U << 30)

/*
 * Follows what a client sends on a connection. Every byte that the service's TCP ever sees has been here, so its next one
 * is at most `client_next`.
 */
static __always_inline void flow_follow_client(const struct ms_flow_key *key, struct ms_port *port, struct ms_flow *flow,
					       const struct client *client, __u64 now_ns)
{
	if (!(flow->flags & MS_FLOW_ACCEPTED))
		return;
	if (client->rst) {
		/* The service accepts it exactly where it goes on (RFC 5961 section 3.2), which is known when nothing is on the way. */
		if (client->seq == flow->service_ack && client->seq == flow->client_next)
			flow_close(key, port, flow, now_ns);
		return;
	}
	if (is_after(client->next, flow->client_next) && client->next - flow->service_ack < FLOW_AHEAD_MAX) {
		flow->client_next = client->next;
		flow->flags = client->fin ? flow->flags | MS_FLOW_CLIENT_FIN : flow->flags & ~MS_FLOW_CLIENT_FIN;
	}
	if (!(flow->flags & MS_FLOW_ESTABLISHED) && client->ack && client->ack_seq == flow->service_first) {
		struct ms_neighbour_key address = neighbour_key(key->port_id, key->address);
		struct ms_neighbour *known = bpf_map_lookup_elem(&neighbours, &address);

		flow->flags |= MS_FLOW_ESTABLISHED;
		if (known && mac_equal(known->mac, flow->mac))
			neighbour_confirm(port, known);
	}
}
