// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Attached nowhere: the daemon runs it (BPF_PROG_TEST_RUN) for each neighbour and flow that seems unused, with a
 * struct ms_forget as the frame's payload. So everything that is counted is counted by programs alone, with the
 * atomic operations they share, and what was used again in the meantime stays.
 */
#include "flow.h"
#include "neighbour.h"

#include <linux/pkt_cls.h>

enum {
	FORGOTTEN = TC_ACT_OK,
	KEPT = TC_ACT_UNSPEC,
};

static __always_inline int forget_flow(struct ms_port *port, const struct ms_forget *asked)
{
	struct ms_flow_key key = asked->key;
	const struct ms_flow *flow = bpf_map_lookup_elem(&flows, &key);

	if (!flow || flow->seen_ns > asked->unseen_since_ns)
		return KEPT;
	flow_close(&key, port, flow, bpf_ktime_get_ns());
	return FORGOTTEN;
}

static __always_inline int forget_neighbour(struct ms_port *port, const struct ms_forget *asked)
{
	struct ms_neighbour_key key = neighbour_key(asked->key.port_id, asked->key.address);
	const struct ms_neighbour *known = bpf_map_lookup_elem(&neighbours, &key);
	bool was_confirmed;

	if (!known || known->seen_ns > asked->unseen_since_ns || (asked->evict && known->open))
		return KEPT;
	was_confirmed = known->confirmed;
	if (bpf_map_delete_elem(&neighbours, &key))
		return KEPT;
	__sync_fetch_and_add(&port->neighbours, -1);
	if (was_confirmed)
		__sync_fetch_and_add(&port->confirmed, -1);
	if (asked->evict)
		__sync_fetch_and_add(&port->evicted, 1);
	return FORGOTTEN;
}

SEC("tc")
int ms_forget(struct __sk_buff *skb)
{
	const struct ms_forget *asked = (void *)(long)skb->data + ETH_HLEN;
	struct ms_port *port;
	__u32 port_id;

	if ((void *)(asked + 1) > (void *)(long)skb->data_end)
		return KEPT;
	port_id = asked->key.port_id;
	port = bpf_map_lookup_elem(&ports, &port_id);
	if (!port)
		return KEPT;
	return asked->key.client_port ? forget_flow(port, asked) : forget_neighbour(port, asked);
}

/*
 * Attached nowhere either: writes down what the router's neighbour table says of an address, as the frame's payload has it
 * (struct ms_answer).
 */
SEC("tc")
int ms_answer(struct __sk_buff *skb)
{
	const struct ms_answer *told = (void *)(long)skb->data + ETH_HLEN;
	struct ms_neighbour_key key;
	struct ms_neighbour *known;

	if ((void *)(told + 1) > (void *)(long)skb->data_end)
		return KEPT;
	key = told->key;
	known = bpf_map_lookup_elem(&neighbours, &key);
	if (!known)
		return KEPT;
	__builtin_memcpy(known->answer_mac, told->mac, ETH_ALEN);
	known->answered_ns = bpf_ktime_get_ns();
	return FORGOTTEN;
}

char _license[] SEC("license") = "Dual BSD/GPL";
