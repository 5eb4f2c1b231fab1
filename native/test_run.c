/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a program on one frame (BPF_PROG_TEST_RUN). */
#include "internal.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>

struct run {
	__s32 program_fd;
	struct bpf_test_run_opts *options;
};

static int run(void *argument)
{
	struct run *run = argument;

	return bpf_prog_test_run_opts(run->program_fd, run->options);
}

int ms_test_run(const char *netns, __u32 ifindex, __u32 mark, __s32 program_fd, const __u8 *frame, __u32 frame_len, __u8 *out,
		__u32 out_len, __u32 repeat, struct ms_test_result *result)
{
	struct __sk_buff context = {.ifindex = ifindex, .mark = mark}, context_out = {};
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = frame_len, .data_out = out,
			    .data_size_out = out_len, .repeat = (int)repeat);
	struct run work = {.program_fd = program_fd, .options = &options};
	int error;

	if (*netns) {
		options.ctx_in = &context;
		options.ctx_size_in = sizeof(context);
		options.ctx_out = &context_out;
		options.ctx_size_out = sizeof(context_out);
	}
	error = *netns ? netns_call(netns, run, &work) : run(&work);
	if (error)
		return error;
	result->action = (__s32)options.retval;
	result->frame_len = options.data_size_out;
	result->duration_ns = options.duration;
	result->mark = context_out.mark;
	return 0;
}
