/* SPDX-License-Identifier: Apache-2.0 */
/* Forgets neighbours and flows that were not used. Chooses them; ms_forget decides and counts (bpf/forget.bpf.c). */
#include "internal.h"

#include <bpf/bpf.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

/* Entries read at once: more than any bucket of a map holds, so that the kernel never finds the room too small. */
#define BATCH 1024

struct sweep {
	int forget_fd;
	const struct ms_sweep_limits *limits;
	struct ms_sweep_result result;
};

/* Returns 1 when it was forgotten, 0 when it was used again or is gone. */
static int forget(const struct sweep *sweep, const struct ms_flow_key *key, __u64 unseen_since_ns)
{
	struct {
		struct ethhdr eth;
		struct ms_forget asked;
	} __attribute__((packed)) frame = {.asked = {.key = *key, .unseen_since_ns = unseen_since_ns}};
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = &frame, .data_size_in = sizeof(frame), .repeat = 1);
	int error = bpf_prog_test_run_opts(sweep->forget_fd, &options);

	return error ? error : options.retval == 0;
}

static int sweep_flow(struct sweep *sweep, const void *key, const void *value)
{
	const struct ms_flow *flow = value;
	__u64 since = flow->flags == MS_FLOW_ANSWERED ? sweep->limits->flow_since_ns
						      : sweep->limits->flow_unanswered_since_ns;
	int forgotten = flow->seen_ns > since ? 0 : forget(sweep, key, since);

	sweep->result.flows++;
	if (forgotten > 0)
		sweep->result.flows_forgotten++;
	return forgotten < 0 ? forgotten : 0;
}

static int sweep_neighbour(struct sweep *sweep, const void *key, const void *value)
{
	const struct ms_neighbour_key *address = key;
	const struct ms_neighbour *neighbour = value;
	struct ms_flow_key asked = {.port_id = address->port_id};
	__u64 since = neighbour->open	     ? sweep->limits->neighbour_open_since_ns
		      : neighbour->confirmed ? sweep->limits->neighbour_since_ns
					     : sweep->limits->neighbour_unconfirmed_since_ns;
	int forgotten;

	memcpy(asked.address, address->address, sizeof(asked.address));
	forgotten = neighbour->seen_ns > since ? 0 : forget(sweep, &asked, since);
	sweep->result.neighbours++;
	if (forgotten > 0)
		sweep->result.neighbours_forgotten++;
	return forgotten < 0 ? forgotten : 0;
}

/* Calls `each` for the entries of a map. What comes or goes meanwhile may be missed, or seen twice. */
static int walk(int map_fd, size_t key_size, size_t value_size, struct sweep *sweep,
		int (*each)(struct sweep *, const void *, const void *))
{
	char *keys = malloc(BATCH * key_size), *values = malloc(BATCH * value_size);
	__u64 position; /* opaque; the kernel's own is a __u32 */
	__u32 count = 0;
	int error = keys && values ? 0 : -ENOMEM, last = 0;

	for (void *from = NULL; !error && !last; from = &position) {
		count = BATCH;
		last = bpf_map_lookup_batch(map_fd, from, &position, keys, values, &count, NULL);
		if (last && last != -ENOENT)
			error = last;
		for (__u32 i = 0; !error && i < count; i++)
			error = each(sweep, keys + i * key_size, values + i * value_size);
	}
	free(keys);
	free(values);
	return error;
}

int ms_sweep(const struct ms_maps *maps, __s32 forget_fd, const struct ms_sweep_limits *limits,
	     struct ms_sweep_result *result)
{
	struct sweep sweep = {.forget_fd = forget_fd, .limits = limits};
	/* Flows first: an address whose last connection goes may go with the next sweep. */
	int error = walk(maps->flows, sizeof(struct ms_flow_key), sizeof(struct ms_flow), &sweep, sweep_flow);

	if (!error)
		error = walk(maps->neighbours, sizeof(struct ms_neighbour_key), sizeof(struct ms_neighbour), &sweep,
			     sweep_neighbour);
	if (!error)
		*result = sweep.result;
	return error;
}
