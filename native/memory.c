/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is not needed any more: the C library's heap, and the program's code that only the start ran. */
#define _GNU_SOURCE
#include "internal.h"

#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/*
 * Large buffers, such as those a status is read into, stay apart from the heap, where small ones that live longer would
 * keep their room from being given back. glibc does so too until the first of them is freed (mallopt(3)).
 */
#define MAPPED_FROM_BYTES (64 * 1024)

/* Of glibc's arenas, one for every thread that ever allocated, most would stand nearly empty. */
#define ARENAS_MAX 1

#define SEGMENTS_MAX 16

/* Of /proc/self/smaps, in a process that may open no files any more; else -1. */
static int smaps_fd = -1;

__attribute__((constructor)) static void set_up_heap(void)
{
	mallopt(M_MMAP_THRESHOLD, MAPPED_FROM_BYTES);
	mallopt(M_ARENA_MAX, ARENAS_MAX);
}

struct segments {
	struct {
		unsigned long start, end;
	} each[SEGMENTS_MAX];
	int count;
};

/* Those of the program itself that the dynamic linker never writes to. It comes first, before its libraries (dl_iterate_phdr(3)). */
static int collect_segments(struct dl_phdr_info *program, size_t size, void *argument)
{
	struct segments *segments = argument;

	(void)size;
	for (int i = 0; i < program->dlpi_phnum && segments->count < SEGMENTS_MAX; i++) {
		const ElfW(Phdr) *header = &program->dlpi_phdr[i];

		if (header->p_type != PT_LOAD || header->p_flags & PF_W)
			continue;
		segments->each[segments->count].start = program->dlpi_addr + header->p_vaddr;
		segments->each[segments->count++].end = program->dlpi_addr + header->p_vaddr + header->p_memsz;
	}
	return 1;
}

static int is_of_segment(const struct segments *segments, unsigned long start)
{
	unsigned long page = (unsigned long)sysconf(_SC_PAGESIZE);

	for (int i = 0; i < segments->count; i++)
		if (start >= segments->each[i].start / page * page && start < segments->each[i].end)
			return 1;
	return 0;
}

/* Where it was opened ahead, the descriptor stays: what is read from it is of the moment. */
static FILE *open_smaps(void)
{
	int fd = smaps_fd < 0 ? -1 : fcntl(smaps_fd, F_DUPFD_CLOEXEC, 0);
	FILE *smaps = smaps_fd < 0 ? fopen("/proc/self/smaps", "re") : NULL;

	if (fd >= 0 && lseek(fd, 0, SEEK_SET) == 0)
		smaps = fdopen(fd, "re");
	if (!smaps && fd >= 0)
		close(fd);
	return smaps;
}

int memory_open_smaps(void)
{
	smaps_fd = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
	return smaps_fd < 0 ? -errno : 0;
}

/*
 * Has the kernel take away the pages of the program's file: what is used again is mapped again, from the page cache. Not those
 * of a mapping that has pages of its own, which would be lost: code that was copied to huge pages, or has a probe in it. The
 * lines about a mapping end with that of its flags (proc_pid_smaps(5)).
 */
static void forget_code(void)
{
	unsigned long start, end, inode, kilobytes, mapping = 0, length = 0, own = 0;
	struct segments segments = {};
	char line[512];
	FILE *smaps = open_smaps();

	if (!smaps)
		return;
	dl_iterate_phdr(collect_segments, &segments);
	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx %*s %*x %*s %lu", &start, &end, &inode) == 3) {
			mapping = inode != 0 && is_of_segment(&segments, start) ? start : 0;
			length = end - start;
			own = 0;
		} else if (sscanf(line, "Anonymous: %lu", &kilobytes) == 1 || sscanf(line, "Swap: %lu", &kilobytes) == 1) {
			own += kilobytes;
		} else if (strncmp(line, "VmFlags:", 8) == 0 && mapping && !own) {
			madvise((void *)mapping, length, MADV_DONTNEED);
		}
	}
	fclose(smaps);
}

int ms_memory_trim(void)
{
	malloc_trim(0);
	forget_code();
	return 0;
}
