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
#include "flow.h"
#include "packet.h"
#include "verdict.h"

/* The slot in `counters` for what is no port's. Set by the loader. */
const volatile __u32 no_port = 0;

struct macs {
	__u8 destination[ETH_ALEN];
	__u8 source[ETH_ALEN];
};

/* Whom a reply is for, and what of it matters to the state of the connection. */
struct reply {
	__u8 address[16]; /* as in struct ms_neighbour_key */
	__be16 port;
	__u32 seq; /* host byte order, as is the next */
	__u32 ack_seq;
	bool has_data;
	bool syn;
	bool ack;
	bool fin;
	bool rst;
};

/* A reply comes from port 80 and is never a SYN of our own. `segment_len` is what the IP header promises, in bytes. */
static __always_inline enum ms_verdict reply_tcp(const struct tcphdr *tcp, const void *end, __u32 segment_len,
						 struct reply *reply)
{
	if ((const void *)(tcp + 1) > end)
		return MS_RESTORE_SHORT_FRAME;
	if (tcp->source != bpf_htons(MS_METADATA_PORT) || (tcp->syn && !tcp->ack))
		return MS_RESTORE_NOT_REPLY;
	reply->port = tcp->dest;
	reply->seq = bpf_ntohl(tcp->seq);
	reply->ack_seq = bpf_ntohl(tcp->ack_seq);
	reply->syn = tcp->syn;
	reply->ack = tcp->ack;
	reply->has_data = segment_len > tcp->doff * 4U;
	reply->fin = tcp->fin;
	reply->rst = tcp->rst;
	return MS_RESTORE_REPLY;
}

static __always_inline enum ms_verdict reply_ipv4(const struct iphdr *ip, const void *end, struct reply *reply)
{
	if ((const void *)(ip + 1) > end)
		return MS_RESTORE_SHORT_FRAME;
	if (ip->protocol != IPPROTO_TCP)
		return MS_RESTORE_NOT_TCP;
	/* Our own stack sends neither options nor fragments on these connections. */
	if (ip->saddr != bpf_htonl(MS_METADATA_IPV4) || ip->ihl != 5 || ip->frag_off & bpf_htons(IPV4_FRAGMENT_BITS))
		return MS_RESTORE_NOT_REPLY;
	reply->address[10] = 0xff;
	reply->address[11] = 0xff;
	__builtin_memcpy(reply->address + 12, &ip->daddr, sizeof(ip->daddr));
	return reply_tcp((const void *)(ip + 1), end, bpf_ntohs(ip->tot_len) - sizeof(*ip), reply);
}

static __always_inline enum ms_verdict reply_ipv6(const struct ipv6hdr *ip, const void *end, struct reply *reply)
{
	if ((const void *)(ip + 1) > end)
		return MS_RESTORE_SHORT_FRAME;
	if (ip->nexthdr != IPPROTO_TCP)
		return MS_RESTORE_NOT_TCP;
	if (!is_metadata_ipv6(&ip->saddr))
		return MS_RESTORE_NOT_REPLY;
	__builtin_memcpy(reply->address, &ip->daddr, sizeof(ip->daddr));
	return reply_tcp((const void *)(ip + 1), end, bpf_ntohs(ip->payload_len), reply);
}

static __always_inline enum ms_verdict classify(struct __sk_buff *skb, struct reply *reply)
{
	const struct ethhdr *eth = (void *)(long)skb->data;
	const void *end = (void *)(long)skb->data_end;

	if ((const void *)(eth + 1) > end)
		return MS_RESTORE_SHORT_FRAME;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		return reply_ipv4((const void *)(eth + 1), end, reply);
	if (eth->h_proto == bpf_htons(ETH_P_IPV6))
		return reply_ipv6((const void *)(eth + 1), end, reply);
	return MS_RESTORE_NOT_IP;
}

/* The service has accepted a connection: with other numbers than before, another one on the same ports. */
static __always_inline void begin_flow(struct ms_flow *flow, const struct reply *reply)
{
	if ((flow->flags & MS_FLOW_ACCEPTED) && flow->service_first == reply->seq + 1)
		return;
	flow->service_first = reply->seq + 1;
	flow->service_ack = reply->ack_seq;
	flow->client_next = reply->ack_seq;
	flow->flags = (flow->flags & (MS_FLOW_UNRESOLVED | MS_FLOW_HANDED_OVER)) | MS_FLOW_ACCEPTED;
}

/*
 * The service has reset a connection. What it refuses of one that is not established it resets too, without an ACK, and
 * the connection goes on.
 */
static __always_inline bool is_real_reset(const struct ms_flow *flow, const struct reply *reply)
{
	return reply->rst && (reply->ack || (flow->flags & (MS_FLOW_ESTABLISHED | MS_FLOW_ANSWERED)));
}

/* What the service's TCP sends is the truth about a connection: which bytes it has accepted, and how it ends. */
static __always_inline void follow_flow(const struct ms_flow_key *key, struct ms_port *port, struct ms_flow *flow,
					const struct reply *reply)
{
	__u64 now_ns = bpf_ktime_get_ns();

	if (reply->syn) {
		begin_flow(flow, reply);
		return;
	}
	if (is_real_reset(flow, reply)) {
		flow_close(key, port, flow, now_ns);
		return;
	}
	if (reply->rst)
		return;
	if (reply->ack && is_after(reply->ack_seq, flow->service_ack))
		flow->service_ack = reply->ack_seq;
	if (reply->has_data) {
		if (!(flow->flags & MS_FLOW_ANSWERED)) {
			struct ms_neighbour_key address = neighbour_key(key->port_id, key->address);
			struct ms_neighbour *known = bpf_map_lookup_elem(&neighbours, &address);

			if (known && mac_equal(known->mac, flow->mac))
				neighbour_confirm(port, known);
		}
		if (!(flow->flags & MS_FLOW_ANSWERED) || now_ns > flow->seen_ns + FLOW_REFRESH_NS) {
			flow->flags |= MS_FLOW_ANSWERED;
			flow->seen_ns = now_ns;
		}
	}
	/* Its FIN first: whichever end is the second one closes. */
	if (reply->fin && !(flow->flags & MS_FLOW_SERVICE_ENDED)) {
		flow->flags |= MS_FLOW_SERVICE_ENDED;
		flow->seen_ns = now_ns;
	}
	if ((flow->flags & MS_FLOW_CLIENT_FIN) && flow->service_ack == flow->client_next)
		flow_end(key, port, flow, MS_FLOW_CLIENT_ENDED, now_ns);
}

static __always_inline enum ms_verdict restore(struct __sk_buff *skb, __u32 port_id)
{
	struct ms_port *port = bpf_map_lookup_elem(&ports, &port_id);
	struct reply reply = {};
	struct ms_flow_key key;
	struct ms_flow *flow;
	enum ms_verdict verdict;
	struct macs macs;

	if (!port)
		return MS_RESTORE_NO_PORT;
	verdict = classify(skb, &reply);
	if (verdict != MS_RESTORE_REPLY)
		return verdict;
	__builtin_memcpy(macs.source, port->router_mac, ETH_ALEN);
	key = flow_key(port_id, reply.address, reply.port);
	flow = bpf_map_lookup_elem(&flows, &key);
	if (flow) {
		__builtin_memcpy(macs.destination, flow->mac, ETH_ALEN);
		follow_flow(&key, port, flow, &reply);
	} else {
		/* The last packets of a connection, or of one that is not counted. */
		struct ms_neighbour_key address = neighbour_key(port_id, reply.address);
		const struct ms_neighbour *known = bpf_map_lookup_elem(&neighbours, &address);

		if (!known)
			return MS_RESTORE_NO_NEIGHBOUR;
		__builtin_memcpy(macs.destination, known->mac, ETH_ALEN);
	}
	return bpf_skb_store_bytes(skb, 0, &macs, sizeof(macs), 0) ? MS_RESTORE_REWRITE_FAILED : MS_RESTORE_REPLY;
}

SEC("tc")
int ms_restore(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ifindex;
	const __u32 *port_id = bpf_map_lookup_elem(&devices, &ifindex);

	if (!port_id)
		return verdict_end_restore(skb, no_port, MS_RESTORE_NO_PORT);
	return verdict_end_restore(skb, *port_id, restore(skb, *port_id));
}

char _license[] SEC("license") = "Dual BSD/GPL";
