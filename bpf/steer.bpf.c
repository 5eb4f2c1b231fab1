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
#include "flow.h"
#include "limits.h"
#include "neighbour.h"
#include "packet.h"
#include "verdict.h"

/* The port this instance of ms_match is for. Set by the loader (design D3). */
const volatile struct ms_port_constants port = {};

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
		verdict = port.hold ? MS_DROP_HELD : MS_PASS_DAEMON_GONE;
	}
	return verdict_end_steer(skb, port.port_id, verdict);
}

/* Everything ms_steer knows when it judges a packet. */
struct situation {
	__u32 port_id;
	struct ms_port *port;
	const struct ms_settings *settings;
	__u32 draining; /* enum ms_draining */
	__u64 now_ns;
	struct client client;
};

/* A connection is somebody's from its SYN on: whoever got that has it to its end. */
static __always_inline enum ms_verdict steer_syn(struct situation *now)
{
	struct ms_neighbour_key address = neighbour_key(now->port_id, now->client.address);
	struct ms_flow_key key = flow_key(now->port_id, now->client.address, now->client.port);
	struct ms_neighbour *known = bpf_map_lookup_elem(&neighbours, &address);
	struct ms_flow *flow = bpf_map_lookup_elem(&flows, &key);
	enum ms_verdict verdict;

	if (now->draining && !flow)
		return now->draining == MS_DRAINING_HOLD ? MS_DROP_HELD : MS_PASS_DRAINING;
	verdict = limits_check(now->port, known, !flow, now->now_ns, now->settings);
	if (verdict != MS_STEER_SYN)
		return verdict;
	if (!known) {
		known = neighbour_insert(&address, now->port, &now->client, now->now_ns);
	} else if (!mac_equal(now->client.mac, known->mac)) {
		known = neighbour_move(&address, known, &now->client, now->now_ns);
		verdict = MS_STEER_SYN_MOVED;
	} else {
		neighbour_refresh(known, now->now_ns);
	}
	if (!known)
		return MS_DROP_NEIGHBOUR_FULL;
	bucket_take(&known->busy_until_ns, now->now_ns, &now->settings->source_rate);
	bucket_take(&now->port->busy_until_ns, now->now_ns, &now->settings->port_rate);
	if (flow) {
		flow->seen_ns = now->now_ns;
		flow->flags = 0;
		return verdict == MS_STEER_SYN ? MS_STEER_SYN_AGAIN : verdict;
	}
	return flow_open(&key, now->port, known, now->now_ns) ? verdict : MS_STEER_SYN_UNTRACKED;
}

/* In the steady state only the end of a connection looks its flow up. */
static __always_inline enum ms_verdict steer_data(struct situation *now)
{
	bool is_mixed = flows_are_mixed(now->port, now->port_id, now->now_ns);
	bool is_end = now->client.fin || now->client.rst;
	struct ms_neighbour_key address = neighbour_key(now->port_id, now->client.address);
	struct ms_neighbour *known;

	if (is_mixed || is_end) {
		struct ms_flow_key key = flow_key(now->port_id, now->client.address, now->client.port);
		struct ms_flow *flow = bpf_map_lookup_elem(&flows, &key);

		if (is_mixed && !flow && !bpf_map_lookup_elem(&ended_flows, &key))
			return MS_PASS_OTHER_FLOW;
		if (flow && is_end)
			flow_end(&key, now->port, flow, MS_FLOW_CLIENT_ENDED, now->client.rst, now->now_ns);
	}
	known = bpf_map_lookup_elem(&neighbours, &address);
	if (known) {
		neighbour_refresh(known, now->now_ns);
		return MS_STEER_DATA;
	}
	/* A connection older than what we know: of a daemon before this one, or forgotten in a long silence. */
	if (now->port->neighbours >= now->settings->neighbours_per_port_max)
		return MS_DROP_NEIGHBOUR_QUOTA;
	known = neighbour_insert(&address, now->port, &now->client, now->now_ns);
	return known ? MS_STEER_DATA : MS_DROP_NEIGHBOUR_FULL;
}

static __always_inline enum ms_verdict steer(struct __sk_buff *skb, __u32 port_id, enum ms_verdict matched)
{
	struct situation now = {.port_id = port_id, .now_ns = bpf_ktime_get_ns()};
	const __u32 *draining_flag = bpf_map_lookup_elem(&draining, &port_id);
	enum ms_verdict verdict;
	__u32 zero = 0;

	now.port = bpf_map_lookup_elem(&ports, &port_id);
	now.settings = bpf_map_lookup_elem(&settings, &zero);
	if (!now.port || !now.settings || !draining_flag)
		return MS_PASS_DAEMON_STALE;
	/* Signed: the heartbeat may have been written since the clock was read. */
	if ((__s64)(now.now_ns - now.settings->heartbeat_ns) > (__s64)now.settings->stale_after_ns)
		return MS_PASS_DAEMON_STALE;
	now.draining = *draining_flag;
	if (!packet_client((void *)(long)skb->data, (void *)(long)skb->data_end, &now.client))
		return MS_PASS_SHORT_FRAME;
	verdict = matched == MS_STEER_SYN ? steer_syn(&now) : steer_data(&now);
	if (verdict >= MS_PASS_FIRST)
		return verdict;
	if (bpf_skb_store_bytes(skb, 0, now.port->device_mac, ETH_ALEN, 0))
		return MS_DROP_REWRITE_FAILED;
	return verdict;
}

SEC("tc")
int ms_steer(struct __sk_buff *skb)
{
	__u32 port_id = skb->cb[HAND_OVER_PORT_ID];

	return verdict_end_steer(skb, port_id, steer(skb, port_id, skb->cb[HAND_OVER_VERDICT]));
}

char _license[] SEC("license") = "Dual BSD/GPL";
