/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Whether the router would reply to an address by this interface, and to which MAC (design D14): its own routes and its own
 * neighbour table decide, as they do for a proxy that runs in it.
 *
 * bpf_fib_lookup answers both in one call where the interface forwards. Where it does not (isolated networks, OVN), and for
 * IPv6 link-local addresses, which are never forwarded, the interface's prefixes say what is on the link, and the daemon
 * writes what the neighbour table says into the address's entry when it is asked (ms_answer, native/resolve.c).
 */
#pragma once

#include "neighbour.h"

#include <bpf/bpf_endian.h>

#ifndef AF_INET
#define AF_INET 2
#define AF_INET6 10
#endif

/* An approval holds for so long; further SYNs of the same MAC ask nobody. */
#define ROUTE_CHECK_INTERVAL_NS 1000000000ULL
/* As long as the kernel believes its own entries without a sign of life (base_reachable_time). */
#define ROUTE_ANSWER_NS 30000000000ULL

enum route {
	ROUTE_HERE,       /* by this interface, to the MAC of the frame */
	ROUTE_OTHER_MAC,  /* by this interface, to another MAC */
	ROUTE_UNRESOLVED, /* by this interface, to a MAC that is not known */
	ROUTE_THERE,      /* by another interface */
	ROUTE_NOWHERE,    /* not at all, or not by this interface */
};

static __always_inline bool is_ipv4_client(const __u8 *address)
{
	const __u32 *words = (const __u32 *)address;

	return words[0] == 0 && words[1] == 0 && words[2] == bpf_htonl(0xffff);
}

static __always_inline bool is_link_local_client(const __u8 *address)
{
	return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

static __always_inline bool mac_is_zero(const __u8 *mac)
{
	return (mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]) == 0;
}

static __always_inline enum route route_of_mac(const __u8 *known, const __u8 *mac)
{
	/* Kernels before 6.3 show entries that are not resolved, too. */
	if (mac_is_zero(known))
		return ROUTE_UNRESOLVED;
	return mac_equal(known, mac) ? ROUTE_HERE : ROUTE_OTHER_MAC;
}

/* Without routes: what is on the link, and what the daemon last wrote down of the neighbour table. */
static __always_inline enum route route_on_link(__u32 port_id, const struct client *client,
						const struct ms_neighbour *known, __u64 now_ns)
{
	struct ms_prefix_key prefix = {.length = 32 + 128, .port_id = port_id};

	if (!is_link_local_client(client->address)) {
		__builtin_memcpy(prefix.address, client->address, sizeof(prefix.address));
		if (!bpf_map_lookup_elem(&prefixes, &prefix))
			return ROUTE_NOWHERE;
	}
	if (!known || !known->answered_ns || now_ns > known->answered_ns + ROUTE_ANSWER_NS)
		return ROUTE_UNRESOLVED;
	return route_of_mac(known->answer_mac, client->mac);
}

/*
 * Asks the router's tables. `to` says afterwards, for ROUTE_THERE, by which interface, and where its neighbour is known, the
 * MACs of both; for ROUTE_OTHER_MAC, the neighbour's MAC.
 */
static __always_inline enum route route_of(struct __sk_buff *skb, __u32 port_id, const struct client *client,
					   const struct ms_neighbour *known, __u64 now_ns, struct bpf_fib_lookup *to)
{
	enum route route;
	long result;

	__builtin_memset(to, 0, sizeof(*to));
	if (is_link_local_client(client->address))
		goto on_link;
	to->ifindex = skb->ifindex;
	to->l4_protocol = IPPROTO_TCP;
	to->sport = bpf_htons(MS_METADATA_PORT);
	to->dport = client->port;
	if (is_ipv4_client(client->address)) {
		to->family = AF_INET;
		__builtin_memcpy(&to->ipv4_dst, client->address + 12, sizeof(to->ipv4_dst));
	} else {
		to->family = AF_INET6;
		__builtin_memcpy(to->ipv6_dst, client->address, sizeof(to->ipv6_dst));
	}
	/* No source: rules that ask for one are about what instances send, and link-local ones are refused. */
	result = bpf_fib_lookup(skb, to, sizeof(*to), 0);
	if (result == BPF_FIB_LKUP_RET_FWD_DISABLED || result < 0)
		goto on_link;
	if (result == BPF_FIB_LKUP_RET_NO_NEIGH)
		__builtin_memset(to->dmac, 0, ETH_ALEN);
	else if (result != BPF_FIB_LKUP_RET_SUCCESS && result != BPF_FIB_LKUP_RET_FRAG_NEEDED)
		return ROUTE_NOWHERE;
	if (to->ifindex != skb->ifindex)
		return ROUTE_THERE;
	return route_of_mac(to->dmac, client->mac);

on_link:
	route = route_on_link(port_id, client, known, now_ns);
	if (route == ROUTE_OTHER_MAC && known)
		__builtin_memcpy(to->dmac, known->answer_mac, ETH_ALEN);
	return route;
}

/* So many addresses of a port may be asked for per second, and at once. */
#define ASK_INTERVAL_NS 2000000ULL
#define ASK_BURST_NS (1024 * ASK_INTERVAL_NS)

/* By which address the router replies: after route_of. The client's own where the router was not asked. */
static __always_inline void route_next_hop(const struct bpf_fib_lookup *to, const __u8 *address, __u8 *next_hop)
{
	if (to->family == AF_INET) {
		next_hop[10] = 0xff;
		next_hop[11] = 0xff;
		__builtin_memcpy(next_hop + 12, &to->ipv4_dst, sizeof(to->ipv4_dst));
	} else if (to->family == AF_INET6) {
		/* Also of an IPv4 route whose next hop is an IPv6 address (RFC 5549). */
		__builtin_memcpy(next_hop, to->ipv6_dst, sizeof(to->ipv6_dst));
	} else {
		__builtin_memcpy(next_hop, address, sizeof(to->ipv6_dst));
	}
}

/* Has the daemon find out an address's neighbour. What is too much is left out: the next SYN asks again. */
static __always_inline void route_ask(struct ms_port *port, const struct ms_neighbour_key *key,
				      const struct bpf_fib_lookup *to, bool is_doubted, __u64 now_ns)
{
	__u64 busy_until_ns = (port->asks_busy_until_ns > now_ns ? port->asks_busy_until_ns : now_ns) + ASK_INTERVAL_NS;
	struct ms_ask ask = {.key = *key, .is_doubted = is_doubted};

	if (busy_until_ns - now_ns > ASK_BURST_NS)
		return;
	route_next_hop(to, key->address, ask.next_hop);
	if (bpf_ringbuf_output(&asks, &ask, sizeof(ask), 0))
		return;
	port->asks_busy_until_ns = busy_until_ns;
}
