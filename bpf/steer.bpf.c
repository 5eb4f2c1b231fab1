// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * tc ingress of a router interface: takes the metadata service's packets out of the tenant's traffic.
 *
 * Only the destination MAC changes. The frame goes on into the kernel's own receive path, where macvlan
 * hands it to the port device in the metasteer namespace, before any netfilter hook of the router
 * (design D1). Everybody else's packets pay for one comparison chain and one counter.
 */
#include "neighbour.h"
#include "packet.h"
#include "verdict.h"

/*
 * Classifies, and where the headers do not lie in the linear part of the buffer, pulls them in and
 * looks again. Rewriting with a helper instead of through packet pointers keeps the verifier from
 * adding an unclone of the buffer to the path of every bystander's packet.
 */
static __always_inline enum ms_verdict classify(struct __sk_buff *skb, struct packet *packet)
{
	enum ms_verdict verdict;

	verdict = packet_classify((void *)(long)skb->data, (void *)(long)skb->data_end, skb->len, &port, packet);
	if (verdict != MS_PASS_SHORT_FRAME && verdict != MS_PASS_BAD_TCP_HEADER)
		return verdict;
	if ((__u32)(skb->data_end - skb->data) >= PACKET_HEADERS_MAX || (__u32)(skb->data_end - skb->data) == skb->len)
		return verdict;
	if (bpf_skb_pull_data(skb, skb->len < PACKET_HEADERS_MAX ? skb->len : PACKET_HEADERS_MAX))
		return verdict;
	return packet_classify((void *)(long)skb->data, (void *)(long)skb->data_end, skb->len, &port, packet);
}

SEC("tc")
int ms_steer(struct __sk_buff *skb)
{
	struct packet packet = {};
	enum ms_verdict verdict;
	struct ms_settings *limits;
	__u8 device_mac[ETH_ALEN];
	__u64 now_ns;
	__u32 zero = 0;

	if (skb->vlan_present)
		return verdict_pass(MS_PASS_VLAN);
	verdict = classify(skb, &packet);
	if (verdict == MS_DROP_DEVICE_MAC)
		return verdict_drop(verdict);
	if (verdict != MS_STEER_SYN && verdict != MS_STEER_DATA)
		return verdict_pass(verdict);

	limits = bpf_map_lookup_elem(&settings, &zero);
	now_ns = bpf_ktime_get_ns();
	/* Signed: the heartbeat may have been written since the clock was read. */
	if (!limits || (__s64)(now_ns - limits->heartbeat_ns) > (__s64)limits->stale_after_ns)
		return verdict_pass(MS_PASS_DAEMON_STALE);
	verdict = neighbour_learn(&packet, now_ns, limits);
	if (verdict == MS_DROP_NEIGHBOUR_QUOTA || verdict == MS_DROP_NEIGHBOUR_FULL)
		return verdict_drop(verdict);

	mac_copy(device_mac, port.device_mac);
	if (bpf_skb_store_bytes(skb, 0, device_mac, ETH_ALEN, 0))
		return verdict_drop(MS_DROP_REWRITE_FAILED);
	return verdict_accept(verdict);
}

char _license[] SEC("license") = "Dual BSD/GPL";
