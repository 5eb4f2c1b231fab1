/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Who replies go to: (port, client address) -> MAC, learned from the packets themselves. */
#pragma once

#include "maps.h"
#include "packet.h"

#define NEIGHBOUR_REFRESH_NS 1000000000ULL /* writing on every packet would bounce the cache line between CPUs */

static __always_inline struct ms_neighbour_key neighbour_key(__u32 port_id, const __u8 *address)
{
	struct ms_neighbour_key key = {.port_id = port_id};

	__builtin_memcpy(key.address, address, sizeof(key.address));
	return key;
}

/* Inserts an address that is not known. Returns it, or NULL when the node's table is full. */
static __always_inline struct ms_neighbour *neighbour_insert(const struct ms_neighbour_key *key, struct ms_port *port,
							     const struct client *client, __u64 now_ns)
{
	struct ms_neighbour fresh = {.seen_ns = now_ns};

	__builtin_memcpy(fresh.mac, client->mac, ETH_ALEN);
	if (bpf_map_update_elem(&neighbours, key, &fresh, BPF_NOEXIST) == 0)
		__sync_fetch_and_add(&port->neighbours, 1);
	/* Where that failed, another CPU may have been first with the same address. */
	return bpf_map_lookup_elem(&neighbours, key);
}

static __always_inline void report_move(const struct ms_neighbour_key *key, const __u8 *mac, const __u8 *former_mac)
{
	struct ms_packet_event *event = bpf_ringbuf_reserve(&packet_events, sizeof(*event), 0);

	if (!event)
		return;
	__builtin_memset(event, 0, sizeof(*event));
	event->time_ns = bpf_ktime_get_ns();
	event->kind = MS_PACKET_EVENT_MOVED;
	event->port_id = key->port_id;
	__builtin_memcpy(event->address, key->address, sizeof(event->address));
	__builtin_memcpy(event->mac, mac, ETH_ALEN);
	__builtin_memcpy(event->former_mac, former_mac, ETH_ALEN);
	bpf_ringbuf_submit(event, 0);
}

/*
 * Gives a known address another MAC. Only a SYN may: a stray packet must not redirect the replies of open connections.
 * Replaced whole, never written in place: a reply on another CPU sees the old MAC or the new one. What another CPU
 * writes to the old entry meanwhile is lost: a count of one, or a moment of the bucket.
 */
static __always_inline struct ms_neighbour *neighbour_move(const struct ms_neighbour_key *key,
							   const struct ms_neighbour *known,
							   const struct client *client, __u64 now_ns)
{
	struct ms_neighbour moved = {.seen_ns = now_ns, .busy_until_ns = known->busy_until_ns, .open = known->open};

	report_move(key, client->mac, known->mac);
	__builtin_memcpy(moved.mac, client->mac, ETH_ALEN);
	bpf_map_update_elem(&neighbours, key, &moved, BPF_EXIST);
	return bpf_map_lookup_elem(&neighbours, key);
}

static __always_inline void neighbour_refresh(struct ms_neighbour *known, __u64 now_ns)
{
	/* A sum, not a difference: another CPU may have written a later time. */
	if (now_ns > known->seen_ns + NEIGHBOUR_REFRESH_NS)
		known->seen_ns = now_ns;
}
