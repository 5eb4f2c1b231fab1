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
#include "route.h"
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
		if (skb->mark == MS_MARK_HANDED_OVER)
			skb->mark = 0;
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
	bool handed_over; /* by another interface of the router */
	bool unresolved; /* the router knows no MAC of its address */
	__u64 now_ns;
	struct client client;
};

/* Passes a packet that is not from whom the router, or its connection, knows by that address. */
static __always_inline enum ms_verdict refuse(struct situation *now, enum ms_verdict verdict, const __u8 *known_mac)
{
	struct ms_neighbour_key address = neighbour_key(now->port_id, now->client.address);

	if (report_is_due(&now->port->refused_ns, now->now_ns, REPORT_REFUSED_INTERVAL_NS))
		report(MS_PACKET_EVENT_REFUSED, verdict, &address, now->client.mac, known_mac);
	return verdict;
}

static __always_inline void tell_if_crowded(struct situation *now, bool is_full)
{
	struct ms_neighbour_key address = neighbour_key(now->port_id, now->client.address);

	if ((is_full || port_is_crowded(now->port, now->settings)) &&
	    report_is_due(&now->port->crowded_ns, now->now_ns, REPORT_CROWDED_INTERVAL_NS))
		report(MS_PACKET_EVENT_CROWDED, 0, &address, NULL, NULL);
}

/* The port of the interface that `to` names, when it is steered too. A packet is handed over once. */
static __always_inline const __u32 *port_there(struct situation *now, const struct bpf_fib_lookup *to)
{
	struct ms_interface_key interface = {.netns = now->port->netns, .ifindex = to->ifindex};

	return now->handed_over ? NULL : bpf_map_lookup_elem(&interfaces, &interface);
}

/*
 * Hands a packet to the interface that the router would reply by, as if it had come in there, from the MAC that the router
 * would reply to: so whoever sent it, the reply goes where a reply of the router goes.
 */
static __always_inline enum ms_verdict hand_over(struct __sk_buff *skb, struct situation *now, __u32 there,
						 const struct bpf_fib_lookup *to)
{
	struct ms_neighbour_key address = neighbour_key(there, now->client.address);
	__u8 macs[2 * ETH_ALEN];

	if (mac_is_zero(to->dmac)) {
		route_ask(now->port, &address, to, false, now->now_ns);
		return MS_DROP_UNRESOLVED;
	}
	__builtin_memcpy(macs, to->smac, ETH_ALEN);
	__builtin_memcpy(macs + ETH_ALEN, to->dmac, ETH_ALEN);
	if (bpf_skb_store_bytes(skb, 0, macs, sizeof(macs), 0))
		return MS_DROP_REWRITE_FAILED;
	skb->mark = MS_MARK_HANDED_OVER;
	bpf_redirect(to->ifindex, BPF_F_INGRESS);
	return MS_STEER_HANDED_OVER;
}

/* A SYN that another interface has handed over: charged to nobody's address, and it makes nobody known. */
static __always_inline enum ms_verdict steer_handed_over_syn(struct situation *now, const struct ms_flow_key *key,
							     struct ms_flow *flow)
{
	const struct ms_rate *rate = &now->settings->source_rate;
	enum ms_verdict verdict = limits_check_handed_over(now->port, !flow, now->now_ns, now->settings);

	if (verdict != MS_STEER_SYN)
		return verdict;
	bucket_take(&now->port->handed_busy_until_ns, now->now_ns, rate);
	if (flow)
		return MS_STEER_SYN_AGAIN;
	return flow_open(key, now->port, NULL, &now->client, MS_FLOW_HANDED_OVER, now->now_ns) ? MS_STEER_SYN
											  : MS_DROP_PORT_OPEN;
}

/* A SYN of an address that is known by this MAC, or that may be by the router's tables. */
static __always_inline enum ms_verdict steer_known_syn(struct situation *now, const struct ms_neighbour_key *address,
						       struct ms_neighbour *known, const struct ms_flow_key *key,
						       struct ms_flow *flow, const struct bpf_fib_lookup *to)
{
	bool approved = !now->unresolved;
	bool is_same = known && mac_equal(now->client.mac, known->mac);
	bool by_mac = is_link_local_client(now->client.address); /* the agent is told its MAC, whatever its address */
	enum ms_verdict verdict = limits_check(now->port, is_same ? known : NULL, !known, !flow, now->now_ns, now->settings);
	__u32 flags;

	if (verdict != MS_STEER_SYN) {
		if (verdict == MS_DROP_NEIGHBOUR_QUOTA)
			tell_if_crowded(now, true);
		return verdict;
	}
	if (!known) {
		known = neighbour_insert(address, now->port, &now->client, now->now_ns, approved ? now->now_ns : 0);
		tell_if_crowded(now, !known);
	} else if (!is_same) {
		known = neighbour_move(address, now->port, known, &now->client, now->now_ns);
		verdict = MS_STEER_SYN_MOVED;
	} else {
		neighbour_refresh(known, now->now_ns);
		if (approved && known->checked_ns + ROUTE_CHECK_INTERVAL_NS < now->now_ns)
			known->checked_ns = now->now_ns;
	}
	if (!known)
		return MS_DROP_NEIGHBOUR_FULL;
	if (now->unresolved)
		route_ask(now->port, address, to, false, now->now_ns);
	flags = known->checked_ns || by_mac ? 0 : MS_FLOW_UNRESOLVED;
	if (flow) {
		flow->seen_ns = now->now_ns;
		verdict = verdict == MS_STEER_SYN ? MS_STEER_SYN_AGAIN : verdict;
	} else if (!flow_open(key, now->port, known, &now->client, flags, now->now_ns)) {
		/* Without a flow nothing says that its data has to wait. */
		if (flags)
			return MS_DROP_PORT_OPEN;
		verdict = MS_STEER_SYN_UNTRACKED;
	}
	bucket_take(&known->busy_until_ns, now->now_ns, &now->settings->source_rate);
	bucket_take(&now->port->busy_until_ns, now->now_ns, &now->settings->port_rate);
	return verdict;
}

/* A connection is somebody's from its SYN on: whoever got that has it to its end. */
static __always_inline enum ms_verdict steer_syn(struct __sk_buff *skb, struct situation *now)
{
	struct ms_neighbour_key address = neighbour_key(now->port_id, now->client.address);
	struct ms_flow_key key = flow_key(now->port_id, now->client.address, now->client.port);
	struct ms_neighbour *known = bpf_map_lookup_elem(&neighbours, &address);
	struct ms_flow *flow = bpf_map_lookup_elem(&flows, &key);
	struct bpf_fib_lookup to = {};
	const __u32 *there;
	bool is_same;

	if (now->draining && !flow)
		return now->draining == MS_DRAINING_HOLD ? MS_DROP_HELD : MS_PASS_DRAINING;
	is_same = known && mac_equal(now->client.mac, known->mac);
	if (flow && !mac_equal(now->client.mac, flow->mac))
		return refuse(now, MS_PASS_OTHER_NEIGHBOUR, flow->mac);
	if (is_same && !now->handed_over && known->checked_ns &&
	    now->now_ns < known->checked_ns + ROUTE_CHECK_INTERVAL_NS)
		return steer_known_syn(now, &address, known, &key, flow, &to);
	switch (route_of(skb, now->port_id, &now->client, known, now->now_ns, &to)) {
	case ROUTE_HERE:
		break;
	case ROUTE_OTHER_MAC:
		route_ask(now->port, &address, &to, true, now->now_ns);
		return refuse(now, MS_PASS_OTHER_NEIGHBOUR, to.dmac);
	case ROUTE_THERE:
		there = port_there(now, &to);
		if (there)
			return hand_over(skb, now, *there, &to);
		return refuse(now, MS_PASS_OTHER_NETWORK, NULL);
	case ROUTE_UNRESOLVED:
		/* Who is known by another MAC stays so until the router says otherwise. */
		if (now->handed_over || (known && !is_same)) {
			route_ask(now->port, &address, &to, false, now->now_ns);
			return MS_DROP_UNRESOLVED;
		}
		now->unresolved = true;
		break;
	default:
		return refuse(now, MS_PASS_OTHER_NETWORK, NULL);
	}
	if (now->handed_over)
		return steer_handed_over_syn(now, &key, flow);
	return steer_known_syn(now, &address, known, &key, flow, &to);
}

/* A connection whose address the router did not know when it began: whether it does by now. */
static __always_inline enum ms_verdict resolve_flow(struct __sk_buff *skb, struct situation *now, struct ms_flow *flow)
{
	struct ms_neighbour_key address = neighbour_key(now->port_id, now->client.address);
	struct ms_neighbour *known = bpf_map_lookup_elem(&neighbours, &address);
	struct bpf_fib_lookup to;

	switch (route_of(skb, now->port_id, &now->client, known, now->now_ns, &to)) {
	case ROUTE_HERE:
		flow->flags &= ~MS_FLOW_UNRESOLVED;
		if (known && mac_equal(known->mac, now->client.mac))
			known->checked_ns = now->now_ns;
		return MS_STEER_DATA;
	case ROUTE_UNRESOLVED:
		route_ask(now->port, &address, &to, false, now->now_ns);
		return MS_DROP_UNRESOLVED;
	case ROUTE_OTHER_MAC:
		route_ask(now->port, &address, &to, true, now->now_ns);
		return refuse(now, MS_PASS_OTHER_NEIGHBOUR, to.dmac);
	default:
		return refuse(now, MS_PASS_OTHER_NETWORK, NULL);
	}
}

/* Of no connection at this port: the last packets of one, or of one that is handed over, or nobody's. */
static __always_inline enum ms_verdict steer_stray(struct __sk_buff *skb, struct situation *now, struct ms_flow_key *key)
{
	bool is_mixed = flows_are_mixed(now->port, now->port_id, now->now_ns);
	struct ms_neighbour_key address = neighbour_key(now->port_id, now->client.address);
	struct ms_neighbour *known = bpf_map_lookup_elem(&neighbours, &address);
	struct ms_flow *ended = is_mixed ? bpf_map_lookup_elem(&ended_flows, key) : NULL;
	struct bpf_fib_lookup to;
	const __u32 *there;

	if (known && mac_equal(known->mac, now->client.mac)) {
		if (is_mixed && !ended)
			return MS_PASS_OTHER_FLOW;
		neighbour_refresh(known, now->now_ns);
		return MS_STEER_DATA;
	}
	if (!now->handed_over && !is_link_local_client(now->client.address) &&
	    route_of(skb, now->port_id, &now->client, NULL, now->now_ns, &to) == ROUTE_THERE) {
		there = port_there(now, &to);
		if (there) {
			key->port_id = *there;
			if (bpf_map_lookup_elem(&flows, key))
				return hand_over(skb, now, *there, &to);
		}
	}
	return is_mixed ? MS_PASS_OTHER_FLOW : MS_PASS_NO_FLOW;
}

static __always_inline enum ms_verdict steer_data(struct __sk_buff *skb, struct situation *now)
{
	struct ms_flow_key key = flow_key(now->port_id, now->client.address, now->client.port);
	struct ms_flow *flow = bpf_map_lookup_elem(&flows, &key);

	if (!flow)
		return steer_stray(skb, now, &key);
	if (!mac_equal(flow->mac, now->client.mac))
		return refuse(now, MS_PASS_OTHER_NEIGHBOUR, flow->mac);
	if (flow->flags & MS_FLOW_UNRESOLVED) {
		enum ms_verdict verdict = resolve_flow(skb, now, flow);

		if (verdict != MS_STEER_DATA)
			return verdict;
	}
	flow_follow_client(&key, now->port, flow, &now->client, now->now_ns);
	return MS_STEER_DATA;
}

static __always_inline enum ms_verdict steer(struct __sk_buff *skb, __u32 port_id, enum ms_verdict matched)
{
	struct situation now = {.port_id = port_id, .now_ns = bpf_ktime_get_ns()};
	const __u32 *draining_flag = bpf_map_lookup_elem(&draining, &port_id);
	enum ms_verdict verdict;
	__u32 zero = 0;

	/* No tenant sets it, and nobody behind us may see it. */
	if (skb->mark == MS_MARK_HANDED_OVER) {
		now.handed_over = true;
		skb->mark = 0;
	}
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
	verdict = matched == MS_STEER_SYN ? steer_syn(skb, &now) : steer_data(skb, &now);
	if (verdict >= MS_PASS_FIRST || verdict == MS_STEER_HANDED_OVER)
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
