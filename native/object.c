/* SPDX-License-Identifier: Apache-2.0 */
/* Opens BPF objects and makes the maps that all programs share, through libbpf. */
#define _GNU_SOURCE
#include "object.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* libbpf prints through one function for the whole process: each thread collects its own lines. */
struct log {
	char *text;
	size_t size;
	size_t used;
};
static __thread struct log current_log;

static int collect_log(enum libbpf_print_level level, const char *format, va_list arguments)
{
	int length;

	if (level == LIBBPF_DEBUG || !current_log.text || current_log.used + 1 >= current_log.size)
		return 0;
	length = vsnprintf(current_log.text + current_log.used, current_log.size - current_log.used, format, arguments);
	if (length > 0)
		current_log.used += (size_t)length;
	if (current_log.used >= current_log.size)
		current_log.used = current_log.size - 1;
	return length;
}

void log_begin(char *text, size_t size)
{
	if (text && size)
		text[0] = '\0';
	current_log = (struct log){.text = text, .size = size};
	libbpf_set_print(collect_log);
}

void log_end(void)
{
	current_log = (struct log){};
}

int open_object(const char *path, struct bpf_object **object)
{
	*object = bpf_object__open_file(path, NULL);
	return *object ? 0 : -errno;
}

#define NAMED(map) [offsetof(struct ms_maps, map) / sizeof(__s32)] = #map
static const char *const names[] = {NAMED(neighbours), NAMED(flows), NAMED(ended_flows),
				    NAMED(counters), NAMED(ports), NAMED(draining), NAMED(devices),
				    NAMED(interfaces), NAMED(prefixes), NAMED(asks), NAMED(settings), NAMED(packet_events), NAMED(stages)};
_Static_assert(sizeof(names) / sizeof(names[0]) == SHARED_MAPS, "every shared map has a name");

const char *shared_map_name(size_t index)
{
	return names[index];
}

/* On average; a network has a subnet or two of each family. */
#define PREFIXES_PER_PORT 8

static int resize_map(struct bpf_object *object, const char *name, __u32 entries)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	return map ? bpf_map__set_max_entries(map, entries) : -ENOENT;
}

/* The programs of the object are not loaded: only its maps are wanted. */
static int create_maps(struct bpf_object *object, const struct ms_map_sizes *sizes)
{
	const struct {
		const char *map;
		__u32 entries;
	} bounds[] = {
		{"neighbours", sizes->neighbours_max}, {"flows", sizes->flows_max},
		{"counters", sizes->ports_max + 1},    {"ports", sizes->ports_max},
		{"draining", sizes->ports_max},	       {"devices", sizes->ports_max},
		{"interfaces", sizes->ports_max},      {"prefixes", sizes->ports_max * PREFIXES_PER_PORT},
	};
	struct bpf_program *program;
	int error;

	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, false);
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		error = resize_map(object, bounds[i].map, bounds[i].entries);
		if (error)
			return error;
	}
	return bpf_object__load(object);
}

/* A descriptor of our own, so that the object can be closed; or a negative errno. */
static int take_map(struct bpf_object *object, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(object, name);

	if (fd < 0)
		return -ENOENT;
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : fd;
}

static int take_maps(struct bpf_object *object, struct ms_maps *maps)
{
	struct ms_maps taken;
	size_t count;
	int fd = 0;

	for (count = 0; count < SHARED_MAPS; count++) {
		fd = take_map(object, shared_map_name(count));
		if (fd < 0)
			break;
		*shared_map_fd(&taken, count) = fd;
	}
	if (fd >= 0) {
		*maps = taken;
		return 0;
	}
	while (count > 0)
		close(*shared_map_fd(&taken, --count));
	return fd;
}

int ms_maps_create(const char *object_path, const struct ms_map_sizes *sizes, struct ms_maps *maps, char *log,
		   __u32 log_len)
{
	OWNED_OBJECT object = NULL;
	int error;

	log_begin(log, log_len);
	error = open_object(object_path, &object);
	if (!error)
		error = create_maps(object, sizes);
	if (!error)
		error = take_maps(object, maps);
	if (!error)
		prefixes_made(maps->prefixes);
	log_end();
	return error;
}
