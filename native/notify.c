/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to the service manager: sd_notify(3), of which Node cannot open the socket. */
#include "internal.h"

#include <string.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int ms_notify(const char *socket_path, const char *message, __s32 descriptor)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(socket_path);
	union control control = {};
	struct iovec payload = {.iov_base = (void *)message, .iov_len = strlen(message)};
	struct msghdr datagram = {.msg_name = &address, .msg_iov = &payload, .msg_iovlen = 1};
	OWNED_FD fd = -1;

	if (length < 2 || length >= sizeof(address.sun_path) || (socket_path[0] != '/' && socket_path[0] != '@'))
		return -EINVAL;
	memcpy(address.sun_path, socket_path, length);
	/* As sd_notify(3) writes the name of an abstract socket. */
	if (socket_path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	datagram.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	if (descriptor >= 0)
		rights_put(&datagram, control.bytes, &descriptor, 1);
	return sendmsg(fd, &datagram, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}
