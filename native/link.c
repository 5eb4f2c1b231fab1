/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the interfaces of a namespace. */
#include "internal.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

struct list {
	struct ms_link *links;
	__u32 capacity;
	__u32 count;
};

static int collect_link(const struct nlmsghdr *answer, void *argument)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(answer);
	struct list *list = argument;
	struct ms_link link = {};
	const struct nlattr *attribute;

	link.ifindex = (__u32)info->ifi_index;
	link.flags = info->ifi_flags;
	link.type = info->ifi_type;
	mnl_attr_for_each(attribute, answer, sizeof(*info)) {
		switch (mnl_attr_get_type(attribute)) {
		case IFLA_IFNAME:
			strncpy((char *)link.name, mnl_attr_get_str(attribute), sizeof(link.name) - 1);
			break;
		case IFLA_MTU:
			link.mtu = mnl_attr_get_u32(attribute);
			break;
		case IFLA_ADDRESS:
			if (mnl_attr_get_payload_len(attribute) == sizeof(link.mac))
				memcpy(link.mac, mnl_attr_get_payload(attribute), sizeof(link.mac));
			break;
		}
	}
	if (list->count < list->capacity)
		list->links[list->count] = link;
	list->count++;
	return MNL_CB_OK;
}

int link_read(const char *name, struct ms_link *link)
{
	char buffer[NETLINK_REQUEST_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct list list = {.links = link, .capacity = 1};

	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	request->nlmsg_type = RTM_GETLINK;
	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	return netlink_get(request, collect_link, &list);
}

static int list_links(void *argument)
{
	char buffer[NETLINK_REQUEST_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof(*link));

	request->nlmsg_type = RTM_GETLINK;
	link->ifi_family = AF_UNSPEC;
	return netlink_dump(request, collect_link, argument);
}

int ms_links_list(const char *netns, struct ms_link *links, __u32 capacity, __u32 *count)
{
	struct list list = {.links = links, .capacity = capacity};
	int error = netns_call(netns, list_links, &list);

	if (error)
		return error;
	if (list.count > capacity)
		return -ENOSPC;
	*count = list.count;
	return 0;
}
