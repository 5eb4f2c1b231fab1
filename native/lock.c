/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's lock, in two parts. flock(2) is the lock itself: it belongs to the open file, so a daemon that hands the
 * descriptor to the next one hands the lock over without a moment in which nobody has it. A POSIX record lock on the same
 * file names the holder, because the kernel can say who has one.
 */
#include "internal.h"

#include <fcntl.h>
#include <sys/file.h>

static int name_holder(int fd, short type)
{
	struct flock name = {.l_type = type, .l_whence = SEEK_SET};

	return fcntl(fd, F_SETLK, &name) ? -errno : 0;
}

/* 0 when nobody says, as in the middle of a hand-over. */
static int holder_of(int fd, __s32 *holder)
{
	struct flock name = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(fd, F_GETLK, &name))
		return -errno;
	*holder = name.l_type == F_UNLCK ? 0 : name.l_pid;
	return 0;
}

int ms_lock(const char *path, __s32 *fd, __s32 *holder)
{
	OWNED_FD file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int error;

	if (file < 0)
		return -errno;
	if (flock(file, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK)
			return -errno;
		error = holder_of(file, holder);
		return error ? error : -EWOULDBLOCK;
	}
	error = name_holder(file, F_WRLCK);
	if (error == -EAGAIN || error == -EACCES) {
		error = holder_of(file, holder);
		return error ? error : -EWOULDBLOCK;
	}
	if (!error)
		*fd = TAKE_FD(file);
	return error;
}

int ms_lock_name(__s32 fd, __u32 held)
{
	return name_holder(fd, held ? F_WRLCK : F_UNLCK);
}
