/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes the shared maps. */
#include "internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>

int ms_counters_read(__s32 counters_fd, __u32 port_id, __u64 *packets)
{
	int cpus = libbpf_num_possible_cpus();
	struct ms_port_counters *per_cpu;
	int error;

	if (cpus < 0)
		return cpus;
	per_cpu = calloc((size_t)cpus, sizeof(*per_cpu));
	if (!per_cpu)
		return -ENOMEM;
	error = bpf_map_lookup_elem(counters_fd, &port_id, per_cpu);
	if (!error) {
		memset(packets, 0, sizeof(per_cpu->packets));
		for (int cpu = 0; cpu < cpus; cpu++)
			for (int verdict = 0; verdict < MS_VERDICT_COUNT; verdict++)
				packets[verdict] += per_cpu[cpu].packets[verdict];
	}
	free(per_cpu);
	return error;
}

static int clear_counters(int counters_fd, __u32 port_id)
{
	int cpus = libbpf_num_possible_cpus();
	struct ms_port_counters *zero;
	int error;

	if (cpus < 0)
		return cpus;
	zero = calloc((size_t)cpus, sizeof(*zero));
	if (!zero)
		return -ENOMEM;
	error = bpf_map_update_elem(counters_fd, &port_id, zero, BPF_ANY);
	free(zero);
	return error;
}

/*
 * Walks with the successor taken before a key is deleted: asking for what follows a deleted key would
 * start at the beginning again.
 */
static int forget_neighbours(int neighbours_fd, __u32 port_id)
{
	struct ms_neighbour_key key, next;
	int error = bpf_map_get_next_key(neighbours_fd, NULL, &key);

	while (!error) {
		int last = bpf_map_get_next_key(neighbours_fd, &key, &next);

		if (key.port_id == port_id)
			bpf_map_delete_elem(neighbours_fd, &key);
		key = next;
		error = last;
	}
	return error == -ENOENT ? 0 : error;
}

int ms_port_reset(const struct ms_maps *maps, __u32 port_id)
{
	struct ms_port_state empty = {};
	int error = forget_neighbours(maps->neighbours, port_id);

	if (!error)
		error = bpf_map_update_elem(maps->port_state, &port_id, &empty, BPF_ANY);
	if (!error)
		error = clear_counters(maps->counters, port_id);
	return error;
}

int ms_port_state_read(__s32 port_state_fd, __u32 port_id, struct ms_port_state *state)
{
	return bpf_map_lookup_elem(port_state_fd, &port_id, state);
}

int ms_port_state_write(__s32 port_state_fd, __u32 port_id, const struct ms_port_state *state)
{
	return bpf_map_update_elem(port_state_fd, &port_id, state, BPF_ANY);
}

int ms_settings_write(__s32 settings_fd, const struct ms_settings *settings)
{
	__u32 only = 0;

	return bpf_map_update_elem(settings_fd, &only, settings, BPF_ANY);
}

int ms_neighbour_read(__s32 neighbours_fd, const struct ms_neighbour_key *key, struct ms_neighbour *neighbour)
{
	return bpf_map_lookup_elem(neighbours_fd, key, neighbour);
}

int ms_neighbour_write(__s32 neighbours_fd, const struct ms_neighbour_key *key, const struct ms_neighbour *neighbour)
{
	return bpf_map_update_elem(neighbours_fd, key, neighbour, BPF_ANY);
}
