/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets bound to a port device, and how they travel to the worker. */
#define _GNU_SOURCE
#include "internal.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#ifndef TCP_SAVE_SYN
#define TCP_SAVE_SYN 27
#endif
#define SAVE_SYN_FROM_MAC_HEADER 2 /* since kernel 5.10 */

struct listen {
	const char *device;
	int backlog;
	int socket_fd;
};

static int set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) ? -errno : 0;
}

static int bind_any(int fd, int family)
{
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(MS_METADATA_PORT)};
	struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(MS_METADATA_PORT)};
	int error = family == AF_INET6 ? bind(fd, (struct sockaddr *)&ipv6, sizeof(ipv6))
				       : bind(fd, (struct sockaddr *)&ipv4, sizeof(ipv4));

	return error ? -errno : 0;
}

/* Bound to its device, the socket hears one tenant only, and its replies need no route (design D1). */
static int open_listener(void *argument)
{
	struct listen *listener = argument;
	int family = AF_INET6;
	OWNED_FD fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error;

	if (fd < 0 && errno == EAFNOSUPPORT) {
		family = AF_INET;
		fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	}
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, listener->device, (socklen_t)strlen(listener->device)))
		return -errno;
	error = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (!error && family == AF_INET6)
		error = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	if (!error)
		error = set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1); /* accepted connections inherit it */
	if (!error)
		error = set_option(fd, IPPROTO_TCP, TCP_SAVE_SYN, SAVE_SYN_FROM_MAC_HEADER);
	if (!error)
		error = bind_any(fd, family);
	if (!error && listen(fd, listener->backlog))
		error = -errno;
	if (!error)
		listener->socket_fd = TAKE_FD(fd);
	return error;
}

int ms_listen(const char *port_netns, const char *device, __u32 backlog, __s32 *socket_fd)
{
	struct listen listener = {.device = device, .backlog = (int)backlog};
	int error = is_device_name(device) ? netns_call(port_netns, open_listener, &listener) : -EINVAL;

	if (error)
		return error;
	*socket_fd = listener.socket_fd;
	return 0;
}

int ms_fd_channel(struct ms_channel *channel)
{
	int created[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, created))
		return -errno;
	channel->ours = created[0];
	channel->theirs = created[1];
	return 0;
}

int ms_fd_send(__s32 channel_fd, __s32 fd, __u32 port_id)
{
	return fds_send(channel_fd, port_id, &fd, 1);
}

int ms_fd_receive(__s32 channel_fd, __s32 *fd, __u32 *port_id)
{
	__u32 count;

	return fds_receive(channel_fd, port_id, fd, 1, &count);
}

int ms_close(__s32 fd)
{
	return close(fd) ? -errno : 0;
}
