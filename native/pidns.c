/* SPDX-License-Identifier: Apache-2.0 */
/* What the supervisor does for a worker before there is one: a PID namespace, and the list of what its root must have. */
#define _GNU_SOURCE
#include "internal.h"

#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <string.h>

/*
 * The child itself could not do it: it would have to fork, and the supervisor would know the wrong one of two processes. Only
 * where later children of this thread come to be changes, never where the thread itself is (unshare(2), pid_namespaces(7)).
 */
int ms_pidns_leave(__s32 *own_fd)
{
	OWNED_FD fd = open("/proc/thread-self/ns/pid", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || unshare(CLONE_NEWPID))
		return -errno;
	*own_fd = TAKE_FD(fd);
	return 0;
}

int ms_pidns_return(__s32 own_fd)
{
	OWNED_FD fd = own_fd;

	return setns(fd, CLONE_NEWPID) ? -errno : 0;
}

struct paths {
	__u8 *text;
	__u32 room, length;
	int error;
};

/* The program itself has no name, and the kernel's own library no path. */
static int collect_path(struct dl_phdr_info *library, size_t size, void *argument)
{
	struct paths *paths = argument;
	size_t length = strlen(library->dlpi_name);

	(void)size;
	if (library->dlpi_name[0] != '/')
		return 0;
	if (strchr(library->dlpi_name, ':'))
		paths->error = -EINVAL;
	else if (length + 1 > paths->room - paths->length)
		paths->error = -ENOSPC;
	if (paths->error)
		return 1;
	memcpy(paths->text + paths->length, library->dlpi_name, length);
	paths->length += (__u32)length;
	paths->text[paths->length++] = ':';
	return 0;
}

int ms_libraries(__u8 *text, __u32 room)
{
	struct paths paths = {.text = text, .room = room};

	dl_iterate_phdr(collect_path, &paths);
	if (paths.error)
		return paths.error;
	if (paths.length == 0)
		return -ENOSPC;
	text[paths.length - 1] = '\0';
	return 0;
}
