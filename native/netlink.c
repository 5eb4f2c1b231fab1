/* SPDX-License-Identifier: Apache-2.0 */
/* One request, one answer over rtnetlink, in whatever namespace the calling thread is. */
#include "internal.h"

#include <linux/netlink.h>

static int exchange(struct nlmsghdr *request, mnl_cb_t each, void *argument)
{
	char answer[16384];
	struct mnl_socket *netlink;
	unsigned int port, sequence = 1;
	ssize_t length;
	int result = MNL_CB_OK;

	netlink = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!netlink)
		return -errno;
	if (mnl_socket_bind(netlink, 0, MNL_SOCKET_AUTOPID) < 0)
		goto failed;
	port = mnl_socket_get_portid(netlink);
	request->nlmsg_seq = sequence;
	if (mnl_socket_sendto(netlink, request, request->nlmsg_len) < 0)
		goto failed;
	while (result > MNL_CB_STOP) {
		length = mnl_socket_recvfrom(netlink, answer, sizeof(answer));
		if (length < 0)
			goto failed;
		result = mnl_cb_run(answer, (size_t)length, sequence, port, each, argument);
	}
	if (result < 0)
		goto failed;
	mnl_socket_close(netlink);
	return 0;
failed:
	result = -errno;
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
