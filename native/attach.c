/* SPDX-License-Identifier: Apache-2.0 */
/* Attaches programs to interfaces: as a tcx link, or as a clsact filter where the kernel has no tcx. */
#include "internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <string.h>

/* From kernel 6.6's enum bpf_attach_type; the headers of Debian 12 are older than it. */
#define TCX_INGRESS 46
#define TCX_EGRESS 47

/* The names of our programs all begin so; the kernel cuts them at 15 characters. */
#define PROGRAM_PREFIX "ms_"

struct attach {
	__u32 mode;
	__s32 program_fd;
	struct ms_attachment attachment;
};

static int attach_tcx(struct attach *attach)
{
	enum bpf_attach_type type = (enum bpf_attach_type)(
		attach->attachment.hook == MS_HOOK_INGRESS ? TCX_INGRESS : TCX_EGRESS);
	int fd = bpf_link_create(attach->program_fd, (int)attach->attachment.ifindex, type, NULL);

	/* The attach type itself is what an older kernel calls invalid. */
	if (fd < 0)
		return fd == -EINVAL ? -EOPNOTSUPP : fd;
	attach->attachment.mode = MS_ATTACH_TCX;
	attach->attachment.link_fd = fd;
	return 0;
}

static enum bpf_tc_attach_point attach_point(__u32 hook)
{
	return hook == MS_HOOK_INGRESS ? BPF_TC_INGRESS : BPF_TC_EGRESS;
}

static int remove_qdisc(__u32 ifindex)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, both, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	return bpf_tc_hook_destroy(&both);
}

static int attach_clsact(struct attach *attach)
{
	struct ms_attachment *attachment = &attach->attachment;
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)attachment->ifindex,
			    .attach_point = attach_point(attachment->hook));
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = attach->program_fd);
	int error = bpf_tc_hook_create(&hook);

	if (error && error != -EEXIST)
		return error;
	attachment->qdisc_created = error == 0;
	error = bpf_tc_attach(&hook, &options);
	if (error) {
		if (attachment->qdisc_created)
			remove_qdisc(attachment->ifindex);
		return error;
	}
	attachment->mode = MS_ATTACH_CLSACT;
	attachment->handle = options.handle;
	attachment->priority = options.priority;
	return 0;
}

/*
 * A filter takes 0.3 ms to attach; a tcx link takes a grace period, 12 to 16 ms, during which the kernel's network lock
 * is held (tcx_entry_sync). So the filter comes first, and the link where there can be none.
 */
static int attach_program(void *argument)
{
	struct attach *attach = argument;
	int error, without_tcx;

	if (attach->mode == MS_ATTACH_TCX)
		return attach_tcx(attach);
	error = attach_clsact(attach);
	if (!error || attach->mode == MS_ATTACH_CLSACT)
		return error;
	without_tcx = attach_tcx(attach);
	return without_tcx == -EOPNOTSUPP ? error : without_tcx;
}

int ms_attach(const char *netns, __u32 ifindex, __u32 hook, __s32 program_fd, __u32 mode,
	      struct ms_attachment *attachment)
{
	struct attach attach = {
		.mode = mode,
		.program_fd = program_fd,
		.attachment = {.ifindex = ifindex, .hook = hook, .link_fd = -1},
	};
	int error = netns_call(netns, attach_program, &attach);

	if (error)
		return error;
	*attachment = attach.attachment;
	return 0;
}

/* --- filters on an interface: ours by the names of our programs, and others' --- */

struct filters {
	int ifindex;
	__u32 removed;
	__u32 foreign;
	struct {
		__u32 handle;
		__u32 priority;
	} ours[16];
	__u32 count;
};

static int collect_filter(const struct nlmsghdr *answer, void *argument)
{
	const struct tcmsg *filter = mnl_nlmsg_get_payload(answer);
	struct filters *filters = argument;
	const struct nlattr *attribute, *nested;
	bool ours = false;

	if (filter->tcm_ifindex != filters->ifindex || !filter->tcm_handle)
		return MNL_CB_OK;
	mnl_attr_for_each(attribute, answer, sizeof(*filter)) {
		if (mnl_attr_get_type(attribute) != TCA_OPTIONS)
			continue;
		mnl_attr_for_each_nested(nested, attribute) {
			if (mnl_attr_get_type(nested) == TCA_BPF_NAME &&
			    strncmp(mnl_attr_get_str(nested), PROGRAM_PREFIX, strlen(PROGRAM_PREFIX)) == 0)
				ours = true;
		}
	}
	if (!ours) {
		filters->foreign++;
	} else if (filters->count < sizeof(filters->ours) / sizeof(filters->ours[0])) {
		filters->ours[filters->count].handle = filter->tcm_handle;
		filters->ours[filters->count].priority = TC_H_MAJ(filter->tcm_info) >> 16;
		filters->count++;
	}
	return MNL_CB_OK;
}

static int list_filters(__u32 parent, struct filters *filters)
{
	char buffer[NETLINK_REQUEST_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct tcmsg *filter = mnl_nlmsg_put_extra_header(request, sizeof(*filter));

	request->nlmsg_type = RTM_GETTFILTER;
	filter->tcm_family = AF_UNSPEC;
	filter->tcm_ifindex = filters->ifindex;
	filter->tcm_parent = parent;
	filters->count = 0;
	return netlink_dump(request, collect_filter, filters);
}

static __u32 hook_parent(__u32 hook)
{
	return TC_H_MAKE(TC_H_CLSACT, hook == MS_HOOK_INGRESS ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
}

/* Somebody else may use the qdisc that we were the first to need. */
static int remove_empty_qdisc(__u32 ifindex)
{
	struct filters filters = {.ifindex = (int)ifindex};
	int error = list_filters(hook_parent(MS_HOOK_INGRESS), &filters);
	__u32 left = filters.count;

	if (!error)
		error = list_filters(hook_parent(MS_HOOK_EGRESS), &filters);
	if (error || left || filters.count || filters.foreign)
		return error;
	return remove_qdisc(ifindex);
}

static int detach_clsact(void *argument)
{
	const struct ms_attachment *attachment = argument;
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)attachment->ifindex,
			    .attach_point = attach_point(attachment->hook));
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, options, .handle = attachment->handle, .priority = attachment->priority);
	int error = bpf_tc_detach(&hook, &options);

	if (!error && attachment->qdisc_created)
		error = remove_empty_qdisc(attachment->ifindex);
	/* Gone with its interface, or taken away by somebody else: nothing of ours is left. */
	return error == -ENOENT || error == -ENODEV || error == -EINVAL ? 0 : error;
}

int ms_detach(const char *netns, const struct ms_attachment *attachment)
{
	struct ms_attachment copy = *attachment;
	int error;

	if (attachment->mode == MS_ATTACH_TCX)
		return close(attachment->link_fd) ? -errno : 0;
	error = netns_call(netns, detach_clsact, &copy);
	return error == -ENOENT ? 0 : error;
}

/* --- leftovers of a killed daemon --- */

static int clear_hook(__u32 hook, struct filters *filters)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, tc_hook, .ifindex = filters->ifindex, .attach_point = attach_point(hook));
	int error = list_filters(hook_parent(hook), filters);

	for (__u32 i = 0; !error && i < filters->count; i++) {
		DECLARE_LIBBPF_OPTS(bpf_tc_opts, options, .handle = filters->ours[i].handle,
				    .priority = filters->ours[i].priority);

		error = bpf_tc_detach(&tc_hook, &options);
		filters->removed += error == 0;
	}
	return error;
}

/* EINVAL: the interface has no such qdisc. */
static int clear_filters(void *argument)
{
	struct filters *filters = argument;
	int error = clear_hook(MS_HOOK_INGRESS, filters);

	if (!error)
		error = clear_hook(MS_HOOK_EGRESS, filters);
	if (!error && filters->removed)
		error = remove_empty_qdisc((__u32)filters->ifindex);
	return error == -EINVAL || error == -ENOENT ? 0 : error;
}

int ms_clsact_clear(const char *netns, __u32 ifindex, __u32 *removed)
{
	struct filters filters = {.ifindex = (int)ifindex};
	int error = netns_call(netns, clear_filters, &filters);

	if (error)
		return error;
	*removed = filters.removed;
	return 0;
}
