/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's lock: a POSIX record lock, because the kernel can say who holds one. */
#include "internal.h"

#include <fcntl.h>

int ms_lock(const char *path, __s32 *fd, __s32 *holder)
{
	OWNED_FD file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (file < 0)
		return -errno;
	if (fcntl(file, F_SETLK, &lock)) {
		if (errno != EAGAIN && errno != EACCES)
			return -errno;
		if (fcntl(file, F_GETLK, &lock))
			return -errno;
		/* Released between the two calls: the caller may simply try again. */
		*holder = lock.l_type == F_UNLCK ? 0 : lock.l_pid;
		return -EWOULDBLOCK;
	}
	*fd = TAKE_FD(file);
	return 0;
}
