/* SPDX-License-Identifier: Apache-2.0 */
/* The C library's heap. */
#include "internal.h"

#include <malloc.h>

/*
 * Large buffers, such as those a status is read into, stay apart from the heap, where small ones that live longer would
 * keep their room from being given back. glibc does so too until the first of them is freed (mallopt(3)).
 */
#define MAPPED_FROM_BYTES (64 * 1024)

/* Of glibc's arenas, one for every thread that ever allocated, most would stand nearly empty. */
#define ARENAS_MAX 1

__attribute__((constructor)) static void set_up_heap(void)
{
	mallopt(M_MMAP_THRESHOLD, MAPPED_FROM_BYTES);
	mallopt(M_ARENA_MAX, ARENAS_MAX);
}

int ms_memory_trim(void)
{
	malloc_trim(0);
	return 0;
}
