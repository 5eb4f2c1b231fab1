/* SPDX-License-Identifier: Apache-2.0 */
/* The port device: a macvlan child of a router interface, living in the metasteer namespace. */
#include "internal.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

/*
 * The group all port devices are in (netdevice groups, `ip link … group`): the kernel removes the devices of a group
 * together, a thousand in the time of one. Of any number but 0, which is everybody's.
 */
#define PORT_DEVICE_GROUP 0x6d73

struct port_device {
	const char *device;
	__u32 parent_ifindex;
	__u32 mtu;
	int port_netns_fd;
	struct ms_link created;
};

/* Runs in the router's namespace; the device appears directly in the other one, under its own name. */
static int create_macvlan(void *argument)
{
	const struct port_device *port = argument;
	char buffer[NETLINK_REQUEST_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct nlattr *info, *data;

	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	request->nlmsg_type = RTM_NEWLINK;
	request->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	mnl_attr_put_u32(request, IFLA_LINK, port->parent_ifindex);
	mnl_attr_put_strz(request, IFLA_IFNAME, port->device);
	mnl_attr_put_u32(request, IFLA_GROUP, PORT_DEVICE_GROUP);
	mnl_attr_put_u32(request, IFLA_NET_NS_FD, (__u32)port->port_netns_fd);
	info = mnl_attr_nest_start(request, IFLA_LINKINFO);
	mnl_attr_put_strz(request, IFLA_INFO_KIND, "macvlan");
	data = mnl_attr_nest_start(request, IFLA_INFO_DATA);
	mnl_attr_put_u32(request, IFLA_MACVLAN_MODE, MACVLAN_MODE_PRIVATE);
	mnl_attr_nest_end(request, data);
	mnl_attr_nest_end(request, info);
	return netlink_do(request);
}

static int change_flags(unsigned int ifindex, unsigned int flags)
{
	char buffer[NETLINK_REQUEST_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof(*link));

	request->nlmsg_type = RTM_NEWLINK;
	link->ifi_index = (int)ifindex;
	link->ifi_flags = link->ifi_change = flags;
	return netlink_do(request);
}

/* Without IPv6 in the kernel (EOPNOTSUPP, EAFNOSUPPORT) or on the device (EACCES), the port serves IPv4 alone. */
static int unless_no_ipv6(int error)
{
	return error == -EOPNOTSUPP || error == -EAFNOSUPPORT || error == -EACCES ? 0 : error;
}

static int add_ipv6_metadata_address(unsigned int ifindex)
{
	char buffer[NETLINK_REQUEST_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifaddrmsg *address = mnl_nlmsg_put_extra_header(request, sizeof(*address));
	__u32 metadata[4] = {htonl(MS_METADATA_IPV6_FIRST), 0, 0, htonl(MS_METADATA_IPV6_LAST)};

	request->nlmsg_type = RTM_NEWADDR;
	request->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	address->ifa_family = AF_INET6;
	address->ifa_prefixlen = 64;
	address->ifa_flags = IFA_F_NODAD | IFA_F_PERMANENT;
	address->ifa_index = ifindex;
	mnl_attr_put(request, IFA_LOCAL, sizeof(metadata), metadata);
	mnl_attr_put(request, IFA_ADDRESS, sizeof(metadata), metadata);
	return unless_no_ipv6(netlink_do(request));
}

/*
 * Replies to IPv6 clients with a global address need a route, other than IPv4's, where a fixed output interface
 * is enough. The metric keeps the routes of different devices apart; a bound socket finds the one of its device.
 */
static int add_ipv6_route(unsigned int ifindex)
{
	char buffer[NETLINK_REQUEST_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(request, sizeof(*route));

	request->nlmsg_type = RTM_NEWROUTE;
	request->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	route->rtm_family = AF_INET6;
	route->rtm_table = RT_TABLE_MAIN;
	route->rtm_protocol = RTPROT_STATIC;
	route->rtm_scope = RT_SCOPE_LINK;
	route->rtm_type = RTN_UNICAST;
	mnl_attr_put_u32(request, RTA_OIF, ifindex);
	mnl_attr_put_u32(request, RTA_PRIORITY, ifindex);
	return unless_no_ipv6(netlink_do(request));
}

/* Before the device gets an address: with ARP it would join multicast groups and answer for itself. */
static int without_arp(void *argument)
{
	struct port_device *port = argument;
	int error = link_read(port->device, &port->created);

	return error ? error : change_flags(port->created.ifindex, IFF_NOARP);
}

static int bring_up(void *argument)
{
	struct port_device *port = argument;
	int error = link_read(port->device, &port->created);

	if (!error)
		error = add_ipv6_metadata_address(port->created.ifindex);
	if (!error)
		error = change_flags(port->created.ifindex, IFF_UP);
	return error ? error : add_ipv6_route(port->created.ifindex);
}

static int set_mtu(void *argument)
{
	const struct port_device *port = argument;
	char buffer[NETLINK_REQUEST_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	request->nlmsg_type = RTM_NEWLINK;
	mnl_attr_put_strz(request, IFLA_IFNAME, port->device);
	mnl_attr_put_u32(request, IFLA_MTU, port->mtu);
	return netlink_do(request);
}

static int delete_device(void *argument)
{
	const struct port_device *port = argument;
	char buffer[NETLINK_REQUEST_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	request->nlmsg_type = RTM_DELLINK;
	mnl_attr_put_strz(request, IFLA_IFNAME, port->device);
	return netlink_do(request);
}

/* Calls `work` for a device, in the namespace that is to be its. */
static int call_for(const char *port_netns, int (*work)(void *), struct port_device *port)
{
	return is_device_name(port->device) ? netns_call(port_netns, work, port) : -EINVAL;
}

int ms_port_create(const char *router_netns, __u32 ifindex, const char *port_netns, const char *device,
		   struct ms_link *created)
{
	OWNED_FD port_netns_fd = open(port_netns, O_RDONLY | O_CLOEXEC);
	struct port_device port = {.device = device, .parent_ifindex = ifindex};
	int error;

	if (!is_device_name(device))
		return -EINVAL;
	if (port_netns_fd < 0)
		return -errno;
	port.port_netns_fd = port_netns_fd;
	error = netns_call(router_netns, create_macvlan, &port);
	if (error)
		return error;
	error = netns_call(port_netns, without_arp, &port);
	if (error) {
		netns_call(port_netns, delete_device, &port);
		return error;
	}
	*created = port.created;
	return 0;
}

int ms_port_up(const char *port_netns, const char *device)
{
	struct port_device port = {.device = device};

	return call_for(port_netns, bring_up, &port);
}

static int delete_group(void *argument)
{
	char buffer[NETLINK_REQUEST_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	int error;

	(void)argument;
	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	request->nlmsg_type = RTM_DELLINK;
	mnl_attr_put_u32(request, IFLA_GROUP, PORT_DEVICE_GROUP);
	error = netlink_do(request);
	return error == -ENODEV ? 0 : error;
}

int ports_remove_all(const char *port_netns)
{
	return netns_call(port_netns, delete_group, NULL);
}

int ms_port_mtu(const char *port_netns, const char *device, __u32 mtu)
{
	struct port_device port = {.device = device, .mtu = mtu};

	return call_for(port_netns, set_mtu, &port);
}

int ms_port_remove(const char *port_netns, const char *device)
{
	struct port_device port = {.device = device};

	return call_for(port_netns, delete_device, &port);
}
