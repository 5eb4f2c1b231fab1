/* SPDX-License-Identifier: Apache-2.0 */
/* The readers of netlink of native/prefixes.c and resolve.c, for netlink.c: what they call has no name outside of them. */
#define _GNU_SOURCE
#include "../../native/prefixes.c"

/* Both have one. */
#define exchange resolve_exchange
#define start resolve_start
#include "../../native/resolve.c"

#include "netlink-identity.h"

int fuzz_prefixes(void)
{
	struct prefixes found = {.ifindex = 7, .port_id = 3};
	int error = look(&found);

	if (found.count > PREFIXES_MAX)
		abort();
	for (__u32 i = 0; i < found.count; i++)
		if (found.keys[i].port_id != 3 || found.keys[i].length < PORT_BITS || found.keys[i].length > PORT_BITS + 128)
			abort();
	return error;
}

int fuzz_neighbour(void)
{
	struct route_socket socket = {.ifindex = 7};
	struct ms_neighbour_key key = {.port_id = 3, .address = {[10] = 0xff, [11] = 0xff, [12] = 10}};
	struct found found = {};
	int error = open_socket(&socket.netlink);

	if (error)
		abort();
	error = exchange(&socket, key.address, RTM_GETNEIGH, &found);
	mnl_socket_close(socket.netlink);
	return error;
}
