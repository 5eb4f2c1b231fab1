/* SPDX-License-Identifier: Apache-2.0 */
/* What is on the link of each port, by the addresses of its router interface (`prefixes` of bpf/maps.h). */
#include "internal.h"

#include <bpf/bpf.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

/* More than any interface has; Neutron's quota is 10 subnets to a network. */
#define PREFIXES_MAX 64

struct prefixes {
	__u32 ifindex;
	__u32 port_id;
	struct ms_prefix_key keys[PREFIXES_MAX];
	__u32 count;
};

/* Bits of a key before those of the address. */
#define PORT_BITS 32
#define IPV4_AT 12 /* in an address of 16 bytes */

static void put(struct prefixes *found, const void *address, size_t length, __u32 prefix_length)
{
	struct ms_prefix_key key = {.length = PORT_BITS + prefix_length, .port_id = found->port_id};

	if (length == 4) {
		memset(key.address + IPV4_AT - 2, 0xff, 2);
		key.length += IPV4_AT * 8;
	}
	memcpy(key.address + sizeof(key.address) - length, address, length);
	/* What comes after the prefix is zero, so that keys compare equal. */
	for (__u32 bit = key.length - PORT_BITS; bit < sizeof(key.address) * 8; bit++)
		key.address[bit / 8] &= (__u8)~(0x80 >> (bit % 8));
	found->keys[found->count++] = key;
}

/* Link-local prefixes are on every link; an address that makes no route puts nothing on one. */
static int collect(const struct nlmsghdr *answer, void *argument)
{
	const struct ifaddrmsg *message = mnl_nlmsg_get_payload(answer);
	struct prefixes *found = argument;
	const struct nlattr *attribute;
	const void *address = NULL;
	size_t length;
	__u32 flags;

	if (!message_has(answer, sizeof(*message)))
		return refuse_message();
	flags = message->ifa_flags;
	length = message->ifa_family == AF_INET ? 4 : 16;
	if (message->ifa_index != found->ifindex || found->count == PREFIXES_MAX)
		return MNL_CB_OK;
	if ((message->ifa_family != AF_INET && message->ifa_family != AF_INET6) ||
	    (message->ifa_family == AF_INET6 && message->ifa_scope != RT_SCOPE_UNIVERSE))
		return MNL_CB_OK;
	each_attribute(attribute, answer, sizeof(*message)) {
		if (mnl_attr_get_type(attribute) == IFA_ADDRESS && mnl_attr_get_payload_len(attribute) == length)
			address = mnl_attr_get_payload(attribute);
		if (mnl_attr_get_type(attribute) == IFA_FLAGS)
			flags = attribute_u32(attribute, flags);
	}
	if (address && message->ifa_prefixlen <= length * 8 && !(flags & IFA_F_NOPREFIXROUTE))
		put(found, address, length, message->ifa_prefixlen);
	return MNL_CB_OK;
}

static int look(void *argument)
{
	char buffer[NETLINK_REQUEST_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifaddrmsg *message = mnl_nlmsg_put_extra_header(request, sizeof(*message));
	struct prefixes *found = argument;

	request->nlmsg_type = RTM_GETADDR;
	message->ifa_family = AF_UNSPEC;
	found->count = 0;
	return netlink_dump(request, collect, found);
}

static int contains(const struct prefixes *found, const struct ms_prefix_key *key)
{
	for (__u32 i = 0; i < found->count; i++)
		if (memcmp(&found->keys[i], key, sizeof(*key)) == 0)
			return 1;
	return 0;
}

/*
 * What was written for each port, so that a thousand ports do not each walk through what all of them have. Of one port only
 * one call runs at a time.
 */
static struct {
	int map_fd;
	__u32 count;
	struct ms_prefix_key *keys;
} written[MS_PORTS_MAX];
static int made_here = -1; /* a map in which nothing is but what is in `written` */

void prefixes_made(int map_fd)
{
	for (__u32 port_id = 0; port_id < MS_PORTS_MAX; port_id++)
		if (written[port_id].map_fd == map_fd)
			written[port_id].map_fd = -1;
	made_here = map_fd;
}

/* Each key's successor is taken before it is deleted: asking for what follows a deleted one would begin anew. */
static int remove_by_walk(int fd, const struct prefixes *kept)
{
	struct ms_prefix_key key, next;
	int error = bpf_map_get_next_key(fd, NULL, &key);

	while (!error) {
		int last = bpf_map_get_next_key(fd, &key, &next);

		if (key.port_id == kept->port_id && !contains(kept, &key))
			bpf_map_delete_elem(fd, &key);
		key = next;
		error = last;
	}
	return error == -ENOENT ? 0 : error;
}

/* Removes the keys of a port that are not among `kept`, and remembers those. */
static int keep_only(int fd, const struct prefixes *kept)
{
	__u32 port_id = kept->port_id;
	struct ms_prefix_key *keys;
	int error = 0;

	if (port_id >= MS_PORTS_MAX)
		return -EINVAL;
	if (written[port_id].map_fd == fd) {
		for (__u32 i = 0; i < written[port_id].count; i++)
			if (!contains(kept, &written[port_id].keys[i]))
				bpf_map_delete_elem(fd, &written[port_id].keys[i]);
	} else if (fd != made_here) {
		error = remove_by_walk(fd, kept);
	}
	written[port_id].map_fd = -1;
	if (error)
		return error;
	keys = realloc(written[port_id].keys, kept->count ? kept->count * sizeof(*keys) : 1);
	if (!keys)
		return -ENOMEM;
	memcpy(keys, kept->keys, kept->count * sizeof(*keys));
	written[port_id].keys = keys;
	written[port_id].count = kept->count;
	written[port_id].map_fd = fd;
	return 0;
}

int prefixes_forget(const struct ms_maps *maps, __u32 port_id)
{
	struct prefixes none = {.port_id = port_id};

	return keep_only(maps->prefixes, &none);
}

int ms_prefixes_follow(const struct ms_maps *maps, const char *netns, __u32 ifindex, __u32 port_id)
{
	struct prefixes found = {.ifindex = ifindex, .port_id = port_id};
	int error = netns_call(netns, look, &found);

	/* New ones first: what stays is there at every moment. */
	for (__u32 i = 0; !error && i < found.count; i++)
		error = bpf_map_update_elem(maps->prefixes, &found.keys[i], &port_id, BPF_ANY);
	return error ? error : keep_only(maps->prefixes, &found);
}
