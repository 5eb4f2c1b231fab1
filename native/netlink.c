/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request, one answer over rtnetlink, in whatever namespace the calling thread is; and what all readers of netlink need, to
 * believe nothing of a message but that the kernel sent it.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#define ERRNO_MAX 4095 /* the kernel's */

/* Whether messages follow one another up to the end. libmnl reads lengths as signed, and goes backwards with a large one. */
static int is_whole(const char *bytes, size_t length)
{
	struct nlmsghdr header;

	for (size_t at = 0; at < length; at += NLMSG_ALIGN((size_t)header.nlmsg_len)) {
		if (length - at < sizeof(header))
			return 0;
		memcpy(&header, bytes + at, sizeof(header));
		if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > length - at)
			return 0;
	}
	return 1;
}

ssize_t netlink_receive(int fd, struct msghdr *message)
{
	struct sockaddr_nl sender = {};
	ssize_t length;

	message->msg_name = &sender;
	message->msg_namelen = sizeof(sender);
	length = recvmsg(fd, message, 0);
	message->msg_name = NULL;
	if (length < 0)
		return -errno;
	/* A process that may administer networks can send to any socket; the kernel's own port is 0 (netlink(7)). */
	if (message->msg_namelen != sizeof(sender) || sender.nl_family != AF_NETLINK || sender.nl_pid != 0)
		return 0;
	/* What was cut off, or beside the message had no room, is missing from what is left. */
	if (message->msg_flags & (MSG_TRUNC | MSG_CTRUNC) || (size_t)length > message->msg_iov[0].iov_len)
		return -EMSGSIZE;
	return is_whole(message->msg_iov[0].iov_base, (size_t)length) ? length : -EBADMSG;
}

int message_has(const struct nlmsghdr *message, size_t header_bytes)
{
	return mnl_nlmsg_get_payload_len(message) >= header_bytes;
}

__u32 attribute_u32(const struct nlattr *attribute, __u32 otherwise)
{
	__u32 value;

	if (mnl_attr_get_payload_len(attribute) < sizeof(value))
		return otherwise;
	memcpy(&value, mnl_attr_get_payload(attribute), sizeof(value));
	return value;
}

void attribute_text(const struct nlattr *attribute, __u8 *text, size_t room)
{
	size_t length = strnlen(mnl_attr_get_payload(attribute), mnl_attr_get_payload_len(attribute));

	if (length >= room)
		length = room - 1;
	memcpy(text, mnl_attr_get_payload(attribute), length);
	memset(text + length, 0, room - length);
}

int refuse_message(void)
{
	errno = EBADMSG;
	return MNL_CB_ERROR;
}

/* The end of a request: an errno, negative, where it failed. */
static int end_with(int error)
{
	if (error == 0)
		return MNL_CB_STOP;
	if (error > 0 || error < -ERRNO_MAX)
		return refuse_message();
	errno = -error;
	return MNL_CB_ERROR;
}

static int on_acknowledgement(const struct nlmsghdr *message, void *argument)
{
	const struct nlmsgerr *failed = mnl_nlmsg_get_payload(message);

	(void)argument;
	return message_has(message, sizeof(*failed)) ? end_with(failed->error) : refuse_message();
}

/* A dump that fails half-way says so here, where libmnl does not look: what came of it is no list. */
static int on_done(const struct nlmsghdr *message, void *argument)
{
	const int *error = mnl_nlmsg_get_payload(message);

	(void)argument;
	return end_with(message_has(message, sizeof(*error)) ? *error : 0);
}

int netlink_answer(struct mnl_socket *netlink, unsigned int sequence, mnl_cb_t each, void *argument)
{
	_Alignas(struct nlmsghdr) char answer[16384];
	mnl_cb_t controls[] = {[NLMSG_ERROR] = on_acknowledgement, [NLMSG_DONE] = on_done};
	unsigned int port = mnl_socket_get_portid(netlink);
	int result = MNL_CB_OK;

	while (result > MNL_CB_STOP) {
		struct iovec part = {.iov_base = answer, .iov_len = sizeof(answer)};
		struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
		ssize_t length = netlink_receive(mnl_socket_get_fd(netlink), &message);

		if (length < 0)
			return (int)length;
		result = mnl_cb_run2(answer, (size_t)length, sequence, port, each, argument, controls,
				     sizeof(controls) / sizeof(controls[0]));
	}
	return result < 0 ? -errno : 0;
}

static int exchange(struct nlmsghdr *request, mnl_cb_t each, void *argument)
{
	struct mnl_socket *netlink = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	unsigned int sequence = 1;
	int result;

	if (!netlink)
		return -errno;
	request->nlmsg_seq = sequence;
	if (mnl_socket_bind(netlink, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(netlink, request, request->nlmsg_len) < 0)
		result = -errno;
	else
		result = netlink_answer(netlink, sequence, each, argument);
	mnl_socket_close(netlink);
	return result;
}

int netlink_do(struct nlmsghdr *request)
{
	return netlink_get(request, NULL, NULL);
}

int netlink_get(struct nlmsghdr *request, mnl_cb_t each, void *argument)
{
	request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	return exchange(request, each, argument);
}

int netlink_dump(struct nlmsghdr *request, mnl_cb_t each, void *argument)
{
	request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
	return exchange(request, each, argument);
}
