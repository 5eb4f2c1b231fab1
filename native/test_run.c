/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a program on one frame without an interface (BPF_PROG_TEST_RUN). */
#include "internal.h"

#include <bpf/bpf.h>

int ms_test_run(__s32 program_fd, const __u8 *frame, __u32 frame_len, __u8 *out, __u32 out_len, __u32 repeat,
		struct ms_test_result *result)
{
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = frame_len, .data_out = out,
			    .data_size_out = out_len, .repeat = (int)repeat);
	int error = bpf_prog_test_run_opts(program_fd, &options);

	if (error)
		return error;
	result->action = (__s32)options.retval;
	result->frame_len = options.data_size_out;
	result->duration_ns = options.duration;
	result->pad = 0;
	return 0;
}
