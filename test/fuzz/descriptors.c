/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors from another process (native/hand_over.c, ms_fd_receive of native/socket.c): whatever a message has, and however
 * it ends, each descriptor that came is either the caller's or closed.
 *
 * An input is five bytes, modes, capacity, descriptors this process may yet have, flags, and bytes of payload; the payload; and
 * for each part of the ancillary data two bytes, its kind and how many descriptors. A message goes through the kernel, or is
 * forged in the place of recvmsg(2), in a form that the kernel could give.
 */
#define _GNU_SOURCE
#include "../../native/metasteer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 1024 /* that may ever be open */
#define PARTS_MAX 8
#define HEAD 5

enum mode { FORGED = 1, CREDENTIALS = 2, FEW = 4, SINGLE = 8 };
enum kind { RIGHTS, WITH_CREDENTIALS, OTHER_LEVEL, OTHER_TYPE, KINDS };

struct part {
	enum kind kind;
	unsigned int count;
};

struct message {
	const uint8_t *payload;
	size_t length;
	struct part parts[PARTS_MAX];
	size_t part_count;
	int flags;
};

union control {
	struct cmsghdr header;
	char bytes[8192];
};

static const struct message *forged;
static int null = -1;

ssize_t __real_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags);

static void expect(int holds)
{
	if (!holds)
		abort();
}

static int count_open(void)
{
	static struct pollfd polled[FDS];
	int closed = 0;

	for (int fd = 0; fd < FDS; fd++)
		polled[fd] = (struct pollfd){.fd = fd};
	expect(poll(polled, FDS, 0) >= 0);
	for (int fd = 0; fd < FDS; fd++)
		closed += (polled[fd].revents & POLLNVAL) != 0;
	return FDS - closed;
}

/* Returns the bytes of the part, 0 when there is no room for it. `make` makes each descriptor. */
static size_t put_part(const struct part *part, char *at, size_t room, int (*make)(void))
{
	struct cmsghdr *header = (struct cmsghdr *)at;
	struct ucred self = {.pid = getpid(), .uid = getuid(), .gid = getgid()};
	size_t bytes = part->kind == WITH_CREDENTIALS ? sizeof(self) : part->count * sizeof(int);
	char *data = at + CMSG_LEN(0);

	if (CMSG_SPACE(bytes) > room)
		return 0;
	memset(at, 0, CMSG_SPACE(bytes));
	header->cmsg_len = CMSG_LEN(bytes);
	header->cmsg_level = part->kind == OTHER_LEVEL ? SOL_NETLINK : SOL_SOCKET;
	header->cmsg_type = part->kind == WITH_CREDENTIALS ? SCM_CREDENTIALS : part->kind == OTHER_TYPE ? 0x7f : SCM_RIGHTS;
	if (part->kind == WITH_CREDENTIALS)
		memcpy(data, &self, sizeof(self));
	for (unsigned int i = 0; part->kind == RIGHTS && i < part->count; i++) {
		int fd = make();

		expect(fd >= 0);
		memcpy(data + i * sizeof(fd), &fd, sizeof(fd));
	}
	return CMSG_SPACE(bytes);
}

static size_t put_parts(const struct message *message, char *control, size_t room, int (*make)(void))
{
	size_t used = 0;

	for (size_t i = 0; i < message->part_count; i++)
		used += put_part(&message->parts[i], control + used, room - used, make);
	return used;
}

static int same_null(void)
{
	return null;
}

static int another_null(void)
{
	return dup(null);
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags)
{
	size_t room = message->msg_iov[0].iov_len;

	if (!forged)
		return __real_recvmsg(fd, message, flags);
	if (forged->length < room)
		room = forged->length;
	memcpy(message->msg_iov[0].iov_base, forged->payload, room);
	message->msg_flags = forged->flags | (forged->length > room ? MSG_TRUNC : 0);
	message->msg_controllen = put_parts(forged, message->msg_control, message->msg_controllen, another_null);
	return (ssize_t)room;
}

/* Returns whether the kernel took it. */
static int send_message(int channel, const struct message *message)
{
	static union control control;
	struct iovec payload = {.iov_base = (void *)message->payload, .iov_len = message->length};
	struct msghdr sent = {.msg_iov = &payload, .msg_iovlen = 1, .msg_control = control.bytes};

	sent.msg_controllen = put_parts(message, control.bytes, sizeof(control.bytes), same_null);
	if (sent.msg_controllen == 0)
		sent.msg_control = NULL;
	return sendmsg(channel, &sent, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

static void receive(int channel, unsigned int capacity, int is_single)
{
	__s32 fds[256];
	__u32 count = 0, word;
	int error = is_single ? ms_fd_receive(channel, fds, &word) : ms_fds_receive(channel, fds, capacity, &count);

	if (error)
		return;
	if (is_single)
		count = 1;
	expect(count > 0 && count <= (is_single ? 1 : capacity));
	for (__u32 i = 0; i < count; i++)
		expect(fcntl(fds[i], F_GETFD) >= 0 && close(fds[i]) == 0);
}

static struct message parse(const uint8_t *input, size_t size)
{
	size_t at = HEAD, length = input[4] % 16;
	struct message message = {.payload = input + HEAD, .flags = (input[3] & 1 ? MSG_CTRUNC : 0) | (input[3] & 2 ? MSG_TRUNC : 0)};

	message.length = length < size - at ? length : size - at;
	for (at += message.length; at + 2 <= size && message.part_count < PARTS_MAX; at += 2)
		message.parts[message.part_count++] = (struct part){.kind = input[at] % KINDS, .count = input[at + 1] + (input[at] >> 4) % 5};
	return message;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size); /* libFuzzer has no header for it */

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct rlimit before, few;
	struct message message;
	struct ms_channel pair;
	int on = 1, opened;

	if (size < HEAD)
		return 0;
	if (null < 0)
		null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	message = parse(input, size);
	expect(ms_fd_channel(&pair) == 0);
	opened = count_open();
	expect(getrlimit(RLIMIT_NOFILE, &before) == 0);
	few = before;
	if (input[0] & CREDENTIALS)
		expect(setsockopt(pair.theirs, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0);
	if (input[0] & FORGED)
		forged = &message;
	else if (!send_message(pair.ours, &message) && message.length == 0)
		shutdown(pair.ours, SHUT_WR);
	if (input[0] & FEW && !forged)
		few.rlim_cur = (rlim_t)opened + input[2] % 8;
	expect(setrlimit(RLIMIT_NOFILE, &few) == 0);
	receive(pair.theirs, input[1], input[0] & SINGLE);
	expect(setrlimit(RLIMIT_NOFILE, &before) == 0);
	forged = NULL;
	expect(count_open() == opened);
	close(pair.ours);
	close(pair.theirs);
	return 0;
}
