/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Every ending of a program goes through one of these, so none can be uncounted. */
#pragma once

#include "maps.h"

#include <linux/pkt_cls.h>

/* Counts one packet of this port. The slot is a constant, so the lookup cannot miss on a loaded instance. */
static __always_inline void verdict_count(enum ms_verdict verdict)
{
	__u32 slot = port.port_id;
	struct ms_port_counters *counted = bpf_map_lookup_elem(&counters, &slot);

	if (counted)
		counted->packets[verdict]++;
}

/*
 * Not ours: on to the next program on the interface and then to the stack. TCX_NEXT and the
 * classic TC_ACT_UNSPEC are the same value, so one program serves both attachments (design D12).
 */
static __always_inline int verdict_pass(enum ms_verdict verdict)
{
	verdict_count(verdict);
	return TC_ACT_UNSPEC;
}

/* Ours: no later program on this hook sees it. */
static __always_inline int verdict_accept(enum ms_verdict verdict)
{
	verdict_count(verdict);
	return TC_ACT_OK;
}

static __always_inline int verdict_drop(enum ms_verdict verdict)
{
	verdict_count(verdict);
	return TC_ACT_SHOT;
}
