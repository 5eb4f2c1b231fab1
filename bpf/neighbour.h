/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Who replies go to: (port, client address) -> MAC, learned from the packets themselves. */
#pragma once

#include "maps.h"
#include "packet.h"

#define NEIGHBOUR_REFRESH_NS 1000000000ULL /* writing on every packet would bounce the cache line between CPUs */

static __always_inline enum ms_verdict neighbour_insert(const struct ms_neighbour_key *key, struct ms_port *port,
							const __u8 *mac, __u64 now_ns, const struct ms_settings *limits)
{
	struct ms_neighbour fresh = {.seen_ns = now_ns};

	/* Two CPUs may pass this test together: the quota can be exceeded by the number of CPUs, no more. */
	if (port->neighbours >= limits->neighbours_per_port_max)
		return MS_DROP_NEIGHBOUR_QUOTA;
	__builtin_memcpy(fresh.mac, mac, ETH_ALEN);
	if (bpf_map_update_elem(&neighbours, key, &fresh, BPF_NOEXIST) == 0) {
		__sync_fetch_and_add(&port->neighbours, 1);
		return MS_STEER_SYN;
	}
	/* Another CPU was first with the same address, or there is no room on the node. */
	return bpf_map_lookup_elem(&neighbours, key) ? MS_STEER_SYN : MS_DROP_NEIGHBOUR_FULL;
}

/*
 * Learns or refreshes the neighbour a packet came from. Only a SYN changes the MAC of a known address:
 * a stray packet must not redirect the replies of open connections.
 * Returns MS_STEER_SYN, MS_STEER_SYN_MOVED, or the verdict to drop the packet with.
 */
static __always_inline enum ms_verdict neighbour_learn(__u32 port_id, struct ms_port *port, const struct client *client,
						       bool opens, __u64 now_ns, const struct ms_settings *limits)
{
	struct ms_neighbour_key key = {.port_id = port_id};
	struct ms_neighbour *known;

	__builtin_memcpy(key.address, client->address, sizeof(key.address));
	known = bpf_map_lookup_elem(&neighbours, &key);
	if (!known)
		return neighbour_insert(&key, port, client->mac, now_ns, limits);
	if (opens && !mac_equal(client->mac, known->mac)) {
		struct ms_neighbour moved = {.seen_ns = now_ns};

		/* Replaced whole, never written in place: a reply on another CPU sees the old MAC or the new one. */
		__builtin_memcpy(moved.mac, client->mac, ETH_ALEN);
		bpf_map_update_elem(&neighbours, &key, &moved, BPF_EXIST);
		return MS_STEER_SYN_MOVED;
	}
	/* A sum, not a difference: another CPU may have written a later time. */
	if (now_ns > known->seen_ns + NEIGHBOUR_REFRESH_NS)
		known->seen_ns = now_ns;
	return MS_STEER_SYN;
}
