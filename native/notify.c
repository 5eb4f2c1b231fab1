/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to the service manager: sd_notify(3), of which Node cannot open the socket. */
#include "internal.h"

#include <string.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

int ms_notify(const char *socket_path, const char *message)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(socket_path);
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
	if (sendto(fd, message, strlen(message), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0)
		return -errno;
	return 0;
}
