/* SPDX-License-Identifier: Apache-2.0 */
/* Where a client's SYN came from: the kernel keeps its headers for a listening socket that asked for them (tcp(7), TCP_SAVE_SYN). */
#define _GNU_SOURCE
#include "internal.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#ifndef TCP_SAVED_SYN
#define TCP_SAVED_SYN 28
#endif

int ms_peer_mac(__s32 socket_fd, __u8 *mac)
{
	__u8 syn[256]; /* Ethernet, IPv6 and TCP headers with all options are shorter */
	socklen_t length = sizeof(syn);

	if (getsockopt(socket_fd, IPPROTO_TCP, TCP_SAVED_SYN, syn, &length))
		return -errno;
	/* Two MACs and a type come before the IP header; the kernel keeps nothing when it sent a SYN cookie. */
	if (length < 14)
		return -ENODATA;
	memcpy(mac, syn + MS_MAC_BYTES, MS_MAC_BYTES);
	return 0;
}
