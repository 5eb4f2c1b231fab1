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

/* What a program leaves in skb->cb for the next stage. */
enum hand_over {
	HAND_OVER_PORT_ID = 0,
	HAND_OVER_VERDICT = 1, /* of ms_match: MS_STEER_SYN or MS_STEER_DATA */
};

/* Goes on to ms_trace, which then ends the packet as its verdict says; does nothing when nobody traces. */
static __always_inline void verdict_trace(struct __sk_buff *skb, __u32 slot, enum ms_verdict verdict)
{
	skb->cb[HAND_OVER_PORT_ID] = slot;
	skb->cb[HAND_OVER_VERDICT] = verdict;
	bpf_tail_call(skb, &stages, MS_STAGE_TRACE);
}

/*
 * Ends the way in. A packet that was steered is seen by no later program on this hook. One that is not ours goes on to
 * the next program on the interface and then to the stack: TCX_NEXT and the classic TC_ACT_UNSPEC are the same
 * value, so one program serves both attachments (design D12).
 */
static __always_inline int verdict_steer_action(enum ms_verdict verdict)
{
	/* bpf_redirect has said where to; it holds over a tail call. */
	if (verdict == MS_STEER_HANDED_OVER)
		return TC_ACT_REDIRECT;
	if (verdict < MS_PASS_FIRST)
		return TC_ACT_OK;
	return verdict < MS_DROP_FIRST ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

static __always_inline int verdict_end_steer(struct __sk_buff *skb, __u32 slot, enum ms_verdict verdict)
{
	verdict_count(slot, verdict);
	/* Bystanders, whose packets are for another address, are never traced, and do not pay for it. */
	if (verdict != MS_PASS_OTHER_PROTOCOL && verdict != MS_PASS_OTHER_ADDRESS)
		verdict_trace(skb, slot, verdict);
	return verdict_steer_action(verdict);
}

static __always_inline int verdict_restore_action(enum ms_verdict verdict)
{
	return verdict == MS_RESTORE_REPLY ? TC_ACT_OK : TC_ACT_SHOT;
}

/* Ends ms_restore. */
static __always_inline int verdict_end_restore(struct __sk_buff *skb, __u32 slot, enum ms_verdict verdict)
{
	verdict_count(slot, verdict);
	verdict_trace(skb, slot, verdict);
	return verdict_restore_action(verdict);
}
