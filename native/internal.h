/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the shim: ownership by scope, the namespace switch, netlink. Not part of the interface. */
#pragma once

#include "metasteer.h"

#include <errno.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

/* A descriptor that is closed when its scope ends, unless TAKE_FD hands it on. Starts at -1. */
static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define OWNED_FD __attribute__((cleanup(close_fd))) int
#define TAKE_FD(fd) ({ int taken_ = (fd); (fd) = -1; taken_; })

/*
 * Runs `work` in the namespace named `path`, on a new thread that ends with it: a thread that has
 * changed its namespace is never used for anything else. Returns what `work` returns, or why it never ran.
 */
int netns_call(const char *path, int (*work)(void *argument), void *argument);

/* Room for any request this shim makes. */
#define NETLINK_REQUEST_BYTES 1024

/* Sends one rtnetlink request in the calling thread's namespace and waits for its acknowledgement. */
int netlink_do(struct nlmsghdr *request);

/* The same, calling `each` for the answer that comes before the acknowledgement. */
int netlink_get(struct nlmsghdr *request, mnl_cb_t each, void *argument);

/* Sends one dump request and calls `each` for every answer. */
int netlink_dump(struct nlmsghdr *request, mnl_cb_t each, void *argument);

/* Makes changes in a namespace appear in the stream of ms_events_open, under `*nsid`. */
int netns_watch(const char *netns, __s32 *nsid);

/* Removes all port devices of a namespace. */
int ports_remove_all(const char *port_netns);

/* Reads one interface of the calling thread's namespace. -ENODEV when there is none of that name. */
int link_read(const char *name, struct ms_link *link);

/* Forgets what is on the link of a port. */
int prefixes_forget(const struct ms_maps *maps, __u32 port_id);

/* A map of prefixes has been made, in which there is nothing yet. */
void prefixes_made(int map_fd);

struct msghdr;

/*
 * Has a message carry descriptors (SCM_RIGHTS). `control` is zeroed memory of CMSG_SPACE(count * sizeof(int)) bytes, aligned as a
 * struct cmsghdr.
 */
void rights_put(struct msghdr *message, void *control, const int *fds, __u32 count);

/* Sends a word with up to 253 descriptors on a UNIX socket, without waiting. -EAGAIN when too many messages wait there. */
int fds_send(int channel, __u32 word, const int *fds, __u32 count);

/*
 * Takes what one fds_send sent, without waiting; the caller owns the descriptors. -EAGAIN when nothing waits, -ENOSPC when there
 * are more than `capacity`, -EMFILE when this process may not have so many.
 */
int fds_receive(int channel, __u32 *word, int *fds, __u32 capacity, __u32 *count);
