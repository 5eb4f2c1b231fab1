// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * tc ingress of a router interface: takes the metadata service's packets out of the tenant's traffic.
 *
 * Only the destination MAC changes. The frame goes on into the kernel's own receive path, where macvlan
 * hands it to the port device in the metasteer namespace, before any netfilter hook of the router
 * (design D1).
 *
 * Two stages. ms_match has an instance per port and sees everybody's packets: it pays for one comparison
 * chain and one counter. What is ours goes on, by a tail call, to ms_steer, of which there is one for all
 * ports: it can be replaced for all of them in one step, and it is gone when the daemon is.
 */
#include "neighbour.h"
#include "packet.h"
#include "verdict.h"

/* The port this instance of ms_match is for. Set by the loader (design D3). */
const volatile struct ms_port_constants port = {};

/* What ms_match leaves for ms_steer in skb->cb. */
enum hand_over {
	HAND_OVER_PORT_ID = 0,
	HAND_OVER_VERDICT = 1, /* MS_STEER_SYN or MS_STEER_DATA */
};

/*
 * Classifies, and where the headers do not lie in the linear part of the buffer, pulls them in and
 * looks again. Rewriting with a helper instead of through packet pointers keeps the verifier from
 * adding an unclone of the buffer to the path of every bystander's packet.
 */
static __always_inline enum ms_verdict classify(struct __sk_buff *skb)
{
	enum ms_verdict verdict;
	__u32 linear_len;

	/* Not unrolled: every port has an instance of this program, and the parser is most of it. */
#pragma clang loop unroll(disable)
	for (int pulled = 0; pulled < 2; pulled++) {
		verdict = packet_classify((void *)(long)skb->data, (void *)(long)skb->data_end, skb->len, &port);
		if (verdict != MS_PASS_SHORT_FRAME && verdict != MS_PASS_BAD_TCP_HEADER)
			return verdict;
		linear_len = (__u32)(skb->data_end - skb->data);
		if (linear_len >= PACKET_HEADERS_MAX || linear_len == skb->len)
			return verdict;
		if (bpf_skb_pull_data(skb, skb->len < PACKET_HEADERS_MAX ? skb->len : PACKET_HEADERS_MAX))
			return verdict;
	}
	return verdict;
}

SEC("tc")
int ms_match(struct __sk_buff *skb)
{
	enum ms_verdict verdict = skb->vlan_present ? MS_PASS_VLAN : classify(skb);

	if (verdict < MS_PASS_FIRST) {
		skb->cb[HAND_OVER_PORT_ID] = port.port_id;
		skb->cb[HAND_OVER_VERDICT] = verdict;
		bpf_tail_call(skb, &stages, MS_STAGE_STEER);
		verdict = MS_PASS_DAEMON_GONE;
	}
	return verdict_end_steer(port.port_id, verdict);
}

static __always_inline enum ms_verdict steer(struct __sk_buff *skb, __u32 port_id, enum ms_verdict matched)
{
	struct ms_port *state = bpf_map_lookup_elem(&ports, &port_id);
	__u32 zero = 0;
	const struct ms_settings *limits = bpf_map_lookup_elem(&settings, &zero);
	__u64 now_ns = bpf_ktime_get_ns();
	struct client client = {};
	enum ms_verdict verdict;

	/* Signed: the heartbeat may have been written since the clock was read. */
	if (!state || !limits || (__s64)(now_ns - limits->heartbeat_ns) > (__s64)limits->stale_after_ns)
		return MS_PASS_DAEMON_STALE;
	if (!packet_client((void *)(long)skb->data, (void *)(long)skb->data_end, &client))
		return MS_PASS_SHORT_FRAME;
	verdict = neighbour_learn(port_id, state, &client, matched == MS_STEER_SYN, now_ns, limits);
	if (verdict >= MS_PASS_FIRST)
		return verdict;
	if (bpf_skb_store_bytes(skb, 0, state->device_mac, ETH_ALEN, 0))
		return MS_DROP_REWRITE_FAILED;
	return matched == MS_STEER_SYN ? verdict : MS_STEER_DATA;
}

SEC("tc")
int ms_steer(struct __sk_buff *skb)
{
	__u32 port_id = skb->cb[HAND_OVER_PORT_ID];

	return verdict_end_steer(port_id, steer(skb, port_id, skb->cb[HAND_OVER_VERDICT]));
}

char _license[] SEC("license") = "Dual BSD/GPL";
