/* SPDX-License-Identifier: Apache-2.0 */
/*
 * syn-flood INTERFACE ROUTER_MAC SOURCE_MAC FIRST_SOURCE SOURCES SECONDS
 *
 * Sends SYNs for 169.254.169.254:80 as fast as the kernel takes them, from so many IPv4 addresses in a row, each with
 * a new source port every time. Says how many were sent. For namespaces of our own, in tests and benchmarks.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH 64
#define SECONDS_MAX 60

struct syn {
	struct ethhdr eth;
	struct iphdr ip;
	struct tcphdr tcp;
} __attribute__((packed));

static uint32_t add_words(const void *bytes, size_t length)
{
	const uint8_t *at = bytes;
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)(at[i] << 8 | at[i + 1]);
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void address(struct syn *syn, uint32_t source, uint16_t port)
{
	syn->ip.saddr = htonl(source);
	syn->ip.check = 0;
	syn->ip.check = fold(add_words(&syn->ip, sizeof(syn->ip)));
	syn->tcp.source = htons(port);
	syn->tcp.seq = htonl(source ^ (uint32_t)port << 12);
	syn->tcp.check = 0;
	syn->tcp.check = fold(add_words(&syn->ip.saddr, 8) + IPPROTO_TCP + (uint32_t)sizeof(syn->tcp) +
			      add_words(&syn->tcp, sizeof(syn->tcp)));
}

static int parse_mac(const char *text, uint8_t *mac)
{
	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4], &mac[5]) == 6;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static unsigned long long flood(int fd, struct syn template, uint32_t first, uint32_t sources, double seconds)
{
	static struct syn syns[BATCH];
	static struct iovec parts[BATCH];
	static struct mmsghdr messages[BATCH];
	unsigned long long count = 0, sent = 0;
	double end = now() + seconds;

	for (int i = 0; i < BATCH; i++) {
		syns[i] = template;
		parts[i] = (struct iovec){.iov_base = &syns[i], .iov_len = sizeof(syns[i])};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
	}
	while (now() < end) {
		int taken;

		for (int i = 0; i < BATCH; i++, count++)
			address(&syns[i], first + (uint32_t)(count % sources), (uint16_t)(1024 + count / sources % 64000));
		taken = sendmmsg(fd, messages, BATCH, 0);
		if (taken > 0)
			sent += (unsigned long long)taken;
		else if (errno != ENOBUFS && errno != EAGAIN)
			break;
	}
	return sent;
}

int main(int argc, char **argv)
{
	struct syn template = {
		.eth = {.h_proto = htons(ETH_P_IP)},
		.ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP, .tot_len = htons(40),
		       .daddr = htonl(0xa9fea9fe)},
		.tcp = {.dest = htons(80), .doff = 5, .syn = 1, .window = htons(64240)},
	};
	struct sockaddr_ll link = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
	struct in_addr first;
	double seconds;
	int fd;

	if (argc != 7 || !parse_mac(argv[2], template.eth.h_dest) || !parse_mac(argv[3], template.eth.h_source) ||
	    inet_pton(AF_INET, argv[4], &first) != 1 || atoi(argv[5]) < 1) {
		fprintf(stderr, "usage: syn-flood INTERFACE ROUTER_MAC SOURCE_MAC FIRST_SOURCE SOURCES SECONDS\n");
		return 64;
	}
	seconds = atof(argv[6]);
	fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_IP));
	link.sll_ifindex = (int)if_nametoindex(argv[1]);
	if (fd < 0 || bind(fd, (struct sockaddr *)&link, sizeof(link))) {
		perror("syn-flood");
		return 1;
	}
	printf("%llu\n", flood(fd, template, ntohl(first.s_addr), (uint32_t)atoi(argv[5]),
			       seconds < SECONDS_MAX ? seconds : SECONDS_MAX));
	return 0;
}
