/* SPDX-License-Identifier: Apache-2.0 */
/* Attaches programs to interfaces: as a tcx link, or as a clsact filter where the kernel has no tcx. */
#include "internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
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

static int attach_xdp(struct attach *attach)
{
	LIBBPF_OPTS(bpf_link_create_opts, options,
		    .flags = attach->mode == MS_ATTACH_XDP_NATIVE ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE);
	int fd = bpf_link_create(attach->program_fd, (int)attach->attachment.ifindex, BPF_XDP, &options);

	if (fd < 0)
		return fd;
	attach->attachment.mode = attach->mode;
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

/* --- filters on an interface: ours by the names of our programs, and others' --- */

struct filters {
	int ifindex;
	__u32 foreign;
	struct {
		__u32 handle;
		__u32 priority;
	} ours[16];
	__u32 count;
};

static bool is_our_program(const struct nlattr *name)
{
	__u8 text[sizeof(PROGRAM_PREFIX)];

	attribute_text(name, text, sizeof(text));
	return strcmp((const char *)text, PROGRAM_PREFIX) == 0;
}

static int collect_filter(const struct nlmsghdr *answer, void *argument)
{
	const struct tcmsg *filter = mnl_nlmsg_get_payload(answer);
	struct filters *filters = argument;
	const struct nlattr *attribute, *nested;
	bool ours = false;

	if (!message_has(answer, sizeof(*filter)))
		return refuse_message();
	if (filter->tcm_ifindex != filters->ifindex || !filter->tcm_handle)
		return MNL_CB_OK;
	each_attribute(attribute, answer, sizeof(*filter)) {
		if (mnl_attr_get_type(attribute) != TCA_OPTIONS)
			continue;
		each_nested(nested, attribute) {
			if (mnl_attr_get_type(nested) == TCA_BPF_NAME && is_our_program(nested))
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

/* A qdisc on which a daemon before this one left filters, and nobody else has any. */
static bool is_left_qdisc(__u32 ifindex)
{
	struct filters filters = {.ifindex = (int)ifindex};
	__u32 ours;

	if (list_filters(hook_parent(MS_HOOK_INGRESS), &filters))
		return false;
	ours = filters.count;
	return list_filters(hook_parent(MS_HOOK_EGRESS), &filters) == 0 && filters.foreign == 0 && ours + filters.count > 0;
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

static int attach_clsact(struct attach *attach)
{
	struct ms_attachment *attachment = &attach->attachment;
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)attachment->ifindex,
			    .attach_point = attach_point(attachment->hook));
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = attach->program_fd);
	int error = bpf_tc_hook_create(&hook);

	if (error && error != -EEXIST)
		return error;
	attachment->qdisc_created = error == 0 || is_left_qdisc(attachment->ifindex);
	error = bpf_tc_attach(&hook, &options);
	if (error) {
		if (attachment->qdisc_created)
			remove_empty_qdisc(attachment->ifindex);
		return error;
	}
	attachment->mode = MS_ATTACH_CLSACT;
	attachment->handle = options.handle;
	attachment->priority = options.priority;
	return 0;
}

static int attach_program(void *argument)
{
	struct attach *attach = argument;
	int error;

	if (attach->attachment.hook == MS_HOOK_XDP)
		return attach_xdp(attach);
	if (attach->mode == MS_ATTACH_CLSACT)
		return attach_clsact(attach);
	error = attach_tcx(attach);
	if (error == -EOPNOTSUPP && attach->mode == MS_ATTACH_AUTO)
		return attach_clsact(attach);
	return error;
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

	if (attachment->mode != MS_ATTACH_CLSACT) {
		/* Somebody else may have the link's descriptor too: a daemon before this one, or the service manager. */
		bpf_link_detach(attachment->link_fd);
		return close(attachment->link_fd) ? -errno : 0;
	}
	error = netns_call(netns, detach_clsact, &copy);
	return error == -ENOENT ? 0 : error;
}

struct replacement {
	const struct ms_attachment *attachment;
	__s32 program_fd;
};

static int replace_filter(void *argument)
{
	const struct replacement *replacement = argument;
	const struct ms_attachment *attachment = replacement->attachment;
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)attachment->ifindex,
			    .attach_point = attach_point(attachment->hook));
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = replacement->program_fd, .flags = BPF_TC_F_REPLACE,
			    .handle = attachment->handle, .priority = attachment->priority);

	return bpf_tc_attach(&hook, &options);
}

int ms_attachment_replace(const char *netns, const struct ms_attachment *attachment, __s32 program_fd)
{
	struct replacement replacement = {.attachment = attachment, .program_fd = program_fd};

	if (attachment->mode != MS_ATTACH_CLSACT)
		return bpf_link_update(attachment->link_fd, program_fd, NULL);
	return netns_call(netns, replace_filter, &replacement);
}

/* --- leftovers of a daemon before this one --- */

struct leftovers {
	struct filters filters;
	const struct ms_attachment *keep;
	__u32 count;
	bool remove;
};

static bool is_kept(const struct leftovers *left, __u32 hook, __u32 handle, __u32 priority)
{
	const struct ms_attachment *keep = left->keep;

	return keep && keep->mode == MS_ATTACH_CLSACT && keep->hook == hook && keep->handle == handle &&
	       keep->priority == priority;
}

static int look_at_hook(__u32 hook, struct leftovers *left)
{
	struct filters *filters = &left->filters;
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, tc_hook, .ifindex = filters->ifindex, .attach_point = attach_point(hook));
	int error = list_filters(hook_parent(hook), filters);

	for (__u32 i = 0; !error && i < filters->count; i++) {
		DECLARE_LIBBPF_OPTS(bpf_tc_opts, options, .handle = filters->ours[i].handle,
				    .priority = filters->ours[i].priority);

		if (is_kept(left, hook, options.handle, options.priority))
			continue;
		if (left->remove)
			error = bpf_tc_detach(&tc_hook, &options);
		left->count += error == 0;
	}
	return error;
}

/* EINVAL: the interface has no such qdisc. */
static int look_at_filters(void *argument)
{
	struct leftovers *left = argument;
	int error = look_at_hook(MS_HOOK_INGRESS, left);

	if (!error)
		error = look_at_hook(MS_HOOK_EGRESS, left);
	if (!error && left->remove && left->count)
		error = remove_empty_qdisc((__u32)left->filters.ifindex);
	return error == -EINVAL || error == -ENOENT ? 0 : error;
}

int ms_filters_left(const char *netns, __u32 ifindex, __u32 *count)
{
	struct leftovers left = {.filters.ifindex = (int)ifindex};
	int error = netns_call(netns, look_at_filters, &left);

	if (error)
		return error;
	*count = left.count;
	return 0;
}

int ms_filters_clear(const char *netns, __u32 ifindex, const struct ms_attachment *keep, __u32 *removed)
{
	struct leftovers left = {.filters.ifindex = (int)ifindex, .keep = keep, .remove = true};
	int error = netns_call(netns, look_at_filters, &left);

	if (error)
		return error;
	*removed = left.count;
	return 0;
}

/* --- what others have on an interface --- */

/* The kernel chains fewer on one hook (BPF_MPROG_MAX), and counts none for who has room for less than there are. */
#define PROGRAMS_MAX 64

struct look {
	__u32 ifindex;
	struct ms_strangers found;
};

/* A program that has gone meanwhile is nobody's. */
static bool is_foreign(__u32 id)
{
	struct bpf_prog_info info = {};
	__u32 length = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);
	bool foreign;

	if (fd < 0)
		return false;
	foreign = !bpf_obj_get_info_by_fd(fd, &info, &length) &&
		  strncmp(info.name, PROGRAM_PREFIX, strlen(PROGRAM_PREFIX)) != 0;
	close(fd);
	return foreign;
}

/* A kernel without tcx has none. For tcx the target is an interface. */
static __u32 count_tcx(__u32 ifindex, int type)
{
	__u32 ids[PROGRAMS_MAX], count = PROGRAMS_MAX, flags = 0, foreign = 0;

	if (bpf_prog_query((int)ifindex, (enum bpf_attach_type)type, 0, &flags, ids, &count))
		return 0;
	for (__u32 i = 0; i < count && i < PROGRAMS_MAX; i++)
		foreign += is_foreign(ids[i]);
	return foreign;
}

static int look_for_strangers(void *argument)
{
	struct look *look = argument;
	struct filters filters = {.ifindex = (int)look->ifindex};
	__u32 xdp = 0;
	int error = list_filters(hook_parent(MS_HOOK_INGRESS), &filters);

	if (!error)
		error = list_filters(hook_parent(MS_HOOK_EGRESS), &filters);
	if (error)
		return error;
	look->found.filters = filters.foreign;
	look->found.tcx = count_tcx(look->ifindex, TCX_INGRESS) + count_tcx(look->ifindex, TCX_EGRESS);
	if (!bpf_xdp_query_id((int)look->ifindex, 0, &xdp) && xdp)
		look->found.xdp = is_foreign(xdp);
	return 0;
}

int ms_strangers_look(const char *netns, __u32 ifindex, struct ms_strangers *strangers)
{
	struct look look = {.ifindex = ifindex};
	int error = netns_call(netns, look_for_strangers, &look);

	if (!error)
		*strangers = look.found;
	return error;
}
