/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Everything that crosses the border between the BPF programs and user space.
 *
 * This file is the only place where these layouts are written. packaging/border writes the TypeScript of
 * what Node imports of them (src/kernel/layout.gen.ts), and the check fails when that file is stale.
 * Rules: fixed widths, explicit padding, byte order stated on every address and port.
 */
#pragma once

#include <linux/types.h>

/* Raised whenever a layout or the meaning of a verdict changes: daemons of one version alone hand maps over. */
enum ms_abi {
	MS_ABI_VERSION = 5,
};

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
	MS_STEER_SYN = 0,             /* opens a connection */
	MS_STEER_SYN_MOVED = 1,       /* opens a connection; the address came from another MAC before */
	MS_STEER_SYN_AGAIN = 2,       /* opens a connection that is known: sent again, or its ports used again */
	MS_STEER_SYN_UNTRACKED = 3,   /* opens a connection that is not counted: the node's table of flows is full */
	MS_STEER_DATA = 4,            /* belongs to a connection */
	MS_STEER_HANDED_OVER = 5,     /* from an address of another network: goes to the router interface that owns it */
	/* Passed: not for the metadata service. */
	MS_PASS_OTHER_PROTOCOL = 6,   /* neither IPv4 nor IPv6 (ARP, LLDP, …) */
	MS_PASS_OTHER_ADDRESS = 7,    /* IP, but not to a metadata address */
	MS_PASS_OTHER_MAC = 8,        /* to a metadata address, but not to the router's MAC */
	MS_PASS_OTHER_TRANSPORT = 9,  /* to a metadata address, but not TCP (UDP, ICMP, neighbour discovery) */
	MS_PASS_OTHER_PORT = 10,      /* TCP to a metadata address, but not port 80 */
	/* Passed: for the metadata service, but not in a form that any guest needs. */
	MS_PASS_SHORT_FRAME = 11,     /* ends before its IP header does */
	MS_PASS_VLAN = 12,            /* carries a VLAN tag: belongs to a subinterface, not to this router port */
	MS_PASS_BAD_IP_HEADER = 13,   /* wrong version, header length or total length */
	MS_PASS_IP_OPTIONS = 14,      /* IPv4 header longer than 20 bytes */
	MS_PASS_FRAGMENT = 15,        /* IPv4 fragment, or IPv6 with a fragment header */
	MS_PASS_EXTENSION_HEADER = 16, /* IPv6 extension header before TCP */
	MS_PASS_BAD_SOURCE = 17,      /* source no instance can have: multicast, loopback, unspecified, IPv4-mapped, the metadata address, group MAC */
	MS_PASS_BAD_TCP_HEADER = 18,  /* TCP header cut short, or its data offset is impossible */
	MS_PASS_BAD_TCP_FLAGS = 19,   /* SYN together with FIN or RST */
	/* Passed: not from whom the router knows by that address (design D14). */
	MS_PASS_OTHER_NETWORK = 20,   /* the router would not reply by this interface */
	MS_PASS_OTHER_NEIGHBOUR = 21, /* the router, or the connection, knows the address by another MAC */
	MS_PASS_NO_FLOW = 22,         /* belongs to no connection, and comes from nobody who is known */
	/* Passed: ours, but somebody else's to answer (design D4, D11). */
	MS_PASS_DAEMON_STALE = 23,    /* the daemon does not answer; SYN or data alike */
	MS_PASS_DAEMON_GONE = 24,     /* its process has ended, and with it the second stage of the programs */
	MS_PASS_DRAINING = 25,        /* opens a connection while the port takes no more */
	MS_PASS_OTHER_FLOW = 26,      /* belongs to a connection that was not steered when it was opened */
	/* Dropped on the way in: forged, or over a limit. */
	MS_DROP_DEVICE_MAC = 27,      /* addressed to the port device itself, whose MAC is never on the wire: forged */
	MS_DROP_PORT_RATE = 28,       /* a SYN over the port's rate of new connections */
	MS_DROP_SOURCE_RATE = 29,     /* a SYN over the rate of new connections of one address */
	MS_DROP_SOURCE_OPEN = 30,     /* a SYN of an address with as many connections as one may have */
	MS_DROP_PORT_OPEN = 31,       /* a SYN to a port with as many connections as one may have */
	MS_DROP_NEIGHBOUR_QUOTA = 32, /* the port has as many neighbours as it may have */
	MS_DROP_NEIGHBOUR_FULL = 33,  /* the node's neighbour table is full */
	MS_DROP_UNRESOLVED = 34,      /* the router knows no MAC of the address yet, and has been asked to find it out */
	MS_DROP_HELD = 35,            /* held back until the daemon, which stops or whose process has ended, is back */
	MS_DROP_REWRITE_FAILED = 36,  /* the kernel could not make the header writable */
	/* Restored: the reply goes to the instance. */
	MS_RESTORE_REPLY = 37,        /* from the metadata service to a neighbour */
	/* Dropped on the way out: the worker's namespace may send nothing but replies. */
	MS_RESTORE_SHORT_FRAME = 38,  /* ends before its TCP header does */
	MS_RESTORE_NOT_IP = 39,       /* neither IPv4 nor IPv6 */
	MS_RESTORE_NOT_TCP = 40,      /* IP, but not TCP (neighbour discovery, multicast listener reports) */
	MS_RESTORE_NOT_REPLY = 41,    /* not from a metadata address and port 80, or a connection attempt of our own */
	MS_RESTORE_NO_NEIGHBOUR = 42, /* to an address that never sent us anything */
	MS_RESTORE_REWRITE_FAILED = 43, /* the kernel could not make the header writable */
	MS_RESTORE_NO_PORT = 44,      /* from a device that is no port's; counted in the slot after the last port's */
	/* The shield, where one is attached: what it passes goes on to the way in, and is counted there again. */
	MS_GUARD_PASSED = 45,         /* not a SYN that is over a limit */
	MS_GUARD_PORT_RATE = 46,      /* dropped as MS_DROP_PORT_RATE would be, but before the way in */
	MS_GUARD_SOURCE_RATE = 47,    /* as MS_DROP_SOURCE_RATE */
	MS_GUARD_SOURCE_OPEN = 48,    /* as MS_DROP_SOURCE_OPEN */
	MS_GUARD_PORT_OPEN = 49,      /* as MS_DROP_PORT_OPEN */
	MS_GUARD_NEIGHBOUR_QUOTA = 50, /* as MS_DROP_NEIGHBOUR_QUOTA */
	MS_VERDICT_COUNT = 51,
};

/* Verdicts of the way in below this one mean "steered", from this one on "passed", … */
#define MS_PASS_FIRST MS_PASS_OTHER_PROTOCOL
/* … and from this one on "dropped". */
#define MS_DROP_FIRST MS_DROP_DEVICE_MAC

/* Values of the map `draining`: what becomes of a SYN that opens a connection. */
enum ms_draining {
	MS_DRAINING_NOT = 0,          /* it is steered */
	MS_DRAINING_PASS = 1,         /* it passes, to whoever else there is */
	MS_DRAINING_HOLD = 2,         /* it is dropped; the client sends it again */
};

/* Slots of the map `stages`. */
enum ms_stage {
	MS_STAGE_STEER = 0,           /* ms_steer */
	MS_STAGE_TRACE = 1,           /* ms_trace; empty unless somebody traces */
	MS_STAGE_COUNT = 2,
};

/* What an instance of ms_match or ms_guard is specialised with before it is loaded (design D3). */
struct ms_port_constants {
	__u32 port_id;        /* slot in `counters` and `ports`; less than their max_entries */
	__u8 router_mac[6];   /* of the router interface, the order it has on the wire */
	__u8 device_mac[6];   /* of the port device, the order it has on the wire */
	__u32 hold;           /* 1: what is ours is dropped, not passed, when the daemon's process has ended */
};
_Static_assert(sizeof(struct ms_port_constants) == 20, "ms_port_constants has no hidden padding");

/* Key of the map `neighbours`. */
struct ms_neighbour_key {
	__u32 port_id;
	__u8 address[16];     /* client address, network byte order; IPv4 as ::ffff:a.b.c.d */
};
_Static_assert(sizeof(struct ms_neighbour_key) == 20, "ms_neighbour_key has no hidden padding");

/* Value of the map `neighbours`: where replies to an address go, and what it may still ask for. */
struct ms_neighbour {
	__u64 seen_ns;        /* CLOCK_MONOTONIC of a SYN from it, or of the end of a connection; at most a second behind the last */
	__u64 busy_until_ns;  /* its token bucket, see struct ms_rate */
	__u64 checked_ns;     /* when the router was asked for it last; 0: it has not approved of it yet */
	__u64 answered_ns;    /* when the daemon last wrote down what the router's neighbour table says; 0: never */
	__u32 open;           /* its connections in `flows` */
	__u8 mac[6];          /* of the instance that the address is known by, the order it has on the wire */
	__u8 answer_mac[6];   /* in the router's neighbour table then; zero where it had none */
	__u8 confirmed;       /* 1 once it completed a handshake, so that its address is not forged */
	__u8 pad[7];          /* zero */
};
_Static_assert(sizeof(struct ms_neighbour) == 56, "ms_neighbour has no hidden padding");

/* Key of the map `flows`: a connection, by its client's end. */
struct ms_flow_key {
	__u32 port_id;
	__u8 address[16];     /* as in ms_neighbour_key */
	__u16 client_port;    /* network byte order */
	__u8 pad[2];          /* zero */
};
_Static_assert(sizeof(struct ms_flow_key) == 24, "ms_flow_key has no hidden padding");

enum ms_flow_flag {
	MS_FLOW_ANSWERED = 1,         /* the service has sent data */
	MS_FLOW_CLIENT_ENDED = 2,     /* the client has sent a FIN, and the service has acknowledged it */
	MS_FLOW_SERVICE_ENDED = 4,    /* the service has sent a FIN */
	MS_FLOW_ACCEPTED = 8,         /* the service has sent a SYN with ACK: the sequence numbers are known */
	MS_FLOW_ESTABLISHED = 16,     /* the client has acknowledged it, so it is where that went */
	MS_FLOW_CLIENT_FIN = 32,      /* a FIN of the client ends at `client_next` */
	MS_FLOW_UNRESOLVED = 64,      /* the router has not approved of the address yet: no data is let in */
	MS_FLOW_HANDED_OVER = 128,    /* comes by another interface of the router, and is counted apart */
};

/* Value of the map `flows`. */
struct ms_flow {
	__u64 seen_ns;        /* CLOCK_MONOTONIC of its last SYN, data from the service, or end */
	__u32 flags;          /* enum ms_flow_flag */
	__u32 client_next;    /* sequence number after the last one the client has sent, host byte order */
	__u32 service_ack;    /* sequence number the service expects of the client, as it last said; host byte order */
	__u32 service_first;  /* sequence number after the service's SYN, host byte order */
	__u8 mac[6];          /* of the client, from the SYN to the end; the order it has on the wire */
	__u8 pad[2];          /* zero */
};
_Static_assert(sizeof(struct ms_flow) == 32, "ms_flow has no hidden padding");

/* Value of the per-CPU array `counters`, one entry per port and one for what is no port's: packets by verdict. */
struct ms_port_counters {
	__u64 packets[MS_VERDICT_COUNT];
};

/* Value of the array `ports`, one entry per port: what the programs that all ports share know of one. */
struct ms_port {
	__u64 busy_until_ns;  /* its token bucket, see struct ms_rate */
	__u64 taking_over_until_ns; /* CLOCK_MONOTONIC until which connections may be somebody else's (design D11) */
	__u64 handed_busy_until_ns; /* token bucket of what other interfaces of the router hand over, as if it were one address */
	__u64 asks_busy_until_ns; /* token bucket of questions to the daemon */
	__u64 refused_ns;     /* when a packet that was not from whom it said was last reported */
	__u64 crowded_ns;     /* when it was last reported that neighbours have to make room */
	__u32 neighbours;     /* its entries in `neighbours` */
	__u32 confirmed;      /* those of them that are confirmed */
	__u32 open;           /* its entries in `flows` */
	__u32 handed_open;    /* those of them that were handed over */
	__u32 evicted;        /* neighbours that made room for others */
	__u32 netns;          /* inode of the router's namespace */
	__u8 router_mac[6];   /* of the router interface, the order it has on the wire */
	__u8 device_mac[6];   /* of the port device, the order it has on the wire */
	__u32 pad;            /* zero */
};
_Static_assert(sizeof(struct ms_port) == 88, "ms_port has no hidden padding");

/*
 * A rate of new connections with a burst: a token bucket, kept as the time until which it is used up at that rate. A
 * connection adds `interval_ns` to that time, and may be opened while the time is no more than `burst_ns` ahead. What is
 * refused adds nothing, so whoever slows down is let in at once.
 */
struct ms_rate {
	__u64 interval_ns;    /* 1 s / connections per second; 0: no limit */
	__u64 burst_ns;       /* connections at once × interval_ns */
};

/* The single value of the array `settings`: what may change without attaching anew. */
struct ms_settings {
	__u64 heartbeat_ns;   /* CLOCK_MONOTONIC at which the daemon last vouched for its workers */
	__u64 stale_after_ns; /* older than this, packets pass untouched */
	__u64 taking_over_until_ns; /* of all ports, after the daemon did not answer for a while; see struct ms_port */
	struct ms_rate port_rate;   /* new connections of a port */
	struct ms_rate source_rate; /* new connections of one address at a port */
	__u32 port_open_max;   /* connections of a port */
	__u32 source_open_max; /* connections of one address at a port */
	__u32 neighbours_per_port_max;
	__u32 pad;             /* zero */
};
_Static_assert(sizeof(struct ms_settings) == 72, "ms_settings has no hidden padding");

enum ms_packet_event_kind {
	MS_PACKET_EVENT_MOVED = 0,    /* an address has another MAC than before */
	MS_PACKET_EVENT_TRACED = 1,   /* a packet that is traced */
	MS_PACKET_EVENT_REFUSED = 2,  /* a packet that is not from whom the router knows by its address */
	MS_PACKET_EVENT_CROWDED = 3,  /* a port has nearly as many neighbours as it may have, or the node has */
};

/* A record in the ring buffer `packet_events`. */
struct ms_packet_event {
	__u64 time_ns;        /* CLOCK_MONOTONIC */
	__u32 kind;           /* enum ms_packet_event_kind */
	__u32 port_id;
	__u32 verdict;        /* TRACED, REFUSED: enum ms_verdict; else zero */
	__u8 address[16];     /* the client's, as in ms_neighbour_key */
	__u8 mac[6];          /* the client's, now; the order it has on the wire */
	__u8 former_mac[6];   /* MOVED: before. REFUSED: that the router or the connection knows, zero where none. Else zero */
	__u16 client_port;    /* TRACED: network byte order; zero where it is not TCP; else zero */
	__u8 tcp_flags;       /* TRACED: the byte with FIN, SYN, RST, PSH, ACK; else zero */
	__u8 pad[5];          /* zero */
};
_Static_assert(sizeof(struct ms_packet_event) == 56, "ms_packet_event has no hidden padding");

/* As many ports as there can be: no `steering.ports_max` is higher. */
#define MS_PORTS_MAX 16384

/* What ms_trace is specialised with before it is loaded. */
struct ms_trace_filter {
	__u64 ports[MS_PORTS_MAX / 64]; /* a bit for each port that is traced */
	__u8 address[16];     /* of the client, as in ms_neighbour_key */
	__u32 by_address;     /* 0: of all clients */
	__u32 pad;            /* zero */
};
_Static_assert(sizeof(struct ms_trace_filter) == 2072, "ms_trace_filter has no hidden padding");

/* Key of the map `interfaces`: a router interface that is steered, by its namespace and index there. */
struct ms_interface_key {
	__u32 netns;          /* inode of the namespace */
	__u32 ifindex;
};
_Static_assert(sizeof(struct ms_interface_key) == 8, "ms_interface_key has no hidden padding");

/* Key of the trie `prefixes`: what is on the link of a port. */
struct ms_prefix_key {
	__u32 length;         /* bits of the following that count: 32, then those of the address as it is in 16 bytes */
	__u32 port_id;
	__u8 address[16];     /* as in ms_neighbour_key */
};
_Static_assert(sizeof(struct ms_prefix_key) == 24, "ms_prefix_key has no hidden padding");

/* skb->mark of a packet on its way from one router interface to another; taken off before anybody else sees it. */
#define MS_MARK_HANDED_OVER 0x6d73a9feU

/*
 * What ms_forget is asked, as the bytes after an Ethernet header: to remove one neighbour (client_port 0) or flow, if it
 * has not been seen since `unseen_since_ns`.
 */
struct ms_forget {
	struct ms_flow_key key;
	__u64 unseen_since_ns;
	__u32 evict;          /* 1: a neighbour makes room for others, if it has no connection */
	__u32 pad;            /* zero */
};
_Static_assert(sizeof(struct ms_forget) == 40, "ms_forget has no hidden padding");

/* A record in the ring buffer `asks`: an address whose MAC the router's neighbour table has to say. */
struct ms_ask {
	struct ms_neighbour_key key;
	__u8 next_hop[16];    /* by which the router replies to it: itself, unless it is behind another; as in ms_neighbour_key */
	__u32 is_doubted;     /* 1: the table has a MAC, and the address came from another */
};
_Static_assert(sizeof(struct ms_ask) == 40, "ms_ask has no hidden padding");

/* What ms_answer is told, as the bytes after an Ethernet header: what the router's neighbour table says of an address. */
struct ms_answer {
	struct ms_neighbour_key key;
	__u8 mac[6];          /* zero: it says nothing */
	__u8 pad[2];          /* zero */
};
_Static_assert(sizeof(struct ms_answer) == 28, "ms_answer has no hidden padding");
