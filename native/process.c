/* SPDX-License-Identifier: Apache-2.0 */
/* Processes by descriptor: a number may be another process's by the time it is signalled, and 0 is the caller's own group. */
#define _GNU_SOURCE
#include "internal.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* Since Linux 6.5; asm-generic/socket.h, which older headers do not have it in. */
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

int ms_process_open(__u32 pid, __s32 *process_fd)
{
	int fd;

	if (pid == 0)
		return -ESRCH;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return -errno;
	*process_fd = fd;
	return 0;
}

/* Whether the other end of a socket is closed. */
static bool hung_up(int socket_fd)
{
	struct pollfd end = {.fd = socket_fd};

	return poll(&end, 1, 0) > 0;
}

int ms_peer(__s32 socket_fd, __u32 *pid, __u32 *uid)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (getsockopt(socket_fd, SOL_SOCKET, SO_PEERCRED, &peer, &length))
		return -errno;
	*pid = (__u32)peer.pid;
	*uid = peer.uid;
	return 0;
}

int ms_peer_open(__s32 socket_fd, __s32 *process_fd)
{
	OWNED_FD fd = -1;
	__u32 pid = 0, uid = 0;
	socklen_t length = sizeof(int);
	int own = -1;
	int error = ms_peer(socket_fd, &pid, &uid);

	if (error)
		return error;
	/* In a PID namespace that this process does not see. */
	if (pid == 0)
		return -ESRCH;
	if (getsockopt(socket_fd, SOL_SOCKET, SO_PEERPIDFD, &own, &length) == 0) {
		*process_fd = own;
		return 0;
	}
	if (errno != ENOPROTOOPT)
		return -errno;
	error = ms_process_open(pid, &fd);
	if (error)
		return error;
	/* Its number belongs to nobody else before it has ended, and its end closes the socket. */
	if (hung_up(socket_fd))
		return -ESRCH;
	*process_fd = TAKE_FD(fd);
	return 0;
}

int ms_process_ended(__s32 process_fd, __u32 *ended)
{
	struct pollfd process = {.fd = process_fd, .events = POLLIN};
	int ready = poll(&process, 1, 0);

	if (ready < 0)
		return -errno;
	*ended = ready > 0;
	return 0;
}

int ms_process_signal(__s32 process_fd, __u32 number)
{
	return syscall(SYS_pidfd_send_signal, process_fd, number, NULL, 0) ? -errno : 0;
}
