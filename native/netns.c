/* SPDX-License-Identifier: Apache-2.0 */
/* Network namespaces: work inside one, make the metasteer namespace, remove it. */
#define _GNU_SOURCE
#include "internal.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <arpa/inet.h>

#define OWN_NAMESPACE "/proc/thread-self/ns/net"

struct call {
	int netns_fd; /* -1: a new namespace */
	int (*work)(void *argument);
	void *argument;
	int result;
};

static void *run_call(void *argument)
{
	struct call *call = argument;
	int entered = call->netns_fd < 0 ? unshare(CLONE_NEWNET) : setns(call->netns_fd, CLONE_NEWNET);

	call->result = entered ? -errno : call->work(call->argument);
	return NULL;
}

static int call_on_thread(struct call *call)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, run_call, call);

	if (error)
		return -error;
	error = pthread_join(thread, NULL);
	return error ? -error : call->result;
}

int netns_call(const char *path, int (*work)(void *), void *argument)
{
	OWNED_FD netns_fd = open(path, O_RDONLY | O_CLOEXEC);
	struct call call = {.work = work, .argument = argument};

	if (netns_fd < 0)
		return -errno;
	call.netns_fd = netns_fd;
	return call_on_thread(&call);
}

struct sysctl {
	const char *path;
	const char *value;
};

/*
 * The namespace holds only port devices of different tenants: nothing is routed between them, no address
 * forms by itself, and the address on a device may be used the moment it is there.
 */
static const struct sysctl sysctls[] = {
	{"/proc/sys/net/ipv4/conf/all/rp_filter", "0"}, /* replies need no route, so requests must not either */
	{"/proc/sys/net/ipv4/conf/default/rp_filter", "0"},
	{"/proc/sys/net/ipv4/ip_forward", "0"},
	{"/proc/sys/net/ipv4/conf/all/accept_redirects", "0"},
	{"/proc/sys/net/ipv4/conf/default/accept_redirects", "0"},
	{"/proc/sys/net/ipv4/conf/default/accept_source_route", "0"},
	{"/proc/sys/net/ipv4/tcp_max_syn_backlog", "8192"},
	{"/proc/sys/net/ipv4/tcp_synack_retries", "2"}, /* a client is a hop away: 7 s, not a minute, for one that is gone */
	{"/proc/sys/net/core/somaxconn", "8192"},
	{"/proc/sys/net/ipv6/conf/all/forwarding", "0"},
	{"/proc/sys/net/ipv6/conf/default/forwarding", "0"},
	{"/proc/sys/net/ipv6/conf/default/accept_ra", "0"},
	{"/proc/sys/net/ipv6/conf/default/accept_redirects", "0"},
	{"/proc/sys/net/ipv6/conf/default/autoconf", "0"},
	{"/proc/sys/net/ipv6/conf/default/accept_dad", "0"},
	{"/proc/sys/net/ipv6/conf/default/dad_transmits", "0"},
	{"/proc/sys/net/ipv6/conf/default/addr_gen_mode", "1"}, /* no link-local of its own: 1 is "none" */
};

/* A missing file means the kernel lacks the feature (IPv6, say), and then there is nothing to switch off. */
static int write_sysctl(const struct sysctl *sysctl)
{
	OWNED_FD fd = open(sysctl->path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	return write(fd, sysctl->value, strlen(sysctl->value)) < 0 ? -errno : 0;
}

#define LOOPBACK_IFINDEX 1 /* the first interface of every namespace */

static int loopback_up(void)
{
	char buffer[NETLINK_REQUEST_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof(*link));

	request->nlmsg_type = RTM_NEWLINK;
	link->ifi_index = LOOPBACK_IFINDEX;
	link->ifi_flags = link->ifi_change = IFF_UP;
	return netlink_do(request);
}

/* On the loopback it is local on every port device, whatever their number. */
static int add_ipv4_metadata_address(void)
{
	char buffer[NETLINK_REQUEST_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifaddrmsg *address = mnl_nlmsg_put_extra_header(request, sizeof(*address));
	__u32 metadata = htonl(MS_METADATA_IPV4);

	request->nlmsg_type = RTM_NEWADDR;
	request->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	address->ifa_family = AF_INET;
	address->ifa_prefixlen = 32;
	address->ifa_scope = RT_SCOPE_HOST;
	address->ifa_index = LOOPBACK_IFINDEX;
	mnl_attr_put(request, IFA_LOCAL, sizeof(metadata), &metadata);
	mnl_attr_put(request, IFA_ADDRESS, sizeof(metadata), &metadata);
	return netlink_do(request);
}

struct naming {
	const char *path;
	const char *record;
};

static int record_namespace(const char *record)
{
	OWNED_FD fd = open(record, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct stat namespace;

	if (fd < 0 || stat(OWN_NAMESPACE, &namespace))
		return -errno;
	errno = EIO;
	return dprintf(fd, "%lu", (unsigned long)namespace.st_ino) < 0 ? -errno : 0;
}

static int set_up_namespace(void *argument)
{
	const struct naming *naming = argument;
	int error;

	for (size_t i = 0; i < sizeof(sysctls) / sizeof(sysctls[0]); i++) {
		error = write_sysctl(&sysctls[i]);
		if (error)
			return error;
	}
	error = loopback_up();
	if (!error)
		error = add_ipv4_metadata_address();
	if (!error)
		error = record_namespace(naming->record);
	/* The name is the point of no return: before it, everything goes with this thread. */
	if (!error && mount(OWN_NAMESPACE, naming->path, "none", MS_BIND, NULL))
		error = -errno;
	return error;
}

/* As ip-netns(8) does: a shared mount, so that removing a name in one mount namespace removes it in all. */
static int make_names_directory(const char *path)
{
	char copy[PATH_MAX];
	const char *directory;

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return -ENAMETOOLONG;
	directory = dirname(copy);
	if (mkdir(directory, 0755) && errno != EEXIST)
		return -errno;
	if (mount("", directory, "none", MS_SHARED | MS_REC, NULL) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	if (mount(directory, directory, "none", MS_BIND | MS_REC, NULL))
		return -errno;
	return mount("", directory, "none", MS_SHARED | MS_REC, NULL) ? -errno : 0;
}

int ms_netns_create(const char *path, const char *record)
{
	struct naming naming = {.path = path, .record = record};
	struct call call = {.netns_fd = -1, .work = set_up_namespace, .argument = &naming};
	int error = make_names_directory(path);
	int fd;

	if (error)
		return error;
	fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (fd < 0)
		return -errno;
	close(fd);
	error = call_on_thread(&call);
	if (error)
		unlink(path);
	return error;
}

int ms_netns_remove(const char *path)
{
	int error;

	if (access(path, F_OK))
		return -errno;
	/* The devices first: a process that still holds the namespace must not keep them on routers' interfaces. */
	error = ports_remove_all(path);
	/* EINVAL: a file without a namespace on it, left by a creation that was killed half-way. */
	if (error && error != -EINVAL)
		return error;
	if (umount2(path, MNT_DETACH) && errno != EINVAL)
		return -errno;
	return unlink(path) ? -errno : 0;
}
