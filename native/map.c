/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes the shared maps. */
#include "internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>

/* Reads the counters of slots one after the other, each as the CPUs have them. */
static int each_slot(int counters_fd, __u32 first, __u32 count,
		     void (*each)(const struct ms_port_counters *per_cpu, int cpus, void *out, __u32 index), void *out)
{
	int cpus = libbpf_num_possible_cpus();
	struct ms_port_counters *per_cpu;
	int error = 0;

	if (cpus < 0)
		return cpus;
	per_cpu = calloc((size_t)cpus, sizeof(*per_cpu));
	if (!per_cpu)
		return -ENOMEM;
	for (__u32 i = 0; !error && i < count; i++) {
		__u32 slot = first + i;

		error = bpf_map_lookup_elem(counters_fd, &slot, per_cpu);
		if (!error)
			each(per_cpu, cpus, out, i);
	}
	free(per_cpu);
	return error;
}

static __u64 sum_verdict(const struct ms_port_counters *per_cpu, int cpus, int verdict)
{
	__u64 sum = 0;

	for (int cpu = 0; cpu < cpus; cpu++)
		sum += per_cpu[cpu].packets[verdict];
	return sum;
}

static void sum_all(const struct ms_port_counters *per_cpu, int cpus, void *out, __u32 index)
{
	struct ms_port_counters *counters = out;

	for (int verdict = 0; verdict < MS_VERDICT_COUNT; verdict++)
		counters[index].packets[verdict] = sum_verdict(per_cpu, cpus, verdict);
}

int ms_counters_read(__s32 counters_fd, __u32 first, __u32 count, struct ms_port_counters *counters)
{
	return each_slot(counters_fd, first, count, sum_all, counters);
}

static void sum_limit_drops(const struct ms_port_counters *per_cpu, int cpus, void *out, __u32 index)
{
	__u64 *drops = out;

	drops[index] = 0;
	for (int verdict = MS_DROP_PORT_RATE; verdict <= MS_DROP_NEIGHBOUR_QUOTA; verdict++)
		drops[index] += sum_verdict(per_cpu, cpus, verdict);
	for (int verdict = MS_GUARD_PORT_RATE; verdict <= MS_GUARD_NEIGHBOUR_QUOTA; verdict++)
		drops[index] += sum_verdict(per_cpu, cpus, verdict);
}

int ms_limit_drops_read(__s32 counters_fd, __u32 first, __u32 count, __u64 *drops)
{
	return each_slot(counters_fd, first, count, sum_limit_drops, drops);
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
 * start at the beginning again. Both kinds of keys begin with the port's id.
 */
static int forget_port(int map_fd, __u32 port_id)
{
	union {
		__u32 port_id;
		struct ms_neighbour_key neighbour;
		struct ms_flow_key flow;
	} key, next;
	int error = bpf_map_get_next_key(map_fd, NULL, &key);

	while (!error) {
		int last = bpf_map_get_next_key(map_fd, &key, &next);

		if (key.port_id == port_id)
			bpf_map_delete_elem(map_fd, &key);
		key = next;
		error = last;
	}
	return error == -ENOENT ? 0 : error;
}

int ms_port_end(const struct ms_maps *maps, __u32 port_id)
{
	int error = forget_port(maps->flows, port_id);

	if (!error)
		error = forget_port(maps->ended_flows, port_id);
	if (!error)
		error = prefixes_forget(maps, port_id);
	return error ? error : forget_port(maps->neighbours, port_id);
}

int ms_port_begin(const struct ms_maps *maps, __u32 port_id, const struct ms_port *port)
{
	/* Again, as when it ended: a packet that was on its way then may have brought one back. */
	int error = ms_port_end(maps, port_id);

	if (!error)
		error = bpf_map_update_elem(maps->ports, &port_id, port, BPF_ANY);
	if (!error)
		error = ms_draining_write(maps->draining, port_id, 0);
	if (!error)
		error = clear_counters(maps->counters, port_id);
	return error;
}

int ms_ports_read(__s32 ports_fd, __u32 first, __u32 count, struct ms_port *ports)
{
	int error = 0;

	for (__u32 i = 0; !error && i < count; i++) {
		__u32 port_id = first + i;

		error = bpf_map_lookup_elem(ports_fd, &port_id, &ports[i]);
	}
	return error;
}

int ms_port_write(__s32 ports_fd, __u32 port_id, const struct ms_port *port)
{
	return bpf_map_update_elem(ports_fd, &port_id, port, BPF_ANY);
}

int ms_stage_write(__s32 stages_fd, __u32 stage, __s32 program_fd)
{
	return bpf_map_update_elem(stages_fd, &stage, &program_fd, BPF_ANY);
}

int ms_settings_write(__s32 settings_fd, const struct ms_settings *settings)
{
	__u32 only = 0;

	return bpf_map_update_elem(settings_fd, &only, settings, BPF_ANY);
}

int ms_stage_clear(__s32 stages_fd, __u32 stage)
{
	return bpf_map_delete_elem(stages_fd, &stage);
}

int ms_device_write(__s32 devices_fd, __u32 ifindex, __u32 port_id)
{
	return bpf_map_update_elem(devices_fd, &ifindex, &port_id, BPF_ANY);
}

int ms_device_delete(__s32 devices_fd, __u32 ifindex)
{
	return bpf_map_delete_elem(devices_fd, &ifindex);
}

int ms_interface_write(__s32 interfaces_fd, __u32 netns, __u32 ifindex, __u32 port_id)
{
	struct ms_interface_key key = {.netns = netns, .ifindex = ifindex};

	return bpf_map_update_elem(interfaces_fd, &key, &port_id, BPF_ANY);
}

int ms_interface_delete(__s32 interfaces_fd, __u32 netns, __u32 ifindex)
{
	struct ms_interface_key key = {.netns = netns, .ifindex = ifindex};

	return bpf_map_delete_elem(interfaces_fd, &key);
}

int ms_neighbour_read(__s32 neighbours_fd, const struct ms_neighbour_key *key, struct ms_neighbour *neighbour)
{
	return bpf_map_lookup_elem(neighbours_fd, key, neighbour);
}

int ms_neighbour_write(__s32 neighbours_fd, const struct ms_neighbour_key *key, const struct ms_neighbour *neighbour)
{
	return bpf_map_update_elem(neighbours_fd, key, neighbour, BPF_ANY);
}

int ms_draining_write(__s32 draining_fd, __u32 port_id, __u32 draining)
{
	return bpf_map_update_elem(draining_fd, &port_id, &draining, BPF_ANY);
}

int ms_flow_read(__s32 flows_fd, const struct ms_flow_key *key, struct ms_flow *flow)
{
	return bpf_map_lookup_elem(flows_fd, key, flow);
}

int ms_flow_write(__s32 flows_fd, const struct ms_flow_key *key, const struct ms_flow *flow)
{
	return bpf_map_update_elem(flows_fd, key, flow, BPF_ANY);
}
