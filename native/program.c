/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the shared maps and loads program instances, through libbpf. */
#define _GNU_SOURCE
#include "internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <stdarg.h>
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

static void log_begin(char *text, size_t size)
{
	if (text && size)
		text[0] = '\0';
	current_log = (struct log){.text = text, .size = size};
	libbpf_set_print(collect_log);
}

static void log_end(void)
{
	current_log = (struct log){};
}

static void close_object(struct bpf_object **object)
{
	bpf_object__close(*object);
}
#define OWNED_OBJECT __attribute__((cleanup(close_object))) struct bpf_object *

static int open_object(const char *path, struct bpf_object **object)
{
	*object = bpf_object__open_file(path, NULL);
	return *object ? 0 : -errno;
}

static int resize_map(struct bpf_object *object, const char *name, __u32 entries)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	return map ? bpf_map__set_max_entries(map, entries) : -ENOENT;
}

/* Descriptors of our own, so that the object can be closed. */
static int take_map(struct bpf_object *object, const char *name, int *fd)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (!map)
		return -ENOENT;
	*fd = fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 3);
	return *fd < 0 ? -errno : 0;
}

static int create_maps(struct bpf_object *object, const struct ms_map_sizes *sizes, struct ms_maps *maps)
{
	OWNED_FD neighbours = -1, counters = -1, port_state = -1, settings = -1;
	struct bpf_program *program;
	int error;

	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, false);
	error = resize_map(object, "neighbours", sizes->neighbours_max);
	if (!error)
		error = resize_map(object, "counters", sizes->ports_max);
	if (!error)
		error = resize_map(object, "port_state", sizes->ports_max);
	if (!error)
		error = bpf_object__load(object);
	if (!error)
		error = take_map(object, "neighbours", &neighbours);
	if (!error)
		error = take_map(object, "counters", &counters);
	if (!error)
		error = take_map(object, "port_state", &port_state);
	if (!error)
		error = take_map(object, "settings", &settings);
	if (error)
		return error;
	maps->neighbours = TAKE_FD(neighbours);
	maps->counters = TAKE_FD(counters);
	maps->port_state = TAKE_FD(port_state);
	maps->settings = TAKE_FD(settings);
	return 0;
}

int ms_maps_create(const char *object_path, const struct ms_map_sizes *sizes, struct ms_maps *maps, char *log,
		   __u32 log_len)
{
	OWNED_OBJECT object = NULL;
	int error;

	log_begin(log, log_len);
	error = open_object(object_path, &object);
	if (!error)
		error = create_maps(object, sizes, maps);
	log_end();
	return error;
}

/* A program that does not use one of the maps simply has none of that name. */
static int reuse_map(struct bpf_object *object, const char *name, int fd)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	return map ? bpf_map__reuse_fd(map, fd) : 0;
}

/* The object's only read-only variable is `port` (bpf/maps.h), so its constants are that variable. */
static int specialise(struct bpf_object *object, const struct ms_port_constants *constants)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		if (!strstr(bpf_map__name(map), ".rodata"))
			continue;
		if (bpf_map__value_size(map) != sizeof(*constants))
			return -EPROTO;
		return bpf_map__set_initial_value(map, constants, sizeof(*constants));
	}
	return -ENOENT;
}

static int load_program(struct bpf_object *object, const struct ms_port_constants *constants,
			const struct ms_maps *maps, int *program_fd)
{
	struct bpf_program *program = bpf_object__next_program(object, NULL);
	int error, fd;

	if (!program)
		return -ENOENT;
	error = specialise(object, constants);
	if (!error)
		error = reuse_map(object, "neighbours", maps->neighbours);
	if (!error)
		error = reuse_map(object, "counters", maps->counters);
	if (!error)
		error = reuse_map(object, "port_state", maps->port_state);
	if (!error)
		error = reuse_map(object, "settings", maps->settings);
	if (!error)
		error = bpf_object__load(object);
	if (error)
		return error;
	fd = fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return -errno;
	*program_fd = fd;
	return 0;
}

int ms_program_load(const char *object_path, const struct ms_port_constants *constants, const struct ms_maps *maps,
		    __s32 *program_fd, char *log, __u32 log_len)
{
	OWNED_OBJECT object = NULL;
	int error;

	log_begin(log, log_len);
	error = open_object(object_path, &object);
	if (!error)
		error = load_program(object, constants, maps, program_fd);
	log_end();
	return error;
}
