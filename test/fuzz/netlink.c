/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes over netlink: answers (native/netlink.c, link.c, attach.c, prefixes.c, resolve.c) and events (link_events.c), any bytes of them, cut, and
 * from other processes.
 *
 * An input is a byte, which function asks, and datagrams: a byte of flags, two of the length, and its bytes. They come in the place
 * of recvmsg(2); behind each the buffer is poisoned, so that a sanitiser sees what is read beyond it.
 */
#define _GNU_SOURCE
#include "../../native/link_events.c"
#include "netlink-identity.h"

#include <sanitizer/asan_interface.h>
#include <stdint.h>

#define CAPACITY 4
#define HERE "/proc/self/ns/net"

enum asked { LOOK, FIND, FILTERS, EVENTS, PREFIXES, NEIGHBOUR, ASKED };
enum flag { FOREIGN = 1, NO_SENDER = 2, CUT = 4, CUT_CONTROL = 8, NSID = 16, SHORT_NSID = 32 };

struct datagram {
	uint8_t flags;
	uint16_t length;
	const uint8_t *bytes;
};

static const uint8_t *input;
static size_t input_size, input_at;
static unsigned int genuine, damaged, foreign, failed;
static char *poisoned;
static size_t poisoned_size;

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *netlink, const void *request, size_t length);
int __wrap_mnl_socket_close(struct mnl_socket *netlink);
int __real_mnl_socket_close(struct mnl_socket *netlink);
uint32_t __wrap_mnl_attr_get_u32(const struct nlattr *attribute);
uint32_t __real_mnl_attr_get_u32(const struct nlattr *attribute);
const char *__wrap_mnl_attr_get_str(const struct nlattr *attribute);
const char *__real_mnl_attr_get_str(const struct nlattr *attribute);

static void expect(int holds)
{
	if (!holds)
		abort();
}

/* libmnl itself has no sanitisers in it. */
uint32_t __wrap_mnl_attr_get_u32(const struct nlattr *attribute)
{
	expect(mnl_attr_get_payload_len(attribute) >= sizeof(uint32_t));
	return __real_mnl_attr_get_u32(attribute);
}

const char *__wrap_mnl_attr_get_str(const struct nlattr *attribute)
{
	expect(memchr(mnl_attr_get_payload(attribute), '\0', mnl_attr_get_payload_len(attribute)) != NULL);
	return __real_mnl_attr_get_str(attribute);
}

static void unpoison(void)
{
	__asan_unpoison_memory_region(poisoned, poisoned_size);
	poisoned_size = 0;
}

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *netlink, const void *request, size_t length)
{
	(void)netlink, (void)request;
	return (ssize_t)length;
}

int __wrap_mnl_socket_close(struct mnl_socket *netlink)
{
	unpoison();
	return __real_mnl_socket_close(netlink);
}

static int next_datagram(struct datagram *datagram)
{
	size_t left = input_size - input_at;

	if (left < 3)
		return 0;
	datagram->flags = input[input_at];
	datagram->length = (uint16_t)(input[input_at + 1] | input[input_at + 2] << 8);
	if (datagram->length > left - 3)
		datagram->length = (uint16_t)(left - 3);
	datagram->bytes = input + input_at + 3;
	input_at += 3U + datagram->length;
	return 1;
}

/* A dump that ended with an error, other than those after which another attempt is made, or which are as good as success. */
static int is_failed_dump(const struct datagram *datagram)
{
	struct {
		struct nlmsghdr header;
		int error;
	} end;

	if (datagram->length != sizeof(end))
		return 0;
	memcpy(&end, datagram->bytes, sizeof(end));
	return end.header.nlmsg_len == sizeof(end) && end.header.nlmsg_type == NLMSG_DONE && !end.header.nlmsg_seq &&
	       !end.header.nlmsg_pid && end.error < 0 && end.error != -EINTR && end.error != -EEXIST;
}

static void put_control(struct msghdr *message, uint8_t flags)
{
	size_t bytes = flags & SHORT_NSID ? 1 : sizeof(__s32);
	struct cmsghdr *control;
	__s32 nsid = 5;

	if (!(flags & NSID) || !message->msg_control || message->msg_controllen < CMSG_SPACE(bytes)) {
		message->msg_controllen = 0;
		return;
	}
	control = message->msg_control;
	control->cmsg_len = CMSG_LEN(bytes);
	control->cmsg_level = SOL_NETLINK;
	control->cmsg_type = NETLINK_LISTEN_ALL_NSID;
	memcpy(CMSG_DATA(control), &nsid, bytes);
	message->msg_controllen = CMSG_SPACE(bytes);
	if (bytes < sizeof(nsid)) {
		poisoned = (char *)CMSG_DATA(control) + bytes;
		poisoned_size = CMSG_SPACE(bytes) - CMSG_LEN(bytes);
		__asan_poison_memory_region(poisoned, poisoned_size);
	}
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags)
{
	struct sockaddr_nl sender = {.nl_family = AF_NETLINK};
	size_t room = message->msg_iov[0].iov_len;
	char *buffer = message->msg_iov[0].iov_base;
	struct datagram datagram;

	(void)fd, (void)flags;
	unpoison();
	if (!next_datagram(&datagram)) {
		errno = EIO;
		return -1;
	}
	sender.nl_pid = datagram.flags & FOREIGN ? 4711 : 0;
	message->msg_namelen = datagram.flags & NO_SENDER ? 0 : sizeof(sender);
	if (message->msg_name)
		memcpy(message->msg_name, &sender, message->msg_namelen);
	message->msg_flags = (datagram.flags & CUT ? MSG_TRUNC : 0) | (datagram.flags & CUT_CONTROL ? MSG_CTRUNC : 0);
	if (datagram.flags & (FOREIGN | NO_SENDER))
		foreign++;
	else if (datagram.flags & (CUT | CUT_CONTROL) || datagram.length > room)
		damaged++;
	else
		genuine++, failed += (unsigned)is_failed_dump(&datagram);
	if (datagram.length > room) {
		datagram.length = (uint16_t)room;
		message->msg_flags |= MSG_TRUNC;
	}
	memcpy(buffer, datagram.bytes, datagram.length);
	put_control(message, datagram.flags);
	if (!poisoned_size) {
		/* Poison begins at a multiple of 8. */
		poisoned = buffer + datagram.length;
		poisoned_size = room - datagram.length;
		__asan_poison_memory_region(poisoned, poisoned_size);
	}
	return datagram.length;
}

/* An answer is the kernel's, and whole, or there is none. */
static void check_answer(int error)
{
	expect(error || (genuine && !damaged && !failed));
}

static void check_text(const __u8 *text, size_t room)
{
	size_t length = strnlen((const char *)text, room);

	expect(length < room);
	for (size_t at = length; at < room; at++)
		expect(!text[at]);
}

static void check_link(const struct ms_link *link)
{
	check_text(link->name, sizeof(link->name));
	check_text(link->kind, sizeof(link->kind));
}

static void look(void)
{
	struct ms_link *links = malloc(CAPACITY * sizeof(*links));
	__u32 count = 99;
	__s32 nsid = -1;
	int error = ms_netns_look(HERE, links, CAPACITY, &count, &nsid);

	check_answer(error);
	expect(error || (count <= CAPACITY && nsid >= 0));
	for (__u32 i = 0; !error && i < count; i++)
		check_link(&links[i]);
	free(links);
}

static void find(void)
{
	struct ms_link link;
	int error = ms_link_find(HERE, "eth0", &link);

	check_answer(error);
	if (!error)
		check_link(&link);
}

static void look_at_filters_left(void)
{
	__u32 count;

	/* That there is no qdisc is an answer too. */
	expect(ms_filters_left(HERE, 7, &count) || genuine);
}

/* Of each datagram: none of another process, LOST for one that is not whole. */
static void forward_all(void)
{
	static struct forwarder forwarder = {.netlink_fd = -1};
	static int stream = -1;
	struct ms_event event;

	if (stream < 0) {
		int pair[2], size = 1 << 20;

		expect(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
		expect(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0);
		forwarder.stream_fd = pair[0];
		stream = pair[1];
	}
	while (input_size - input_at >= 3) {
		unsigned int lost = 0, events = 0;
		int error;

		genuine = damaged = foreign = failed = 0;
		error = forward_messages(&forwarder);
		unpoison();
		while (recv(stream, &event, sizeof(event), 0) == sizeof(event)) {
			expect(event.kind <= MS_EVENT_LOST && event.pad == 0);
			expect(event.kind != MS_EVENT_NAMESPACE_GONE || event.nsid >= 0);
			lost += event.kind == MS_EVENT_LOST;
			events++;
		}
		expect(error == 0 || error == -EPIPE);
		expect(!foreign || events == 0);
		expect(!damaged || lost == 1);
		expect(!lost || events == 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size); /* libFuzzer has no header for it */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size == 0)
		return 0;
	input = bytes;
	input_size = size;
	input_at = 1;
	genuine = damaged = foreign = failed = 0;
	switch ((enum asked)(bytes[0] % ASKED)) {
	case LOOK:
		look();
		break;
	case FIND:
		find();
		break;
	case FILTERS:
		look_at_filters_left();
		break;
	case EVENTS:
		forward_all();
		break;
	case PREFIXES:
		check_answer(fuzz_prefixes());
		break;
	case NEIGHBOUR:
		check_answer(fuzz_neighbour());
		break;
	case ASKED:
		break;
	}
	return 0;
}
