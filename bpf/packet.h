/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Pure parsing: bytes in, verdict out. No helper, no map; this header also compiles for the host.
 *
 * The rule of the whole file: what is not exactly the packet a guest's TCP sends to the metadata
 * service is passed untouched, under the name of what is different about it.
 */
#pragma once

#include "abi.h"

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* The longest header chain that is read: Ethernet, IPv6, TCP without options. */
#define PACKET_HEADERS_MAX (sizeof(struct ethhdr) + sizeof(struct ipv6hdr) + sizeof(struct tcphdr))

#define IPV4_FRAGMENT_BITS 0x3fff /* more-fragments flag and offset (RFC 791 section 3.1), not don't-fragment */

/* Who sent a packet that is ours, and what of it matters to the state of its connection. */
struct client {
	__u8 address[16]; /* network byte order; IPv4 as ::ffff:a.b.c.d */
	__u8 mac[6] __attribute__((aligned(2)));
	__be16 port;
	__u32 seq;  /* sequence number of its first byte, host byte order; so are the next two */
	__u32 next; /* the one after its last byte, SYN and FIN included */
	__u32 ack_seq;
	bool ack;
	bool fin;
	bool rst;
};

/* A MAC is compared by 16-bit words: Ethernet headers, and every MAC in our own structs, are 2-byte aligned. */
typedef __u16 __attribute__((may_alias)) mac_word;

static __always_inline bool mac_equal(const volatile void *left, const volatile void *right)
{
	const volatile mac_word *a = left;
	const volatile mac_word *b = right;

	return a[0] == b[0] && a[1] == b[1] && a[2] == b[2];
}

/* Keeps the volatile of the port's constants: read without it, the compiler may take the zeros they are declared with. */
static __always_inline void mac_copy(__u8 *to, const volatile __u8 *from)
{
	for (int i = 0; i < ETH_ALEN; i++)
		to[i] = from[i];
}

static __always_inline bool is_metadata_ipv6(const struct in6_addr *address)
{
	return address->s6_addr32[0] == bpf_htonl(MS_METADATA_IPV6_FIRST) && address->s6_addr32[1] == 0 &&
	       address->s6_addr32[2] == 0 && address->s6_addr32[3] == bpf_htonl(MS_METADATA_IPV6_LAST);
}

/* RFC 1122 section 3.2.1.3: 0/8, 127/8 and 224/3 are never a source; the metadata address would be ourselves. */
static __always_inline bool is_impossible_ipv4_source(__be32 address)
{
	__u32 host = bpf_ntohl(address);

	return (host >> 24) == 0 || (host >> 24) == 127 || (host >> 29) == 7 || host == MS_METADATA_IPV4;
}

/*
 * RFC 4291 section 2.5 and 2.7. The ::/32 prefix covers the unspecified and loopback addresses and, with
 * ::ffff:0:0/96, the one that matters: an IPv4-mapped source would read as somebody's IPv4 address.
 */
static __always_inline bool is_impossible_ipv6_source(const struct in6_addr *address)
{
	return address->s6_addr[0] == 0xff || address->s6_addr32[0] == 0 || is_metadata_ipv6(address);
}

/* The transport header: port, lengths, flags. `segment_len` is what the IP header promises, in bytes. */
static __always_inline enum ms_verdict packet_tcp(const struct tcphdr *tcp, const void *end, __u32 segment_len)
{
	if ((const void *)(tcp + 1) > end || segment_len < sizeof(*tcp))
		return MS_PASS_BAD_TCP_HEADER;
	if (tcp->dest != bpf_htons(MS_METADATA_PORT))
		return MS_PASS_OTHER_PORT;
	if (tcp->doff < 5 || tcp->doff * 4U > segment_len)
		return MS_PASS_BAD_TCP_HEADER;
	if (tcp->syn && (tcp->fin || tcp->rst))
		return MS_PASS_BAD_TCP_FLAGS;
	return tcp->syn && !tcp->ack ? MS_STEER_SYN : MS_STEER_DATA;
}

static __always_inline enum ms_verdict packet_ipv4(const struct iphdr *ip, const void *end, __u32 datagram_len)
{
	__u32 total_len = bpf_ntohs(ip->tot_len);

	if (ip->version != 4 || ip->ihl < 5 || total_len < ip->ihl * 4U || total_len > datagram_len)
		return MS_PASS_BAD_IP_HEADER;
	if (ip->ihl != 5)
		return MS_PASS_IP_OPTIONS;
	if (ip->frag_off & bpf_htons(IPV4_FRAGMENT_BITS))
		return MS_PASS_FRAGMENT;
	if (ip->protocol != IPPROTO_TCP)
		return MS_PASS_OTHER_TRANSPORT;
	if (is_impossible_ipv4_source(ip->saddr))
		return MS_PASS_BAD_SOURCE;
	return packet_tcp((const struct tcphdr *)(ip + 1), end, total_len - (__u32)sizeof(*ip));
}

/* Extension headers by number: IANA "IPv6 Extension Header Types"; the fragment header has a verdict of its own. */
static __always_inline bool is_extension_header(__u8 next_header)
{
	return next_header == 0 || next_header == 43 || next_header == 50 || next_header == 51 || next_header == 60 ||
	       next_header == 135 || next_header == 139 || next_header == 140 || next_header == 253 ||
	       next_header == 254;
}

static __always_inline enum ms_verdict packet_ipv6(const struct ipv6hdr *ip, const void *end, __u32 datagram_len)
{
	__u32 payload_len = bpf_ntohs(ip->payload_len);

	if (ip->version != 6 || payload_len > datagram_len - sizeof(*ip))
		return MS_PASS_BAD_IP_HEADER;
	if (ip->nexthdr == IPPROTO_FRAGMENT)
		return MS_PASS_FRAGMENT;
	if (is_extension_header(ip->nexthdr))
		return MS_PASS_EXTENSION_HEADER;
	if (ip->nexthdr != IPPROTO_TCP)
		return MS_PASS_OTHER_TRANSPORT;
	if (is_impossible_ipv6_source(&ip->saddr))
		return MS_PASS_BAD_SOURCE;
	return packet_tcp((const struct tcphdr *)(ip + 1), end, payload_len);
}

/*
 * Classifies one frame that arrived at a router interface.
 *
 * `frame_len` is the whole frame in bytes, which may be more than lies between data and end.
 * Returns MS_STEER_SYN or MS_STEER_DATA for a packet that is ours, which then has its headers up to TCP's before
 * `end`; else the verdict to end with.
 */
static __always_inline enum ms_verdict packet_classify(const void *data, const void *end, __u32 frame_len,
							const volatile struct ms_port_constants *constants)
{
	const struct ethhdr *eth = data;
	const struct iphdr *ipv4 = (const void *)(eth + 1);
	const struct ipv6hdr *ipv6 = (const void *)(eth + 1);
	bool is_ipv4, to_router;

	if ((const void *)(eth + 1) > end)
		return MS_PASS_SHORT_FRAME;
	to_router = mac_equal(eth->h_dest, constants->router_mac);
	if (!to_router && mac_equal(eth->h_dest, constants->device_mac))
		return MS_DROP_DEVICE_MAC;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		if ((const void *)(ipv4 + 1) > end)
			return MS_PASS_SHORT_FRAME;
		if (ipv4->daddr != bpf_htonl(MS_METADATA_IPV4))
			return MS_PASS_OTHER_ADDRESS;
		is_ipv4 = true;
	} else if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		if ((const void *)(ipv6 + 1) > end)
			return MS_PASS_SHORT_FRAME;
		if (!is_metadata_ipv6(&ipv6->daddr))
			return MS_PASS_OTHER_ADDRESS;
		is_ipv4 = false;
	} else if (eth->h_proto == bpf_htons(ETH_P_8021Q) || eth->h_proto == bpf_htons(ETH_P_8021AD)) {
		return MS_PASS_VLAN;
	} else {
		return MS_PASS_OTHER_PROTOCOL;
	}
	if (!to_router)
		return MS_PASS_OTHER_MAC;
	if (eth->h_source[0] & 1)
		return MS_PASS_BAD_SOURCE;
	if (is_ipv4)
		return packet_ipv4(ipv4, end, frame_len - (__u32)sizeof(*eth));
	return packet_ipv6(ipv6, end, frame_len - (__u32)sizeof(*eth));
}

/* `segment_len` is what the IP header promises, in bytes; packet_tcp has compared it with the data offset. */
static __always_inline bool client_tcp(const struct tcphdr *tcp, const void *end, __u32 segment_len, struct client *client)
{
	if ((const void *)(tcp + 1) > end)
		return false;
	client->port = tcp->source;
	client->seq = bpf_ntohl(tcp->seq);
	client->next = client->seq + segment_len - tcp->doff * 4U + tcp->syn + tcp->fin;
	client->ack_seq = bpf_ntohl(tcp->ack_seq);
	client->ack = tcp->ack;
	client->fin = tcp->fin;
	client->rst = tcp->rst;
	return true;
}

/*
 * Reads who sent a packet that packet_classify found to be ours. `client` must be zeroed by the caller.
 * Returns false where the headers end too early, which after packet_classify only the verifier believes in.
 */
static __always_inline bool packet_client(const void *data, const void *end, struct client *client)
{
	const struct ethhdr *eth = data;
	const struct iphdr *ipv4 = (const void *)(eth + 1);
	const struct ipv6hdr *ipv6 = (const void *)(eth + 1);

	if ((const void *)(ipv4 + 1) > end)
		return false;
	__builtin_memcpy(client->mac, eth->h_source, ETH_ALEN);
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		client->address[10] = 0xff;
		client->address[11] = 0xff;
		__builtin_memcpy(client->address + 12, &ipv4->saddr, sizeof(ipv4->saddr));
		return client_tcp((const void *)(ipv4 + 1), end, bpf_ntohs(ipv4->tot_len) - (__u32)sizeof(*ipv4), client);
	}
	if ((const void *)(ipv6 + 1) > end)
		return false;
	__builtin_memcpy(client->address, &ipv6->saddr, sizeof(ipv6->saddr));
	return client_tcp((const void *)(ipv6 + 1), end, bpf_ntohs(ipv6->payload_len), client);
}
