// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * tc egress of the port devices: sends replies to the instance, and nothing else to anybody.
 *
 * One instance serves all ports: interface indexes are unique in the namespace the devices are in.
 *
 * The device has no ARP and its MAC must never show on the tenant network, so both MACs are set here:
 * the instance's as destination, the router interface's as source. This is also what the worker's
 * namespace can reach: established connections to the metadata service, from its own address and port.
 */
#include "packet.h"
#include "verdict.h"

/* The slot in `counters` for what is no port's. Set by the loader. */
const volatile __u32 no_port = 0;

struct macs {
	__u8 destination[ETH_ALEN];
	__u8 source[ETH_ALEN];
};

/* A reply comes from port 80 and is never a SYN of our own. */
static __always_inline bool is_reply(const struct tcphdr *tcp)
{
	return tcp->source == bpf_htons(MS_METADATA_PORT) && !(tcp->syn && !tcp->ack);
}

static __always_inline enum ms_verdict reply_ipv4(const struct iphdr *ip, const void *end, __u8 *client)
{
	const struct tcphdr *tcp = (const void *)(ip + 1);

	if ((const void *)(ip + 1) > end)
		return MS_RESTORE_SHORT_FRAME;
	if (ip->protocol != IPPROTO_TCP)
		return MS_RESTORE_NOT_TCP;
	/* Our own stack sends neither options nor fragments on these connections. */
	if (ip->saddr != bpf_htonl(MS_METADATA_IPV4) || ip->ihl != 5 || ip->frag_off & bpf_htons(IPV4_FRAGMENT_BITS))
		return MS_RESTORE_NOT_REPLY;
	if ((const void *)(tcp + 1) > end)
		return MS_RESTORE_SHORT_FRAME;
	if (!is_reply(tcp))
		return MS_RESTORE_NOT_REPLY;
	client[10] = 0xff;
	client[11] = 0xff;
	__builtin_memcpy(client + 12, &ip->daddr, sizeof(ip->daddr));
	return MS_RESTORE_REPLY;
}

static __always_inline enum ms_verdict reply_ipv6(const struct ipv6hdr *ip, const void *end, __u8 *client)
{
	const struct tcphdr *tcp = (const void *)(ip + 1);

	if ((const void *)(ip + 1) > end)
		return MS_RESTORE_SHORT_FRAME;
	if (ip->nexthdr != IPPROTO_TCP)
		return MS_RESTORE_NOT_TCP;
	if (!is_metadata_ipv6(&ip->saddr))
		return MS_RESTORE_NOT_REPLY;
	if ((const void *)(tcp + 1) > end)
		return MS_RESTORE_SHORT_FRAME;
	if (!is_reply(tcp))
		return MS_RESTORE_NOT_REPLY;
	__builtin_memcpy(client, &ip->daddr, sizeof(ip->daddr));
	return MS_RESTORE_REPLY;
}

static __always_inline enum ms_verdict classify(struct __sk_buff *skb, __u8 *client)
{
	const struct ethhdr *eth = (void *)(long)skb->data;
	const void *end = (void *)(long)skb->data_end;

	if ((const void *)(eth + 1) > end)
		return MS_RESTORE_SHORT_FRAME;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		return reply_ipv4((const void *)(eth + 1), end, client);
	if (eth->h_proto == bpf_htons(ETH_P_IPV6))
		return reply_ipv6((const void *)(eth + 1), end, client);
	return MS_RESTORE_NOT_IP;
}

static __always_inline enum ms_verdict restore(struct __sk_buff *skb, __u32 port_id)
{
	const struct ms_port *port = bpf_map_lookup_elem(&ports, &port_id);
	struct ms_neighbour_key key = {.port_id = port_id};
	const struct ms_neighbour *neighbour;
	enum ms_verdict verdict;
	struct macs macs;

	if (!port)
		return MS_RESTORE_NO_PORT;
	verdict = classify(skb, key.address);
	if (verdict != MS_RESTORE_REPLY)
		return verdict;
	neighbour = bpf_map_lookup_elem(&neighbours, &key);
	if (!neighbour)
		return MS_RESTORE_NO_NEIGHBOUR;
	__builtin_memcpy(macs.destination, neighbour->mac, ETH_ALEN);
	__builtin_memcpy(macs.source, port->router_mac, ETH_ALEN);
	return bpf_skb_store_bytes(skb, 0, &macs, sizeof(macs), 0) ? MS_RESTORE_REWRITE_FAILED : MS_RESTORE_REPLY;
}

SEC("tc")
int ms_restore(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ifindex;
	const __u32 *port_id = bpf_map_lookup_elem(&devices, &ifindex);

	if (!port_id)
		return verdict_end_restore(no_port, MS_RESTORE_NO_PORT);
	return verdict_end_restore(*port_id, restore(skb, *port_id));
}

char _license[] SEC("license") = "Dual BSD/GPL";
