/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The parser of bpf/packet.h as a program of the host, for tests and sanitisers.
 *
 * Standard input: struct ms_port_constants, then for each frame two __u32 in host byte order, the bytes of the frame
 * and how many of them lie in the linear part of the buffer, and those. One line per frame on standard output:
 * the verdict, and for a packet that is ours address and MAC of the client in hexadecimal.
 */
#include "../../bpf/packet.h"

#include <stdio.h>
#include <stdlib.h>

struct frame {
	__u32 frame_len;
	__u32 linear_len;
};

#define LINEAR_MAX 65536

static void print_hex(const __u8 *bytes, size_t count)
{
	putchar(' ');
	for (size_t i = 0; i < count; i++)
		printf("%02x", bytes[i]);
}

static void print_client(const struct client *client)
{
	print_hex(client->address, sizeof(client->address));
	print_hex(client->mac, sizeof(client->mac));
}

/* Every frame in memory of exactly its size, so that a sanitiser sees each byte read beyond it. */
static int classify_next(const struct frame *frame, const struct ms_port_constants *constants)
{
	struct client client = {};
	bool is_ours;
	enum ms_verdict verdict;
	__u8 *data;

	if (frame->linear_len > LINEAR_MAX || frame->linear_len > frame->frame_len)
		return -1;
	data = malloc(frame->linear_len);
	if (!data)
		return -1;
	if (fread(data, 1, frame->linear_len, stdin) != frame->linear_len) {
		free(data);
		return -1;
	}
	verdict = packet_classify(data, data + frame->linear_len, frame->frame_len, constants);
	is_ours = verdict == MS_STEER_SYN || verdict == MS_STEER_DATA;
	if (is_ours && !packet_client(data, data + frame->linear_len, &client)) {
		free(data);
		return -1;
	}
	free(data);
	printf("%d", (int)verdict);
	if (is_ours)
		print_client(&client);
	putchar('\n');
	return 0;
}

int main(void)
{
	struct ms_port_constants constants;
	struct frame frame;

	if (fread(&constants, sizeof(constants), 1, stdin) != 1)
		return 1;
	while (fread(&frame, sizeof(frame), 1, stdin) == 1)
		if (classify_next(&frame, &constants))
			return 1;
	return 0;
}
