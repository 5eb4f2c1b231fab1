// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * XDP at a router interface under flood: drops SYNs that ms_steer would drop for a limit, before the kernel
 * has made a buffer of them. Takes nothing from any bucket, so what it passes is judged by ms_steer as ever.
 */
#include "limits.h"
#include "neighbour.h"
#include "packet.h"
#include "verdict.h"

/* The port this instance is for. Set by the loader (design D3). */
const volatile struct ms_port_constants port = {};

static __always_inline enum ms_verdict as_guard(enum ms_verdict verdict)
{
	switch (verdict) {
	case MS_DROP_PORT_RATE:
		return MS_GUARD_PORT_RATE;
	case MS_DROP_SOURCE_RATE:
		return MS_GUARD_SOURCE_RATE;
	case MS_DROP_SOURCE_OPEN:
		return MS_GUARD_SOURCE_OPEN;
	case MS_DROP_PORT_OPEN:
		return MS_GUARD_PORT_OPEN;
	case MS_DROP_NEIGHBOUR_QUOTA:
		return MS_GUARD_NEIGHBOUR_QUOTA;
	default:
		return MS_GUARD_PASSED;
	}
}

static __always_inline enum ms_verdict guard(struct xdp_md *frame)
{
	const void *data = (void *)(long)frame->data, *end = (void *)(long)frame->data_end;
	__u32 port_id = port.port_id, zero = 0;
	const struct ms_port *state = bpf_map_lookup_elem(&ports, &port_id);
	const struct ms_settings *limits = bpf_map_lookup_elem(&settings, &zero);
	const __u32 *draining_flag = bpf_map_lookup_elem(&draining, &port_id);
	__u64 now_ns = bpf_ktime_get_ns();
	const struct ms_neighbour *known;
	struct ms_neighbour_key address;
	struct client client = {};

	if (packet_classify(data, end, (__u32)(end - data), &port) != MS_STEER_SYN || !packet_client(data, end, &client))
		return MS_GUARD_PASSED;
	/* Somebody else's to answer: whoever that is, their limits are not ours. */
	if (!state || !limits || !draining_flag || *draining_flag ||
	    (__s64)(now_ns - limits->heartbeat_ns) > (__s64)limits->stale_after_ns)
		return MS_GUARD_PASSED;
	address = neighbour_key(port_id, client.address);
	/* As if it opened a connection: one that is sent again is rare, and is then let through by ms_steer's own count. */
	known = bpf_map_lookup_elem(&neighbours, &address);
	/* Nobody spends what is another's: whether the address may have another MAC, the router's tables say. */
	if (known && !mac_equal(known->mac, client.mac))
		return MS_GUARD_PASSED;
	return as_guard(limits_check(state, known, !known, true, now_ns, limits));
}

SEC("xdp")
int ms_guard(struct xdp_md *frame)
{
	enum ms_verdict verdict = guard(frame);

	verdict_count(port.port_id, verdict);
	return verdict == MS_GUARD_PASSED ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
