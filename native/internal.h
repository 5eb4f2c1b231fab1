/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the shim: ownership by scope, the namespace switch, netlink. Not part of the interface. */
#pragma once

#include "metasteer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <stdbool.h>

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

struct msghdr;

/* Room for any request this shim makes. */
#define NETLINK_REQUEST_BYTES 1024

/* Sends one rtnetlink request in the calling thread's namespace and waits for its acknowledgement. */
int netlink_do(struct nlmsghdr *request);

/* The same, calling `each` for the answer that comes before the acknowledgement. */
int netlink_get(struct nlmsghdr *request, mnl_cb_t each, void *argument);

/* Sends one dump request and calls `each` for every answer. */
int netlink_dump(struct nlmsghdr *request, mnl_cb_t each, void *argument);

/*
 * Takes what comes next on a netlink socket, into `message`, and says who sent it by leaving it out: 0 when that was not the kernel.
 * Returns its bytes, or a negative errno: -EMSGSIZE when some of it, or of what came beside it, had no room, -EBADMSG when it is
 * not one message after the other.
 */
ssize_t netlink_receive(int fd, struct msghdr *message);

/* Takes the answer to a request of that number, and calls `each` for what comes before its end. Returns 0 or a negative errno. */
int netlink_answer(struct mnl_socket *netlink, unsigned int sequence, mnl_cb_t each, void *argument);

/* Whether a message has so many bytes behind its own header. Nothing of them may be read before. */
int message_has(const struct nlmsghdr *message, size_t header_bytes);

/* Has a callback of libmnl end the request with -EBADMSG. */
int refuse_message(void);

/* The number in an attribute, or another when it is too short for one. */
__u32 attribute_u32(const struct nlattr *attribute, __u32 otherwise);

/* Copies the text of an attribute, ended there or not, into `room` bytes, of which those behind it become zero. */
void attribute_text(const struct nlattr *attribute, __u8 *text, size_t room);

/* Makes changes in a namespace appear in the stream of ms_events_open, under `*nsid`. */
int netns_watch(const char *netns, __s32 *nsid);

/* Removes all port devices of a namespace. */
int ports_remove_all(const char *port_netns);

/* Reads one interface of the calling thread's namespace. -ENODEV when there is none of that name. */
int link_read(const char *name, struct ms_link *link);

/*
 * Whether it may be an interface's name (1 to 15 bytes). The kernel binds a socket to no interface at all when the name is empty,
 * and to another when it is longer; and a request has room for a name, not for any text.
 */
static inline bool is_device_name(const char *name)
{
	size_t room = sizeof(((struct ms_link *)0)->name), length = strnlen(name, room);

	return length > 0 && length < room;
}

/* Whether an attribute lies before `end` as a whole. What it is told may lie behind it. */
static inline bool is_attribute(const struct nlattr *attribute, const void *end)
{
	/* libmnl counts in int. Both point into one buffer, or just behind it, and none of ours is longer than 64 KiB. */
	return mnl_attr_ok(attribute, (int)((const char *)end - (const char *)attribute));
}

/* libmnl's loops of the like names put that difference of pointers into an int without a word. */
#define each_attribute(attribute, message, header_len)                                          \
	for ((attribute) = mnl_nlmsg_get_payload_offset((message), (header_len));               \
	     is_attribute((attribute), mnl_nlmsg_get_payload_tail(message)); (attribute) = mnl_attr_next(attribute))
#define each_nested(attribute, nest)                                                            \
	for ((attribute) = mnl_attr_get_payload(nest);                                          \
	     is_attribute((attribute), (const char *)mnl_attr_get_payload(nest) + mnl_attr_get_payload_len(nest)); \
	     (attribute) = mnl_attr_next(attribute))

/* Forgets what is on the link of a port. */
int prefixes_forget(const struct ms_maps *maps, __u32 port_id);

/* A map of prefixes has been made, in which there is nothing yet. */
void prefixes_made(int map_fd);

/*
 * Has a message carry descriptors (SCM_RIGHTS). `control` is zeroed memory of CMSG_SPACE(count * sizeof(int)) bytes, aligned as a
 * struct cmsghdr.
 */
void rights_put(struct msghdr *message, void *control, const int *fds, __u32 count);

/* Sends a word with up to 253 descriptors on a UNIX socket, without waiting. -EAGAIN when too many messages wait there. */
int fds_send(int channel, __u32 word, const int *fds, __u32 count);

/*
 * Takes what one fds_send sent, without waiting; the caller owns the descriptors. -EAGAIN when nothing waits, -ENOSPC when there
 * are more than `capacity`, -EMFILE when this process may not have so many, -EPROTO for a message of any other form. After an error
 * none of its descriptors is open.
 */
int fds_receive(int channel, __u32 *word, int *fds, __u32 capacity, __u32 *count);

/*
 * The size of memory that has all of these seals (F_SEAL_* of fcntl(2)): what they forbid, no process can do any more. -EPERM
 * when one is missing, -EINVAL when the descriptor is of no such memory.
 */
int sealed_size(int fd, int seals, __u64 *bytes);
/* Opens ahead what ms_memory_trim reads, for a process that may open no files later. */
int memory_open_smaps(void);
