/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that open BPF objects: their log, their ownership, and the maps they share. */
#pragma once

#include "internal.h"

#include <bpf/libbpf.h>

/* Collects what libbpf says on this thread until log_end; `text` may be NULL. */
void log_begin(char *text, size_t size);
void log_end(void);

static inline void close_object(struct bpf_object **object)
{
	bpf_object__close(*object);
}
#define OWNED_OBJECT __attribute__((cleanup(close_object))) struct bpf_object *

int open_object(const char *path, struct bpf_object **object);

/* How many maps all programs share. They are known by an index below it. */
#define SHARED_MAPS (sizeof(struct ms_maps) / sizeof(__s32))

/* The name a shared map has in bpf/maps.h. */
const char *shared_map_name(size_t index);

static inline __s32 *shared_map_fd(struct ms_maps *maps, size_t index)
{
	return (__s32 *)maps + index;
}
