/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of links and addresses in every namespace that is watched, as one stream of records.
 *
 * One rtnetlink socket hears all namespaces that have an id in ours (NETLINK_LISTEN_ALL_NSID). Node cannot wait on
 * such a socket, so a thread of ours does, and writes records to a stream that Node can read. The thread ends when
 * the other end of the stream is closed.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define RECEIVE_BYTES (4 * 1024 * 1024) /* a boot of a thousand routers in one burst */

struct forwarder {
	int netlink_fd;
	int stream_fd;
};

static int write_event(int fd, const struct ms_event *event)
{
	return send(fd, event, sizeof(*event), MSG_NOSIGNAL) == sizeof(*event) ? 0 : -EPIPE;
}

/* The namespace a message is about; the kernel says it beside the message, or not at all for our own. */
static __s32 namespace_of(struct msghdr *message)
{
	__s32 nsid = -1;

	for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control))
		if (control->cmsg_level == SOL_NETLINK && control->cmsg_type == NETLINK_LISTEN_ALL_NSID &&
		    control->cmsg_len >= CMSG_LEN(sizeof(nsid)))
			memcpy(&nsid, CMSG_DATA(control), sizeof(nsid));
	return nsid;
}

/* -1: none. */
static __s32 nsid_attribute(const struct nlmsghdr *header)
{
	const struct nlattr *attribute;

	each_attribute(attribute, header, sizeof(struct rtgenmsg))
		if (mnl_attr_get_type(attribute) == NETNSA_NSID)
			return (__s32)attribute_u32(attribute, (__u32)-1);
	return -1;
}

/* False for messages that say nothing a port could depend on. */
static int to_event(const struct nlmsghdr *header, __s32 nsid, struct ms_event *event)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(header);
	const struct ifaddrmsg *address = mnl_nlmsg_get_payload(header);

	*event = (struct ms_event){.nsid = nsid};
	switch (header->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (!message_has(header, sizeof(*link)))
			return 0;
		event->kind = MS_EVENT_LINK;
		event->ifindex = (__u32)link->ifi_index;
		return 1;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (!message_has(header, sizeof(*address)))
			return 0;
		event->kind = MS_EVENT_ADDRESS;
		event->ifindex = address->ifa_index;
		return 1;
	case RTM_DELNSID:
		event->kind = MS_EVENT_NAMESPACE_GONE;
		event->nsid = nsid_attribute(header);
		return event->nsid >= 0;
	default:
		return 0;
	}
}

/* Everything must be looked at again. */
static int write_lost(const struct forwarder *forwarder)
{
	const struct ms_event event = {.kind = MS_EVENT_LOST, .nsid = -1};

	return write_event(forwarder->stream_fd, &event);
}

static int forward_messages(const struct forwarder *forwarder)
{
	_Alignas(struct nlmsghdr) char buffer[65536];
	_Alignas(struct cmsghdr) char control[256];
	struct iovec part = {.iov_base = buffer, .iov_len = sizeof(buffer)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
				 .msg_controllen = sizeof(control)};
	ssize_t length = netlink_receive(forwarder->netlink_fd, &message);
	struct ms_event event;
	int left, error = 0;
	__s32 nsid;

	/* The kernel dropped messages because nobody took them in time, or one is not whole; -EBADMSG is a kernel that nobody has seen. */
	if (length == -ENOBUFS || length == -EMSGSIZE || length == -EBADMSG)
		return write_lost(forwarder);
	if (length <= 0)
		return length == -EINTR ? 0 : (int)length;
	nsid = namespace_of(&message);
	left = (int)length;
	for (struct nlmsghdr *header = (void *)buffer; !error && mnl_nlmsg_ok(header, left);
	     header = mnl_nlmsg_next(header, &left))
		if (to_event(header, nsid, &event))
			error = write_event(forwarder->stream_fd, &event);
	return error;
}

static void *forward(void *argument)
{
	struct forwarder *forwarder = argument;
	int error = 0;

	while (!error) {
		struct pollfd polled[2] = {{.fd = forwarder->netlink_fd, .events = POLLIN},
					   {.fd = forwarder->stream_fd, .events = 0}};

		if (poll(polled, 2, -1) < 0)
			error = errno == EINTR ? 0 : -errno;
		else if (polled[1].revents)
			error = -EPIPE;
		else if (polled[0].revents)
			error = forward_messages(forwarder);
	}
	close(forwarder->netlink_fd);
	close(forwarder->stream_fd);
	free(forwarder);
	return NULL;
}

static int open_netlink(int *opened)
{
	static const int groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_NSID};
	OWNED_FD fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct sockaddr_nl any = {.nl_family = AF_NETLINK};
	int size = RECEIVE_BYTES, on = 1;

	/* Bound, because the kernel tells a socket without a port of its own nothing. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)))
		return -errno;
	if (setsockopt(fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		return -errno;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i])))
			return -errno;
	*opened = TAKE_FD(fd);
	return 0;
}

static int start_forwarder(int netlink_fd, int stream_fd)
{
	struct forwarder *forwarder = malloc(sizeof(*forwarder));
	pthread_t thread;
	int error;

	if (!forwarder)
		return -ENOMEM;
	*forwarder = (struct forwarder){.netlink_fd = netlink_fd, .stream_fd = stream_fd};
	error = pthread_create(&thread, NULL, forward, forwarder);
	if (error) {
		free(forwarder);
		return -error;
	}
	pthread_detach(thread);
	return 0;
}

int ms_events_open(__s32 *stream_fd)
{
	OWNED_FD netlink = -1;
	int pair[2], error = open_netlink(&netlink);

	if (error)
		return error;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	error = start_forwarder(netlink, pair[1]);
	if (error) {
		close(pair[0]);
		close(pair[1]);
		return error;
	}
	TAKE_FD(netlink);
	*stream_fd = pair[0];
	return 0;
}

static int read_nsid(const struct nlmsghdr *answer, void *argument)
{
	*(__s32 *)argument = nsid_attribute(answer);
	return MNL_CB_OK;
}

static struct nlmsghdr *nsid_request(char *buffer, __u16 type, int netns_fd)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct rtgenmsg *message = mnl_nlmsg_put_extra_header(request, sizeof(*message));

	request->nlmsg_type = type;
	message->rtgen_family = AF_UNSPEC;
	mnl_attr_put_u32(request, NETNSA_FD, (__u32)netns_fd);
	return request;
}

int netns_watch(const char *netns, __s32 *nsid)
{
	OWNED_FD fd = open(netns, O_RDONLY | O_CLOEXEC);
	char buffer[NETLINK_REQUEST_BYTES];
	struct nlmsghdr *request;
	__s32 found = -1;
	int error;

	if (fd < 0)
		return -errno;
	request = nsid_request(buffer, RTM_NEWNSID, fd);
	mnl_attr_put_u32(request, NETNSA_NSID, (__u32)-1); /* any that is free */
	error = netlink_do(request);
	if (error && error != -EEXIST)
		return error;
	error = netlink_get(nsid_request(buffer, RTM_GETNSID, fd), read_nsid, &found);
	if (error)
		return error;
	if (found < 0)
		return -ENODATA;
	*nsid = found;
	return 0;
}
