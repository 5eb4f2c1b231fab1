/* SPDX-License-Identifier: Apache-2.0 */
/* How one daemon hands its descriptors to the next: many in a message (SCM_RIGHTS), on a socket that only root may open. */
#define _GNU_SOURCE
#include "internal.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(MS_FDS_MAX * sizeof(int))];
};

static int address_of(const char *path, struct sockaddr_un *address)
{
	if (strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	strcpy(address->sun_path, path);
	return 0;
}

int ms_hand_over_listen(const char *path, __s32 *listen_fd)
{
	OWNED_FD fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;
	int error = address_of(path, &address);

	if (error)
		return error;
	/* Before it has its name, which gets the mode from it (unix(7)). */
	if (fd < 0 || fchmod(fd, 0600) || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 1))
		return -errno;
	*listen_fd = TAKE_FD(fd);
	return 0;
}

int ms_hand_over_accept(__s32 listen_fd, __s32 *channel_fd)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return -errno;
	*channel_fd = fd;
	return 0;
}

int ms_hand_over_connect(const char *path, __s32 *channel_fd)
{
	OWNED_FD fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;
	int error = address_of(path, &address);

	if (error)
		return error;
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	*channel_fd = TAKE_FD(fd);
	return 0;
}

void rights_put(struct msghdr *message, void *control, const int *fds, __u32 count)
{
	struct cmsghdr *rights;

	message->msg_control = control;
	message->msg_controllen = CMSG_SPACE(count * sizeof(int));
	rights = CMSG_FIRSTHDR(message);
	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(rights), fds, count * sizeof(int));
}

int fds_send(int channel, __u32 word, const int *fds, __u32 count)
{
	union control control = {};
	struct iovec payload = {.iov_base = &word, .iov_len = sizeof(word)};
	struct msghdr message = {.msg_iov = &payload, .msg_iovlen = 1};

	if (count == 0 || count > MS_FDS_MAX)
		return -EINVAL;
	rights_put(&message, control.bytes, fds, count);
	return sendmsg(channel, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

static void close_all(const int *fds, __u32 count)
{
	for (__u32 i = 0; i < count; i++)
		close(fds[i]);
}

/* What came with a message beside its payload. */
struct rights {
	int fds[MS_FDS_MAX];
	__u32 count;
	__u32 parts;    /* that carry descriptors */
	__u32 strange;  /* parts of any other kind */
};

/* Owns the descriptors of a part from here on. Those that no message may have are closed at once, and counted as a part more. */
static void take_part(struct rights *rights, const struct cmsghdr *part)
{
	size_t bytes = part->cmsg_len - CMSG_LEN(0);

	for (size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
		int fd;

		memcpy(&fd, CMSG_DATA(part) + at, sizeof(fd));
		if (rights->count < MS_FDS_MAX) {
			rights->fds[rights->count++] = fd;
		} else {
			close(fd);
			rights->parts++;
		}
	}
	rights->parts++;
}

/* All that came is somebody's to close, whatever else is wrong with the message. */
static void take_rights(struct rights *rights, struct msghdr *message)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
		if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS && part->cmsg_len >= CMSG_LEN(0))
			take_part(rights, part);
		else
			rights->strange++;
	}
}

int fds_receive(int channel, __u32 *word, int *fds, __u32 capacity, __u32 *count)
{
	union control control;
	__u32 received = 0;
	struct iovec payload = {.iov_base = &received, .iov_len = sizeof(received)};
	struct msghdr message = {.msg_iov = &payload, .msg_iovlen = 1, .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	ssize_t length = recvmsg(channel, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct rights rights = {};
	int error = 0;

	if (length < 0)
		return -errno;
	take_rights(&rights, &message);
	if (length != sizeof(received) || message.msg_flags & MSG_TRUNC || rights.strange || rights.parts > 1)
		error = -EPROTO;
	else if (rights.count > capacity)
		error = -ENOSPC;
	else if (message.msg_flags & MSG_CTRUNC) /* cut short: this process may not have so many */
		error = -EMFILE;
	else if (rights.count == 0)
		error = -EPROTO;
	if (error) {
		close_all(rights.fds, rights.count);
		return error;
	}
	memcpy(fds, rights.fds, rights.count * sizeof(int));
	*count = rights.count;
	*word = received;
	return 0;
}

int ms_fds_send(__s32 channel_fd, const __s32 *fds, __u32 count)
{
	return fds_send(channel_fd, count, fds, count);
}

int ms_fds_receive(__s32 channel_fd, __s32 *fds, __u32 capacity, __u32 *count)
{
	int taken[MS_FDS_MAX];
	__u32 announced = 0, came = 0;
	int error = fds_receive(channel_fd, &announced, taken, capacity < MS_FDS_MAX ? capacity : MS_FDS_MAX,
				&came);

	if (error)
		return error;
	if (came != announced) {
		close_all(taken, came);
		return -EMFILE;
	}
	memcpy(fds, taken, came * sizeof(int));
	*count = came;
	return 0;
}
