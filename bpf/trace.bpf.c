// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Tells the daemon of packets that an operator traces, after their verdict was counted and before it is carried out.
 *
 * It is in its stage only while somebody traces: until then the tail call that would go on to it fails, which costs the
 * packets of the metadata service an instruction or two, and others nothing.
 */
#include "packet.h"
#include "verdict.h"

/* What is traced. Set by the loader. */
const volatile struct ms_trace_filter filter = {};

/* Whose packet it is, and what of it is told. */
struct traced {
	__u8 address[16]; /* as in struct ms_neighbour_key */
	__u8 mac[ETH_ALEN];
	__be16 client_port;
	__u8 tcp_flags;
};

static __always_inline bool is_outgoing(enum ms_verdict verdict)
{
	return verdict >= MS_RESTORE_REPLY && verdict <= MS_RESTORE_NO_PORT;
}

static __always_inline bool is_wanted(__u32 port_id, const struct traced *traced)
{
	if (port_id >= MS_PORTS_MAX || !(filter.ports[port_id / 64] & (1ULL << (port_id % 64))))
		return false;
	if (!filter.by_address)
		return true;
	for (int i = 0; i < 16; i++)
		if (traced->address[i] != filter.address[i])
			return false;
	return true;
}

static __always_inline void read_tcp(struct __sk_buff *skb, __u32 offset, bool outgoing, struct traced *traced)
{
	struct tcphdr tcp = {};
	const __u8 *bytes = (const __u8 *)&tcp;

	if (bpf_skb_load_bytes(skb, offset, &tcp, sizeof(tcp)))
		return;
	traced->client_port = outgoing ? tcp.dest : tcp.source;
	traced->tcp_flags = bytes[13];
}

/* False when it is no packet of the metadata service. */
static __always_inline bool read_packet(struct __sk_buff *skb, bool outgoing, struct traced *traced)
{
	struct ethhdr eth;

	if (bpf_skb_load_bytes(skb, 0, &eth, sizeof(eth)))
		return false;
	__builtin_memcpy(traced->mac, outgoing ? eth.h_dest : eth.h_source, ETH_ALEN);
	if (eth.h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr ip;

		if (bpf_skb_load_bytes(skb, sizeof(eth), &ip, sizeof(ip)))
			return false;
		if ((outgoing ? ip.saddr : ip.daddr) != bpf_htonl(MS_METADATA_IPV4))
			return false;
		traced->address[10] = 0xff;
		traced->address[11] = 0xff;
		__builtin_memcpy(traced->address + 12, outgoing ? &ip.daddr : &ip.saddr, sizeof(ip.saddr));
		if (ip.protocol == IPPROTO_TCP)
			read_tcp(skb, sizeof(eth) + ip.ihl * 4U, outgoing, traced);
		return true;
	}
	if (eth.h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr ip;

		if (bpf_skb_load_bytes(skb, sizeof(eth), &ip, sizeof(ip)))
			return false;
		if (!is_metadata_ipv6(outgoing ? &ip.saddr : &ip.daddr))
			return false;
		__builtin_memcpy(traced->address, outgoing ? &ip.daddr : &ip.saddr, sizeof(ip.saddr));
		if (ip.nexthdr == IPPROTO_TCP)
			read_tcp(skb, sizeof(eth) + sizeof(ip), outgoing, traced);
		return true;
	}
	return false;
}

static __always_inline void tell(__u32 port_id, enum ms_verdict verdict, const struct traced *traced)
{
	struct ms_packet_event *event = bpf_ringbuf_reserve(&packet_events, sizeof(*event), 0);

	if (!event)
		return;
	__builtin_memset(event, 0, sizeof(*event));
	event->time_ns = bpf_ktime_get_ns();
	event->kind = MS_PACKET_EVENT_TRACED;
	event->port_id = port_id;
	event->verdict = verdict;
	__builtin_memcpy(event->address, traced->address, sizeof(event->address));
	__builtin_memcpy(event->mac, traced->mac, ETH_ALEN);
	event->client_port = traced->client_port;
	event->tcp_flags = traced->tcp_flags;
	bpf_ringbuf_submit(event, 0);
}

SEC("tc")
int ms_trace(struct __sk_buff *skb)
{
	__u32 port_id = skb->cb[HAND_OVER_PORT_ID];
	enum ms_verdict verdict = skb->cb[HAND_OVER_VERDICT];
	struct traced traced = {};

	if (read_packet(skb, is_outgoing(verdict), &traced) && is_wanted(port_id, &traced))
		tell(port_id, verdict, &traced);
	return is_outgoing(verdict) ? verdict_restore_action(verdict) : verdict_steer_action(verdict);
}

char _license[] SEC("license") = "Dual BSD/GPL";
