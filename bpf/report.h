/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the daemon's log is told of packets: seldom, whatever a client sends; the counters have all of them. */
#pragma once

#include "maps.h"
#include "packet.h"

#include <stdbool.h>

#define REPORT_REFUSED_INTERVAL_NS 1000000000ULL
#define REPORT_CROWDED_INTERVAL_NS 50000000ULL /* room is made within milliseconds, and a boot of a network fills it again */

/* Whether it is time for another report of a kind. Two CPUs may both find that it is. */
static __always_inline bool report_is_due(__u64 *last_ns, __u64 now_ns, __u64 interval_ns)
{
	if (*last_ns && now_ns - *last_ns < interval_ns)
		return false;
	*last_ns = now_ns;
	return true;
}

/* `mac` is what the packet has, `former_mac` what was known before; either may be NULL. */
static __always_inline void report(enum ms_packet_event_kind kind, enum ms_verdict verdict,
				   const struct ms_neighbour_key *key, const __u8 *mac, const __u8 *former_mac)
{
	struct ms_packet_event *event = bpf_ringbuf_reserve(&packet_events, sizeof(*event), 0);

	if (!event)
		return;
	__builtin_memset(event, 0, sizeof(*event));
	event->time_ns = bpf_ktime_get_ns();
	event->kind = kind;
	event->verdict = verdict;
	event->port_id = key->port_id;
	__builtin_memcpy(event->address, key->address, sizeof(event->address));
	if (mac)
		__builtin_memcpy(event->mac, mac, ETH_ALEN);
	if (former_mac)
		__builtin_memcpy(event->former_mac, former_mac, ETH_ALEN);
	bpf_ringbuf_submit(event, 0);
}
