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

/* Returns 1 when it was forgotten, 0 when it was used again or is gone. `evict`: struct ms_forget. */
static int forget(int forget_fd, const struct ms_flow_key *key, __u64 unseen_since_ns, __u32 evict)
{
	struct {
		struct ethhdr eth;
		struct ms_forget asked;
	} __attribute__((packed)) frame = {
		.asked = {.key = *key, .unseen_since_ns = unseen_since_ns, .evict = evict}};
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = &frame, .data_size_in = sizeof(frame), .repeat = 1);
	int error = bpf_prog_test_run_opts(forget_fd, &options);

	return error ? error : options.retval == 0;
}

static int sweep_flow(void *context, const void *key, const void *value)
{
	struct sweep *sweep = context;
	const struct ms_flow *flow = value;
	int is_open = (flow->flags & (MS_FLOW_ESTABLISHED | MS_FLOW_ANSWERED)) && !(flow->flags & MS_FLOW_SERVICE_ENDED);
	__u64 since = is_open ? sweep->limits->flow_since_ns : sweep->limits->flow_unanswered_since_ns;
	int forgotten = flow->seen_ns > since ? 0 : forget(sweep->forget_fd, key, since, 0);

	sweep->result.flows++;
	if (forgotten > 0)
		sweep->result.flows_forgotten++;
	return forgotten < 0 ? forgotten : 0;
}

static int sweep_neighbour(void *context, const void *key, const void *value)
{
	struct sweep *sweep = context;
	const struct ms_neighbour_key *address = key;
	const struct ms_neighbour *neighbour = value;
	struct ms_flow_key asked = {.port_id = address->port_id};
	__u64 since = neighbour->open	     ? sweep->limits->neighbour_open_since_ns
		      : neighbour->confirmed ? sweep->limits->neighbour_since_ns
					     : sweep->limits->neighbour_unconfirmed_since_ns;
	int forgotten;

	memcpy(asked.address, address->address, sizeof(asked.address));
	forgotten = neighbour->seen_ns > since ? 0 : forget(sweep->forget_fd, &asked, since, 0);
	sweep->result.neighbours++;
	if (forgotten > 0)
		sweep->result.neighbours_forgotten++;
	return forgotten < 0 ? forgotten : 0;
}

/* Calls `each` for the entries of a map. What comes or goes meanwhile may be missed, or seen twice. */
static int walk(int map_fd, size_t key_size, size_t value_size, void *context,
		int (*each)(void *, const void *, const void *))
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
			error = each(context, keys + i * key_size, values + i * value_size);
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

/* --- making room --- */

/* A neighbour that may make room. */
struct candidate {
	struct ms_neighbour_key key;
	__u32 confirmed;
	__u64 seen_ns;
};

struct candidates {
	__u32 port_id;
	struct candidate *all;
	size_t count;
	size_t room;
};

static int collect_candidate(void *context, const void *key, const void *value)
{
	const struct ms_neighbour_key *address = key;
	const struct ms_neighbour *neighbour = value;
	struct candidates *found = context;

	if (neighbour->open || (found->port_id != MS_ALL_PORTS && address->port_id != found->port_id))
		return 0;
	if (found->count == found->room) {
		size_t room = found->room ? found->room * 2 : BATCH;
		struct candidate *grown = realloc(found->all, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		found->all = grown;
		found->room = room;
	}
	found->all[found->count++] = (struct candidate){*address, neighbour->confirmed, neighbour->seen_ns};
	return 0;
}

static int by_age(const void *left, const void *right)
{
	__u64 a = ((const struct candidate *)left)->seen_ns, b = ((const struct candidate *)right)->seen_ns;

	return a < b ? -1 : a > b;
}

/* Evicts up to `most` of them, the oldest first. Those that are gone then are taken out by their age of ~0. */
static int evict(int forget_fd, struct candidates *found, int unconfirmed_only, __u32 most, __u32 *evicted)
{
	int error = 0;

	for (size_t i = 0; !error && most > 0 && i < found->count; i++) {
		struct candidate *each = &found->all[i];
		struct ms_flow_key asked = {.port_id = each->key.port_id};
		int forgotten;

		if (each->seen_ns == ~0ULL || (unconfirmed_only && each->confirmed))
			continue;
		memcpy(asked.address, each->key.address, sizeof(asked.address));
		forgotten = forget(forget_fd, &asked, each->seen_ns, 1);
		if (forgotten < 0)
			error = forgotten;
		if (forgotten <= 0)
			continue;
		each->seen_ns = ~0ULL;
		most--;
		++*evicted;
	}
	return error;
}

int ms_make_room(const struct ms_maps *maps, __s32 forget_fd, __u32 port_id, __u32 unconfirmed, __u32 any, __u32 *evicted)
{
	struct candidates found = {.port_id = port_id};
	__u32 count = 0;
	int error = walk(maps->neighbours, sizeof(struct ms_neighbour_key), sizeof(struct ms_neighbour), &found,
			 collect_candidate);

	if (!error && found.count) {
		qsort(found.all, found.count, sizeof(*found.all), by_age);
		error = evict(forget_fd, &found, 1, unconfirmed, &count);
	}
	if (!error)
		error = evict(forget_fd, &found, 0, any, &count);
	free(found.all);
	if (!error)
		*evicted = count;
	return error;
}
