/* SPDX-License-Identifier: Apache-2.0 */
/* Memory without a name whose size, or all of it, is fixed for good (memfd_create(2)): another process may have it too. */
#define _GNU_SOURCE
#include "internal.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

int sealed_size(int fd, int seals, __u64 *bytes)
{
	struct stat stat;
	int has = fcntl(fd, F_GET_SEALS);

	/* What is no memory has none: EINVAL. */
	if (has < 0)
		return -errno;
	if ((has & seals) != seals)
		return -EPERM;
	if (fstat(fd, &stat))
		return -errno;
	*bytes = (__u64)stat.st_size;
	return 0;
}

int ms_document_create(const void *bytes, __u32 length, __s32 *document_fd)
{
	OWNED_FD fd = memfd_create("metasteer-document", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ssize_t written;

	if (fd < 0)
		return -errno;
	written = pwrite(fd, bytes, length, 0);
	if (written < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE))
		return -errno;
	if (written != (ssize_t)length)
		return -ENOSPC;
	*document_fd = TAKE_FD(fd);
	return 0;
}

int ms_document_size(__s32 document_fd, __u32 *length)
{
	__u64 bytes = 0;
	int error = sealed_size(document_fd, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE, &bytes);

	if (error)
		return error;
	if (bytes > MS_DOCUMENT_BYTES_MAX)
		return -EFBIG;
	*length = (__u32)bytes;
	return 0;
}
