/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The parser of bpf/packet.h under libFuzzer, held against a second reading of the same bytes.
 *
 * An input is two bytes, how many bytes of the frame lie in the linear part of the buffer, and the frame. The sanitisers
 * end the run at the first wrong read; the second reading, written plainly from the RFCs by offsets, ends it where the two
 * differ about whose packet it is or who sent it.
 */
#include "../../bpf/packet.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const struct ms_port_constants constants = {
	.router_mac = {0xfa, 0x16, 0x3e, 0, 0, 0x01},
	.device_mac = {0xfa, 0x16, 0x3e, 0, 0, 0xfe},
};

static unsigned int word(const uint8_t *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

static const uint8_t ipv6_metadata[16] = {0xfe, 0x80, [12] = 0xa9, 0xfe, 0xa9, 0xfe};

static int is_ours_tcp(const uint8_t *tcp, size_t linear, size_t promised)
{
	unsigned int header = (tcp[12] >> 4) * 4U, flags = linear >= 20 ? tcp[13] : 0;

	if (linear < 20 || promised < 20 || word(tcp + 2) != 80 || header < 20 || header > promised)
		return 0;
	return !(flags & 2) || !(flags & 5);
}

static int is_ours_ipv4(const uint8_t *ip, size_t linear, size_t datagram)
{
	size_t total = linear >= 20 ? word(ip + 2) : 0;

	if (linear < 20 || ip[0] != 0x45 || total < 20 || total > datagram || word(ip + 6) & 0x3fff || ip[9] != 6)
		return 0;
	if (memcmp(ip + 16, "\xa9\xfe\xa9\xfe", 4) || !memcmp(ip + 12, "\xa9\xfe\xa9\xfe", 4))
		return 0;
	if (ip[12] == 0 || ip[12] == 127 || ip[12] >= 224 || linear < 40)
		return 0;
	return is_ours_tcp(ip + 20, linear - 20, total - 20);
}

static int is_ours_ipv6(const uint8_t *ip, size_t linear, size_t datagram)
{
	static const uint8_t zero[4];
	size_t payload = linear >= 40 ? word(ip + 4) : 0;

	if (linear < 40 || ip[0] >> 4 != 6 || payload > datagram - 40 || ip[6] != 6)
		return 0;
	if (memcmp(ip + 24, ipv6_metadata, 16) || !memcmp(ip + 8, ipv6_metadata, 16))
		return 0;
	if (ip[8] == 0xff || !memcmp(ip + 8, zero, 4) || linear < 60)
		return 0;
	return is_ours_tcp(ip + 40, linear - 40, payload);
}

static int is_ours(const uint8_t *frame, size_t linear, size_t length)
{
	if (linear < 14 || memcmp(frame, constants.router_mac, 6) || frame[6] & 1)
		return 0;
	if (word(frame + 12) == 0x0800)
		return is_ours_ipv4(frame + 14, linear - 14, length - 14);
	return word(frame + 12) == 0x86dd && is_ours_ipv6(frame + 14, linear - 14, length - 14);
}

static void expect(int holds)
{
	if (!holds)
		abort();
}

static void check_client(const uint8_t *frame, const struct client *client)
{
	int is_ipv4 = word(frame + 12) == 0x0800;
	const uint8_t *tcp = frame + (is_ipv4 ? 34 : 54);

	expect(!memcmp(client->mac, frame + 6, 6));
	expect(!memcmp((const uint8_t *)&client->port, tcp, 2));
	expect(client->fin == (tcp[13] & 1) && client->rst == (tcp[13] >> 2 & 1));
	if (is_ipv4)
		expect(!memcmp(client->address, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) &&
		       !memcmp(client->address + 12, frame + 26, 4));
	else
		expect(!memcmp(client->address, frame + 22, 16));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size); /* libFuzzer has no header for it */

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct client client = {};
	enum ms_verdict verdict;
	size_t length, linear;
	uint8_t *data;
	int ours;

	if (size < 2)
		return 0;
	length = size - 2;
	linear = word(input) % (length + 1);
	/* Of exactly its size, so that a sanitiser sees each byte read beyond it. */
	data = malloc(linear ? linear : 1);
	expect(data != NULL);
	memcpy(data, input + 2, linear);
	verdict = packet_classify(data, data + linear, (__u32)length, &constants);
	ours = verdict == MS_STEER_SYN || verdict == MS_STEER_DATA;
	expect(ours || verdict == MS_DROP_DEVICE_MAC ||
	       (verdict >= MS_PASS_OTHER_PROTOCOL && verdict <= MS_PASS_BAD_TCP_FLAGS));
	expect(ours == is_ours(data, linear, length));
	if (ours) {
		expect(packet_client(data, data + linear, &client));
		check_client(data, &client);
		expect((verdict == MS_STEER_SYN) == ((data[word(data + 12) == 0x0800 ? 47 : 67] & 0x12) == 2));
	}
	free(data);
	return 0;
}
