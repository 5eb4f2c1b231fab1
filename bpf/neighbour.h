/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Who is known at a port: (port, client address) -> MAC, learned from SYNs that the router's tables agree with (route.h). */
#pragma once

#include "maps.h"
#include "packet.h"
#include "report.h"

#define NEIGHBOUR_REFRESH_NS 1000000000ULL /* writing on every packet would bounce the cache line between CPUs */

static __always_inline struct ms_neighbour_key neighbour_key(__u32 port_id, const __u8 *address)
{
	struct ms_neighbour_key key = {.port_id = port_id};

	__builtin_memcpy(key.address, address, sizeof(key.address));
	return key;
}

/*
 * Inserts an address that is not known. Returns it, or NULL when the node's table is full.
 *
 * `checked_ns` is when the router approved of it, 0 when it has not yet.
 */
static __always_inline struct ms_neighbour *neighbour_insert(const struct ms_neighbour_key *key, struct ms_port *port,
							     const struct client *client, __u64 now_ns,
							     __u64 checked_ns)
{
	struct ms_neighbour fresh = {.seen_ns = now_ns, .checked_ns = checked_ns};

	__builtin_memcpy(fresh.mac, client->mac, ETH_ALEN);
	if (bpf_map_update_elem(&neighbours, key, &fresh, BPF_NOEXIST) == 0)
		__sync_fetch_and_add(&port->neighbours, 1);
	/* Where that failed, another CPU may have been first with the same address. */
	return bpf_map_lookup_elem(&neighbours, key);
}

/*
 * Gives a known address another MAC, of which the router approves. It begins with nothing: what the one before spent is not
 * charged to it. Replaced whole, never written in place: another CPU sees the old MAC or the new one.
 */
static __always_inline struct ms_neighbour *neighbour_move(const struct ms_neighbour_key *key, struct ms_port *port,
							   const struct ms_neighbour *known,
							   const struct client *client, __u64 now_ns)
{
	struct ms_neighbour moved = {.seen_ns = now_ns, .checked_ns = now_ns, .answered_ns = known->answered_ns};
	bool was_confirmed = known->confirmed;

	report(MS_PACKET_EVENT_MOVED, 0, key, client->mac, known->mac);
	__builtin_memcpy(moved.mac, client->mac, ETH_ALEN);
	__builtin_memcpy(moved.answer_mac, known->answer_mac, ETH_ALEN);
	if (bpf_map_update_elem(&neighbours, key, &moved, BPF_EXIST) == 0 && was_confirmed)
		__sync_fetch_and_add(&port->confirmed, -1);
	return bpf_map_lookup_elem(&neighbours, key);
}

static __always_inline void neighbour_refresh(struct ms_neighbour *known, __u64 now_ns)
{
	/* A sum, not a difference: another CPU may have written a later time. */
	if (now_ns > known->seen_ns + NEIGHBOUR_REFRESH_NS)
		known->seen_ns = now_ns;
}

/* It has shown that it gets what is sent to its address. */
static __always_inline void neighbour_confirm(struct ms_port *port, struct ms_neighbour *known)
{
	if (known->confirmed)
		return;
	known->confirmed = 1;
	__sync_fetch_and_add(&port->confirmed, 1);
}
