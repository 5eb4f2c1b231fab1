/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Everything that crosses the border between the BPF programs and user space.
 *
 * This file is the only place where these layouts are written. TypeScript gets them from the
 * BTF of layout.bpf.o (src/kernel/layout.gen.ts), and the check fails when that file is stale.
 * Rules: fixed widths, explicit padding, byte order stated on every address and port.
 */
#pragma once

#include <linux/types.h>

/* Raised whenever a layout or the meaning of a verdict changes. */
#define MS_ABI_VERSION 2

/* The IPv4 metadata address, 169.254.169.254 (contract.md 8.1). Host byte order. */
#define MS_METADATA_IPV4 0xa9fea9feU

/* The IPv6 metadata address, fe80::a9fe:a9fe: its first and last 32 bits. Host byte order. */
#define MS_METADATA_IPV6_FIRST 0xfe800000U
#define MS_METADATA_IPV6_LAST 0xa9fea9feU

/* The only TCP port that is ours. Host byte order. */
#define MS_METADATA_PORT 80

/*
 * How a packet left the programs. Exactly one verdict is counted per packet and direction.
 *
 * STEER_*, PASS_* and DROP_* come from ms_match and ms_steer (ingress of the router interface), RESTORE_* from
 * ms_restore (egress of the port device). "Passed" means untouched, to whatever would have handled it without us.
 */
enum ms_verdict {
	/* Steered: the packet goes to the port device. */
	MS_STEER_SYN = 0,             /* opens a connection; the neighbour was learned or refreshed */
	MS_STEER_SYN_MOVED = 1,       /* opens a connection; the address came from another MAC before */
	MS_STEER_DATA = 2,            /* belongs to a connection */
	/* Passed: not for the metadata service. */
	MS_PASS_OTHER_PROTOCOL = 3,   /* neither IPv4 nor IPv6 (ARP, LLDP, …) */
	MS_PASS_OTHER_ADDRESS = 4,    /* IP, but not to a metadata address */
	MS_PASS_OTHER_MAC = 5,        /* to a metadata address, but not to the router's MAC */
	MS_PASS_OTHER_TRANSPORT = 6,  /* to a metadata address, but not TCP (UDP, ICMP, neighbour discovery) */
	MS_PASS_OTHER_PORT = 7,       /* TCP to a metadata address, but not port 80 */
	/* Passed: for the metadata service, but not in a form that any guest needs. */
	MS_PASS_SHORT_FRAME = 8,      /* ends before its IP header does */
	MS_PASS_VLAN = 9,             /* carries a VLAN tag: belongs to a subinterface, not to this router port */
	MS_PASS_BAD_IP_HEADER = 10,   /* wrong version, header length or total length */
	MS_PASS_IP_OPTIONS = 11,      /* IPv4 header longer than 20 bytes */
	MS_PASS_FRAGMENT = 12,        /* IPv4 fragment, or IPv6 with a fragment header */
	MS_PASS_EXTENSION_HEADER = 13, /* IPv6 extension header before TCP */
	MS_PASS_BAD_SOURCE = 14,      /* source no instance can have: multicast, loopback, unspecified, IPv4-mapped, the metadata address, group MAC */
	MS_PASS_BAD_TCP_HEADER = 15,  /* TCP header cut short, or its data offset is impossible */
	MS_PASS_BAD_TCP_FLAGS = 16,   /* SYN together with FIN or RST */
	/* Passed: ours, but the daemon does not answer (dead-man switch, design D4). */
	MS_PASS_DAEMON_STALE = 17,    /* SYN or data alike */
	MS_PASS_DAEMON_GONE = 18,     /* its process has ended, and with it the second stage of the programs */
	/* Dropped on the way in. */
	MS_DROP_DEVICE_MAC = 19,      /* addressed to the port device itself, whose MAC is never on the wire: forged */
	MS_DROP_NEIGHBOUR_QUOTA = 20, /* the port has as many neighbours as it may have */
	MS_DROP_NEIGHBOUR_FULL = 21,  /* the node's neighbour table is full */
	MS_DROP_REWRITE_FAILED = 22,  /* the kernel could not make the header writable */
	/* Restored: the reply goes to the instance. */
	MS_RESTORE_REPLY = 23,        /* from the metadata service to a neighbour */
	/* Dropped on the way out: the worker's namespace may send nothing but replies. */
	MS_RESTORE_SHORT_FRAME = 24,  /* ends before its TCP header does */
	MS_RESTORE_NOT_IP = 25,       /* neither IPv4 nor IPv6 */
	MS_RESTORE_NOT_TCP = 26,      /* IP, but not TCP (neighbour discovery, multicast listener reports) */
	MS_RESTORE_NOT_REPLY = 27,    /* not from a metadata address and port 80, or a connection attempt of our own */
	MS_RESTORE_NO_NEIGHBOUR = 28, /* to an address that never sent us anything */
	MS_RESTORE_REWRITE_FAILED = 29, /* the kernel could not make the header writable */
	MS_RESTORE_NO_PORT = 30,      /* from a device that is no port's; counted in the slot after the last port's */
	MS_VERDICT_COUNT = 31,
};

/* Verdicts of the way in below this one mean "steered", from this one on "passed", … */
#define MS_PASS_FIRST MS_PASS_OTHER_PROTOCOL
/* … and from this one on "dropped". */
#define MS_DROP_FIRST MS_DROP_DEVICE_MAC

/* Slots of the map `stages`. */
enum ms_stage {
	MS_STAGE_STEER = 0,           /* ms_steer */
	MS_STAGE_COUNT = 1,
};

/* What an instance of ms_match is specialised with before it is loaded (design D3). */
struct ms_port_constants {
	__u32 port_id;        /* slot in `counters` and `ports`; less than their max_entries */
	__u8 router_mac[6];   /* of the router interface, the order it has on the wire */
	__u8 device_mac[6];   /* of the port device, the order it has on the wire */
};
_Static_assert(sizeof(struct ms_port_constants) == 16, "ms_port_constants has no hidden padding");

/* Key of the map `neighbours`. */
struct ms_neighbour_key {
	__u32 port_id;
	__u8 address[16];     /* client address, network byte order; IPv4 as ::ffff:a.b.c.d */
};
_Static_assert(sizeof(struct ms_neighbour_key) == 20, "ms_neighbour_key has no hidden padding");

/* Value of the map `neighbours`: where replies to an address go. */
struct ms_neighbour {
	__u64 seen_ns;        /* CLOCK_MONOTONIC of a packet from it, at most a second behind the last */
	__u8 mac[6];          /* source MAC of the last SYN, the order it has on the wire */
	__u8 pad[2];          /* zero */
};
_Static_assert(sizeof(struct ms_neighbour) == 16, "ms_neighbour has no hidden padding");

/* Value of the per-CPU array `counters`, one entry per port and one for what is no port's: packets by verdict. */
struct ms_port_counters {
	__u64 packets[MS_VERDICT_COUNT];
};

/* Value of the array `ports`, one entry per port: what the programs that all ports share know of one. */
struct ms_port {
	__u32 neighbours;     /* entries this port has in `neighbours`; counted by ms_steer */
	__u8 router_mac[6];   /* of the router interface, the order it has on the wire */
	__u8 device_mac[6];   /* of the port device, the order it has on the wire */
};
_Static_assert(sizeof(struct ms_port) == 16, "ms_port has no hidden padding");

/* The single value of the array `settings`: what may change without attaching anew. */
struct ms_settings {
	__u64 heartbeat_ns;   /* CLOCK_MONOTONIC at which the daemon last vouched for its workers */
	__u64 stale_after_ns; /* older than this, packets pass untouched */
	__u32 neighbours_per_port_max;
	__u32 pad;            /* zero */
};
_Static_assert(sizeof(struct ms_settings) == 24, "ms_settings has no hidden padding");
