/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the interfaces of a namespace. */
#include "internal.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define LIST_ATTEMPTS_MAX 8

_Static_assert(MS_LINK_UP == IFF_UP && MS_LINK_ETHERNET == ARPHRD_ETHER, "what TypeScript looks for is what the kernel says");

struct list {
	struct ms_link *links;
	__u32 capacity;
	__u32 count;
};

static void read_kind(const struct nlattr *info, struct ms_link *link)
{
	const struct nlattr *nested;

	each_nested(nested, info)
		if (mnl_attr_get_type(nested) == IFLA_INFO_KIND)
			attribute_text(nested, link->kind, sizeof(link->kind));
}

static int collect_link(const struct nlmsghdr *answer, void *argument)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(answer);
	struct list *list = argument;
	struct ms_link link = {};
	const struct nlattr *attribute;

	if (!message_has(answer, sizeof(*info)))
		return refuse_message();
	link.ifindex = (__u32)info->ifi_index;
	link.flags = info->ifi_flags;
	link.type = info->ifi_type;
	each_attribute(attribute, answer, sizeof(*info)) {
		switch (mnl_attr_get_type(attribute)) {
		case IFLA_IFNAME:
			attribute_text(attribute, link.name, sizeof(link.name));
			break;
		case IFLA_MTU:
			link.mtu = attribute_u32(attribute, 0);
			break;
		case IFLA_ADDRESS:
			if (mnl_attr_get_payload_len(attribute) == sizeof(link.mac))
				memcpy(link.mac, mnl_attr_get_payload(attribute), sizeof(link.mac));
			break;
		case IFLA_LINKINFO:
			read_kind(attribute, &link);
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

/*
 * An address that makes the interface its router's on this node: a backup of an HA router has none (contract.md 1.5).
 * Link-local addresses say nothing, because the kernel makes them by itself.
 */
static int is_own_address(const struct nlmsghdr *answer)
{
	const struct ifaddrmsg *address = mnl_nlmsg_get_payload(answer);
	__u32 metadata = htonl(MS_METADATA_IPV4), flags = address->ifa_flags;
	const struct nlattr *attribute;

	if (address->ifa_family == AF_INET6 && address->ifa_scope != RT_SCOPE_UNIVERSE)
		return 0;
	each_attribute(attribute, answer, sizeof(*address)) {
		if (mnl_attr_get_type(attribute) == IFA_ADDRESS && address->ifa_family == AF_INET &&
		    mnl_attr_get_payload_len(attribute) == sizeof(metadata) &&
		    memcmp(mnl_attr_get_payload(attribute), &metadata, sizeof(metadata)) == 0)
			return 0;
		if (mnl_attr_get_type(attribute) == IFA_FLAGS)
			flags = attribute_u32(attribute, flags);
	}
	return !(flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED));
}

static int count_address(const struct nlmsghdr *answer, void *argument)
{
	const struct ifaddrmsg *address = mnl_nlmsg_get_payload(answer);
	struct list *list = argument;

	if (!message_has(answer, sizeof(*address)))
		return refuse_message();
	if (!is_own_address(answer))
		return MNL_CB_OK;
	for (__u32 i = 0; i < list->count && i < list->capacity; i++)
		if (list->links[i].ifindex == address->ifa_index)
			list->links[i].addresses++;
	return MNL_CB_OK;
}

static int count_addresses(struct list *list)
{
	char buffer[NETLINK_REQUEST_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifaddrmsg *address = mnl_nlmsg_put_extra_header(request, sizeof(*address));

	request->nlmsg_type = RTM_GETADDR;
	address->ifa_family = AF_UNSPEC;
	return netlink_dump(request, count_address, list);
}

static int list_once(struct list *list)
{
	char buffer[NETLINK_REQUEST_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof(*link));
	int error;

	request->nlmsg_type = RTM_GETLINK;
	link->ifi_family = AF_UNSPEC;
	list->count = 0;
	error = netlink_dump(request, collect_link, list);
	return error ? error : count_addresses(list);
}

/* The kernel says EINTR when the list changed between two parts of its answer: then the answer is no list. */
static int list_links(void *argument)
{
	int error = -EINTR;

	for (int attempt = 0; error == -EINTR && attempt < LIST_ATTEMPTS_MAX; attempt++)
		error = list_once(argument);
	return error;
}

int ms_netns_look(const char *netns, struct ms_link *links, __u32 capacity, __u32 *count, __s32 *nsid)
{
	struct list list = {.links = links, .capacity = capacity};
	__s32 watched;
	/* The watch first: what changes between the two is then heard. */
	int error = netns_watch(netns, &watched);

	if (!error)
		error = netns_call(netns, list_links, &list);
	if (error)
		return error;
	if (list.count > capacity)
		return -ENOSPC;
	*count = list.count;
	*nsid = watched;
	return 0;
}

struct find {
	const char *name;
	struct ms_link link;
};

static int find_link(void *argument)
{
	struct find *find = argument;

	return link_read(find->name, &find->link);
}

int ms_link_find(const char *netns, const char *name, struct ms_link *link)
{
	struct find find = {.name = name};
	int error = netns_call(netns, find_link, &find);

	if (error)
		return error;
	*link = find.link;
	return 0;
}
