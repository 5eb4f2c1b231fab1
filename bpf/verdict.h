/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Every run of a program ends here, so no packet is uncounted, and what happens to it follows from its verdict. */
#pragma once

#include "maps.h"

#include <linux/pkt_cls.h>

/* The loader gives the programs no slot that the map does not have. */
static __always_inline void verdict_count(__u32 slot, enum ms_verdict verdict)
{
	struct ms_port_counters *counted = bpf_map_lookup_elem(&counters, &slot);

	if (counted && verdict < MS_VERDICT_COUNT)
		counted->packets[verdict]++;
}

/*
 * Ends the way in. A packet that was steered is seen by no later program on this hook. One that is not ours goes on to
 * the next program on the interface and then to the stack: TCX_NEXT and the classic TC_ACT_UNSPEC are the same
 * value, so one program serves both attachments (design D12).
 */
static __always_inline int verdict_end_steer(__u32 slot, enum ms_verdict verdict)
{
	verdict_count(slot, verdict);
	if (verdict < MS_PASS_FIRST)
		return TC_ACT_OK;
	return verdict < MS_DROP_FIRST ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

/* Ends ms_restore. */
static __always_inline int verdict_end_restore(__u32 slot, enum ms_verdict verdict)
{
	verdict_count(slot, verdict);
	return verdict == MS_RESTORE_REPLY ? TC_ACT_OK : TC_ACT_SHOT;
}
