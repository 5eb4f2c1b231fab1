/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole interface between Node and the kernel.
 *
 * Every function is one complete operation and returns 0 or a negative errno; out parameters are
 * untouched on failure. A function that takes a `netns` path does its work in that namespace on a
 * thread of its own and comes back before it returns: the caller's namespace never changes.
 * Functions may be called from several threads at once. src/kernel/ffi.gen.ts and layout.gen.ts are generated from this file.
 */
#pragma once

#include "../bpf/abi.h"

#define MS_EXPORT __attribute__((visibility("default")))

/* --- shared layouts (TypeScript is generated from them, as from abi.h) --- */

/* Bytes of a MAC address. */
#define MS_MAC_BYTES 6

/* IFF_UP and ARPHRD_ETHER, for TypeScript. */
#define MS_LINK_UP 1
#define MS_LINK_ETHERNET 1

/* A network interface as a namespace's netlink shows it. */
struct ms_link {
	__u32 ifindex;
	__u32 flags;      /* IFF_* of netdevice(7), such as MS_LINK_UP */
	__u32 mtu;        /* bytes */
	__u16 type;       /* ARPHRD_*, such as MS_LINK_ETHERNET */
	__u8 mac[6];      /* the order it has on the wire; zero where the interface has none */
	__u8 name[16];    /* terminated by zero */
	__u32 addresses;  /* of its own: IPv4 or global IPv6, not the metadata address, not tentative */
	__u8 kind[16];    /* such as `veth` or `openvswitch`, terminated by zero; empty for hardware */
};
_Static_assert(sizeof(struct ms_link) == 56, "ms_link has no hidden padding");

/* File descriptors of the maps that all program instances share. Owned by who called ms_maps_create. */
struct ms_maps {
	__s32 neighbours;
	__s32 flows;
	__s32 ended_flows;
	__s32 counters;
	__s32 ports;
	__s32 draining;
	__s32 devices;
	__s32 interfaces;
	__s32 prefixes;
	__s32 asks;
	__s32 settings;
	__s32 packet_events;
	__s32 stages;     /* emptied by the kernel when its last descriptor is closed: never handed to a worker */
};
_Static_assert(sizeof(struct ms_maps) == 52, "ms_maps has no hidden padding");

/* Bounds of the maps. `counters` has one slot more than there are ports, for what is no port's. */
struct ms_map_sizes {
	__u32 ports_max;
	__u32 neighbours_max;
	__u32 flows_max;
};

enum ms_hook {
	MS_HOOK_INGRESS = 0,
	MS_HOOK_EGRESS = 1,
	MS_HOOK_XDP = 2,
};

enum ms_attach_mode {
	MS_ATTACH_AUTO = 0,   /* tcx where the kernel has it, else clsact */
	MS_ATTACH_TCX = 1,    /* a link: goes away with its last descriptor, so with the process */
	MS_ATTACH_CLSACT = 2, /* a filter: stays until it is removed */
	MS_ATTACH_XDP_GENERIC = 3, /* a link; the program runs on finished buffers, on any interface */
	MS_ATTACH_XDP_NATIVE = 4,  /* a link; the program runs in the driver */
};

/* How a program was attached, and what detaching it takes. */
struct ms_attachment {
	__u32 ifindex;
	__u32 hook;           /* enum ms_hook */
	__u32 mode;           /* enum ms_attach_mode, not MS_ATTACH_AUTO */
	__s32 link_fd;        /* of a link, owned by this struct; else -1 */
	__u32 handle;         /* clsact */
	__u32 priority;       /* clsact */
	__u32 qdisc_created;  /* clsact: 1 when nobody but us has put the clsact qdisc there */
	__u32 pad;            /* zero */
};
_Static_assert(sizeof(struct ms_attachment) == 32, "ms_attachment has no hidden padding");

/* Programs of others on an interface. */
struct ms_strangers {
	__u32 filters;    /* of clsact, on the way in or out */
	__u32 tcx;        /* links, on the way in or out */
	__u32 xdp;        /* 1: an XDP program */
};
_Static_assert(sizeof(struct ms_strangers) == 12, "ms_strangers has no hidden padding");

enum ms_event_kind {
	MS_EVENT_LINK = 0,           /* an interface appeared, changed or went */
	MS_EVENT_ADDRESS = 1,        /* an address appeared on an interface or went */
	MS_EVENT_NAMESPACE_GONE = 2, /* the namespace itself has gone, and its id may be given to another */
	MS_EVENT_LOST = 3,           /* events were lost: look at everything again */
};

/* One record of the stream of ms_events_open. */
struct ms_event {
	__u32 kind;       /* enum ms_event_kind */
	__s32 nsid;       /* of ms_netns_watch; -1 for the caller's own namespace */
	__u32 ifindex;    /* the interface, in that namespace; 0 where there is none */
	__u32 pad;        /* zero */
};
_Static_assert(sizeof(struct ms_event) == 16, "ms_event has no hidden padding");

/* What ms_sweep forgets: CLOCK_MONOTONIC since which it was not seen. */
struct ms_sweep_limits {
	__u64 flow_since_ns;            /* connections that the service has sent data on */
	__u64 flow_unanswered_since_ns; /* those it has not, and those that one side has ended */
	__u64 neighbour_since_ns;       /* addresses without an open connection */
	__u64 neighbour_open_since_ns;  /* addresses with one */
	__u64 neighbour_unconfirmed_since_ns; /* addresses that may be forged */
};
_Static_assert(sizeof(struct ms_sweep_limits) == 40, "ms_sweep_limits has no hidden padding");

/* What ms_sweep found. */
struct ms_sweep_result {
	__u32 flows;                    /* in the map before */
	__u32 flows_forgotten;
	__u32 neighbours;               /* in the map before */
	__u32 neighbours_forgotten;
};
_Static_assert(sizeof(struct ms_sweep_result) == 16, "ms_sweep_result has no hidden padding");

/* What BPF_PROG_TEST_RUN gave back. */
struct ms_test_result {
	__s32 action;         /* the program's return value */
	__u32 frame_len;      /* bytes of the frame afterwards */
	__u32 duration_ns;    /* average of one run */
	__u32 mark;           /* of the packet afterwards; zero where it had no interface */
};
_Static_assert(sizeof(struct ms_test_result) == 16, "ms_test_result has no hidden padding");

/* --- network namespaces (netns.c) --- */

/*
 * Makes the metasteer namespace, with its sysctls and the IPv4 metadata address on its loopback, and names it
 * `path`. -EEXIST when that name is taken. Before the namespace has that name its inode is written to the file `record`, so
 * that a caller that is killed at any moment leaves either a name without a namespace or one that the record knows.
 */
MS_EXPORT int ms_netns_create(const char *path, const char *record);

/* Removes the port devices in the named namespace, all at once, then its name. -ENOENT when there is none. */
MS_EXPORT int ms_netns_remove(const char *path);

/* --- interfaces (link.c, port.c, link_events.c). -EINVAL for a port device's name that can be none's --- */

/* Opens a stream of struct ms_event. The caller owns `*stream_fd`; closing it ends the stream. */
MS_EXPORT int ms_events_open(__s32 *stream_fd);

/*
 * Looks at a namespace: from here on its changes appear in the stream of ms_events_open under `*nsid`, which stays with
 * the namespace for its life, and these are its interfaces. -ENOSPC when there are more than `capacity`, -EINTR when
 * they kept changing while they were listed.
 */
MS_EXPORT int ms_netns_look(const char *netns, struct ms_link *links, __u32 capacity, __u32 *count, __s32 *nsid);

/* Reads one interface by its name. -ENODEV when there is none. */
MS_EXPORT int ms_link_find(const char *netns, const char *name, struct ms_link *link);

/*
 * Makes the port device: a macvlan child of `ifindex` in `router_netns`, private mode, without ARP and down,
 * called `device` in `port_netns`. -EBUSY when the interface cannot carry one (bridge port, ipvlan).
 */
MS_EXPORT int ms_port_create(const char *router_netns, __u32 ifindex, const char *port_netns, const char *device,
			     struct ms_link *created);

/* Gives the port device the IPv6 metadata address and sets it up. Attach ms_restore before (design D13). */
MS_EXPORT int ms_port_up(const char *port_netns, const char *device);

/*
 * Sets the port device's MTU, in bytes. Lowering the router interface's lowers the device's by itself, raising it does
 * not (design D13).
 */
MS_EXPORT int ms_port_mtu(const char *port_netns, const char *device, __u32 mtu);

/* Removes a port device. -ENODEV when it is gone already. */
MS_EXPORT int ms_port_remove(const char *port_netns, const char *device);

/* --- BPF (object.c, program.c, attach.c, map.c, prefixes.c, sweep.c, resolve.c, packet_events.c, test_run.c) --- */

/* Makes the shared maps as `object_path` declares them, with the given bounds. Says why in `log` when it fails. */
MS_EXPORT int ms_maps_create(const char *object_path, const struct ms_map_sizes *sizes, struct ms_maps *maps,
			     char *log, __u32 log_len);

/*
 * Prepares a program of an object for being loaded many times: opens and relocates it, has the kernel verify it once,
 * and writes what is left into `template` (at most `capacity` bytes; -ENOSPC when that is too little).
 */
MS_EXPORT int ms_template_prepare(const char *object_path, const char *program_name, const struct ms_maps *maps,
				  __u8 *template, __u32 capacity, __u32 *length, char *log, __u32 log_len);

/*
 * Loads one instance of a template on the shared maps, with these values in place of the program's constants, which
 * must be as long: none for a program without. The caller owns `*program_fd`.
 */
MS_EXPORT int ms_program_load(const __u8 *template, __u32 length, const __u8 *constants, __u32 constants_len,
			      const struct ms_maps *maps, __s32 *program_fd, char *log, __u32 log_len);

/* Bytes of a program's digest. */
#define MS_TAG_BYTES 8

/* The kernel's digest of a program's instructions (MS_TAG_BYTES), the same whatever maps and constants it is loaded with. */
MS_EXPORT int ms_program_tag(__s32 program_fd, __u8 *tag);

/*
 * Attaches a program to an interface. On failure the interface is as it was. -EOPNOTSUPP: no tcx in this kernel, or no
 * XDP in this driver. -EBUSY: somebody else's XDP program is there.
 */
MS_EXPORT int ms_attach(const char *netns, __u32 ifindex, __u32 hook, __s32 program_fd, __u32 mode,
			struct ms_attachment *attachment);

/* Detaches, and removes the clsact qdisc if it was made for this. 0 too when the interface has gone. */
MS_EXPORT int ms_detach(const char *netns, const struct ms_attachment *attachment);

/*
 * Puts another program in the place of an attached one, in one step: no packet sees neither, or both. The attachment stays
 * as it was.
 */
MS_EXPORT int ms_attachment_replace(const char *netns, const struct ms_attachment *attachment, __s32 program_fd);

/* Counts the clsact filters of a daemon before this one on an interface, by the names of our programs. */
MS_EXPORT int ms_filters_left(const char *netns, __u32 ifindex, __u32 *count);

/* Removes them, but not `keep`, which may be all zero. */
MS_EXPORT int ms_filters_clear(const char *netns, __u32 ifindex, const struct ms_attachment *keep, __u32 *removed);

/* Counts what others have on an interface. */
MS_EXPORT int ms_strangers_look(const char *netns, __u32 ifindex, struct ms_strangers *strangers);

/* Puts a program into a stage, in place of the one that was there, in one step for all ports. */
MS_EXPORT int ms_stage_write(__s32 stages_fd, __u32 stage, __s32 program_fd);

/* Empties a stage: packets that would go on to it pass untouched. -ENOENT when it is empty. */
MS_EXPORT int ms_stage_clear(__s32 stages_fd, __u32 stage);

/* Says what becomes of new connections at a port: enum ms_draining. */
MS_EXPORT int ms_draining_write(__s32 draining_fd, __u32 port_id, __u32 draining);

/* Says which port a device of the metasteer namespace is. */
MS_EXPORT int ms_device_write(__s32 devices_fd, __u32 ifindex, __u32 port_id);

/* Forgets a device. -ENOENT when it is not known. */
MS_EXPORT int ms_device_delete(__s32 devices_fd, __u32 ifindex);

/* Says which port a router interface is, by the inode of its namespace and its index there. */
MS_EXPORT int ms_interface_write(__s32 interfaces_fd, __u32 netns, __u32 ifindex, __u32 port_id);

/* Forgets a router interface. -ENOENT when it is not known. */
MS_EXPORT int ms_interface_delete(__s32 interfaces_fd, __u32 netns, __u32 ifindex);

/* Makes the prefixes of a port those of the addresses that an interface has now. -ENOSPC: there is no room for all of them. */
MS_EXPORT int ms_prefixes_follow(const struct ms_maps *maps, const char *netns, __u32 ifindex, __u32 port_id);

/* Sums the counters of `count` slots from `first` on over all CPUs, each into one of `counters`. */
MS_EXPORT int ms_counters_read(__s32 counters_fd, __u32 first, __u32 count, struct ms_port_counters *counters);

/* Sums the packets dropped for a limit, by ms_steer or ms_guard, of `count` slots from `first` on. */
MS_EXPORT int ms_limit_drops_read(__s32 counters_fd, __u32 first, __u32 count, __u64 *drops);

/* Gives a slot to a new port: zero counters, and no neighbour or flow of the port before it. */
MS_EXPORT int ms_port_begin(const struct ms_maps *maps, __u32 port_id, const struct ms_port *port);

/* Forgets neighbours and flows of a port that has ended. */
MS_EXPORT int ms_port_end(const struct ms_maps *maps, __u32 port_id);

/* Reads what is known of `count` ports from `first` on. */
MS_EXPORT int ms_ports_read(__s32 ports_fd, __u32 first, __u32 count, struct ms_port *ports);

MS_EXPORT int ms_settings_write(__s32 settings_fd, const struct ms_settings *settings);

/* Looks one neighbour up. -ENOENT when the address is not known at that port. */
MS_EXPORT int ms_neighbour_read(__s32 neighbours_fd, const struct ms_neighbour_key *key,
				struct ms_neighbour *neighbour);

/* Inserts or replaces a neighbour without counting it in its port. For tests of the programs. */
MS_EXPORT int ms_neighbour_write(__s32 neighbours_fd, const struct ms_neighbour_key *key,
				 const struct ms_neighbour *neighbour);

/* Replaces what is known of a port. For tests of the programs. */
MS_EXPORT int ms_port_write(__s32 ports_fd, __u32 port_id, const struct ms_port *port);

/* Inserts or replaces a flow, or one that has ended, without counting it. For tests of the programs. */
MS_EXPORT int ms_flow_write(__s32 flows_fd, const struct ms_flow_key *key, const struct ms_flow *flow);

/* Looks one flow up. -ENOENT when it is not known. */
MS_EXPORT int ms_flow_read(__s32 flows_fd, const struct ms_flow_key *key, struct ms_flow *flow);

/*
 * Makes room among the neighbours of a port, or of all (`port_id` MS_ALL_PORTS): of those without a connection up to
 * `unconfirmed` that were never confirmed, then up to `any`, those first that were not seen for the longest time.
 */
#define MS_ALL_PORTS 0xffffffffU
MS_EXPORT int ms_make_room(const struct ms_maps *maps, __s32 forget_fd, __u32 port_id, __u32 unconfirmed, __u32 any,
			   __u32 *evicted);

/*
 * Starts a thread that looks neighbours up in the tables of routers for the programs (`asks`), has the kernel find those
 * that are not there, and writes down what they say (`answer_fd`, ms_answer). The caller owns `*stream_fd`, from which
 * nothing comes; closing it ends the thread. One at a time.
 */
MS_EXPORT int ms_resolver_open(__s32 asks_fd, __s32 answer_fd, __s32 *stream_fd);

/* Says where the resolver finds the neighbours of a port: an interface of a namespace; nowhere with an empty name. */
MS_EXPORT int ms_resolver_port(__u32 port_id, const char *netns, __u32 ifindex);

/* Walks through flows and neighbours and has ms_forget forget what was not used. */
MS_EXPORT int ms_sweep(const struct ms_maps *maps, __s32 forget_fd, const struct ms_sweep_limits *limits,
		       struct ms_sweep_result *result);

/*
 * Opens a stream of struct ms_packet_event, as the programs report them. The caller owns `*stream_fd`; closing it ends the
 * stream. One stream at a time.
 */
MS_EXPORT int ms_packet_events_open(__s32 packet_events_fd, __s32 *stream_fd);

/*
 * Runs a program on one frame, `repeat` times. `out` must hold at least `out_len` bytes. Where `netns` is not empty, in that
 * namespace and, for a tc program, as if it came in at interface `ifindex` with `mark`; else without an interface.
 */
MS_EXPORT int ms_test_run(const char *netns, __u32 ifindex, __u32 mark, __s32 program_fd, const __u8 *frame, __u32 frame_len,
			  __u8 *out, __u32 out_len, __u32 repeat, struct ms_test_result *result);

/* --- request rates (rates.c) --- */

/* Requests in a window are counted in 16 bits. */
#define MS_RATE_LIMIT_MAX 65535

/* How many requests a client may make: struct ms_rate is of connections, this is of requests. */
struct ms_rate_windows {
	__u32 base_ms;        /* length of the long window */
	__u32 base_limit;     /* requests in it; at most MS_RATE_LIMIT_MAX */
	__u32 burst_ms;       /* length of the short window */
	__u32 burst_limit;
	__u32 count_refused;  /* 1: refused requests count too, as in Neutron's haproxy */
};
_Static_assert(sizeof(struct ms_rate_windows) == 20, "ms_rate_windows has no hidden padding");

/*
 * Makes the table in which all workers count requests, for about so many clients. Memory without a name, whose size nobody can
 * change any more; the caller owns `*rates_fd`.
 */
MS_EXPORT int ms_rates_create(__u32 clients, __s32 *rates_fd);

/*
 * Whether a descriptor is of such a table. -EPERM when somebody could still cut it, which ends every process that uses it; -EINVAL
 * when it is none.
 */
MS_EXPORT int ms_rates_check(__s32 rates_fd);

/* Uses a table from here on, in this process and instead of the one before; errors as ms_rates_check. Not while one is used. */
MS_EXPORT int ms_rates_open(__s32 rates_fd);

/*
 * Counts a request of a client, named by any bytes. `*wait_ms` is 0 when it may be served, else the time until the
 * next may be. `now_ms` is CLOCK_MONOTONIC in milliseconds, of which 32 bits count. -EBADF before ms_rates_open, -EINVAL when a
 * window has no length or its limit is 0.
 */
MS_EXPORT int ms_rates_take(const __u8 *client, __u32 client_len, const struct ms_rate_windows *windows, __u32 now_ms,
			    __u32 *wait_ms);

/* --- the front (front*.c): a thread that has the sockets of clients, and those to the agent --- */

/*
 * What the front and its caller share, in five mappings. Each has an inaccessible page before and after it, and what peers send
 * lies in two of them that hold nothing else: no byte of a guest or of the agent is next to what the caller acts on.
 *
 *   ring      struct ms_front_ring, then MS_FRONT_RECORDS of struct ms_front_record: what the front's thread reports
 *   bytes     MS_FRONT_BYTES: what peers sent; records name the place
 *   clients   a struct ms_front_client for each slot: whose connection it is
 *   ops       MS_FRONT_BATCHES times MS_FRONT_OPS of struct ms_front_op: what the caller wants done
 *   op_bytes  MS_FRONT_BATCHES times MS_FRONT_OP_BYTES: what is to be sent; ops name the place
 *
 * Each number but the last is a power of two.
 */
enum ms_front_size {
	MS_FRONT_RECORDS = 1024,
	MS_FRONT_BYTES = 131072,
	MS_FRONT_READ_BYTES = 16384, /* most bytes of one record */
	MS_FRONT_BATCHES = 4,        /* those whose results are awaited, and the one that is being filled */
	MS_FRONT_OPS = 1024,         /* most ops of one batch */
	MS_FRONT_OP_BYTES = 131072,  /* most bytes of one batch, and of one op */
	MS_FRONT_SLOTS_MAX = 1 << 20,
	MS_FRONT_GENERATIONS = 0x7fffffff, /* of a slot: from 1 to this, and then again */
};

enum ms_front_record_kind {
	MS_FRONT_ACCEPTED = 1,   /* a client connected; `clients` has it from here on until its connection is closed */
	MS_FRONT_DATA = 2,       /* bytes of the peer: a client, or the agent */
	MS_FRONT_ENDED = 3,      /* the peer has ended its side */
	MS_FRONT_BROKEN = 4,     /* the connection is of no use any more, and to be closed */
	MS_FRONT_WRITABLE = 5,   /* a connection that did not take everything takes more */
	MS_FRONT_CLOSED = 6,     /* a resting client has ended its side, and the connection is closed */
	MS_FRONT_REFUSED = 7,    /* a client of the port was reset for want of a slot */
	MS_FRONT_ACCEPT_FAILED = 8, /* accepting clients of the port failed */
};

struct ms_front_record {
	__u32 kind;           /* enum ms_front_record_kind */
	__u32 slot;           /* which connection */
	__u32 generation;     /* which of the connections that have had the slot */
	__u32 start;          /* MS_FRONT_DATA: where in `bytes` they begin. They go on from the last ones, or from 0. */
	__u32 length;         /* MS_FRONT_DATA: how many, 1 to MS_FRONT_READ_BYTES; else 0 */
	__u32 port_id;        /* MS_FRONT_REFUSED, MS_FRONT_ACCEPT_FAILED; else 0 */
	__u32 error;          /* MS_FRONT_ACCEPT_FAILED: the errno; else 0 */
	__u32 sequence;       /* records written before it, ever */
};
_Static_assert(sizeof(struct ms_front_record) == 32, "ms_front_record has no hidden padding");

struct ms_front_client {
	__u32 port_id;
	__s32 fd;             /* of the connection, good until it is closed; 0 where there is none */
	__u32 port;           /* the client's */
	__u32 address_len;
	__u32 mac_len;        /* MS_MAC_BYTES, or 0 where the kernel has kept none: it sent a SYN cookie, or was not asked to */
	__u32 pad;
	__u8 mac[8];          /* where its SYN came from */
	__u8 address[40];     /* as text, without a zone: at most 39 characters */
};
_Static_assert(sizeof(struct ms_front_client) == 72, "ms_front_client has no hidden padding");

/* The first bytes of the ring's mapping. Positions count records ever written or read. */
struct ms_front_ring {
	__u32 written;        /* the front's */
	__u32 read;           /* the caller's */
	__u32 idle;           /* set by the caller before it sleeps: a record, or ops carried out, are worth a byte on wake_fd */
	__u32 starved;        /* set by the front while it waits for room: ms_front_go_on once there is some */
	__u32 done;           /* batches of operations carried out, ever: their results are good */
	__u32 pad[11];        /* the records begin at a cache line of their own */
};
_Static_assert(sizeof(struct ms_front_ring) == 64, "ms_front_ring has no hidden padding");

/* What is to be done with a connection. */
enum ms_front_op_kind {
	MS_FRONT_SEND = 0,       /* sends the bytes, unless the connection is known not to take any */
	MS_FRONT_SEND_MORE = 1,  /* the same, for a connection that takes bytes again */
	MS_FRONT_SEND_LAST = 2,  /* sends the bytes and closes, in one segment if it can be; see `result` */
	MS_FRONT_SHUT = 3,       /* ends our side; -EAGAIN while the connection takes nothing */
	MS_FRONT_CLOSE = 4,
	MS_FRONT_RESET = 5,
	MS_FRONT_WATCH = 6,      /* from here on what the client does is reported; before, only its first bytes are */
	MS_FRONT_PAUSE = 7,      /* the peer's bytes stay where they are */
	MS_FRONT_RESUME = 8,
	/*
	 * The client is owed nothing and has begun nothing: watched, and closed when it ends its side. Unless it has sent more than
	 * the caller has seen, and until it sends something.
	 */
	MS_FRONT_REST = 9,
	MS_FRONT_CONNECT = 10,   /* a new connection to the agent, watched: `slot` and `generation` are the result's, with 0 */
};

struct ms_front_op {
	__u32 kind;           /* enum ms_front_op_kind */
	__u32 slot;
	__u32 generation;
	__u32 start;          /* where in the batch's part of `op_bytes` the bytes to send begin */
	__u32 length;         /* how many; 0 where the op sends nothing */
	__u32 seen;           /* MS_FRONT_REST: records of the client's bytes that the caller has taken */
	/* Afterwards: bytes the kernel took, or -errno. MS_FRONT_SEND_LAST: `length` + 1 when the connection is closed. */
	__s32 result;
	__u32 pad;
};
_Static_assert(sizeof(struct ms_front_op) == 32, "ms_front_op has no hidden padding");

struct ms_front_options {
	__u32 slots;          /* connections open at once, at most MS_FRONT_SLOTS_MAX */
	__u32 agent_slots;    /* of these the first, for connections to the agent; clients that come beyond the others are reset */
	__u32 unacked_ms;     /* a client that acknowledges nothing for so long has gone (TCP_USER_TIMEOUT) */
};
_Static_assert(sizeof(struct ms_front_options) == 12, "ms_front_options has no hidden padding");

/* Where a front's mappings are: addresses. They stay there, empty, when the front is closed. */
struct ms_front_memory {
	__u64 ring;
	__u64 bytes;
	__u64 clients;
	__u64 ops;
	__u64 op_bytes;
};
_Static_assert(sizeof(struct ms_front_memory) == 40, "ms_front_memory has no hidden padding");

/*
 * Starts a front. `*front` names it from here on. `agent_path` is the agent's socket (-ENAMETOOLONG). `*wake_fd`, a pipe's end, is the
 * caller's: a byte comes for an idle caller (`idle` of the ring). -EINVAL for impossible options, -EMFILE when there are too many
 * fronts in the process.
 *
 * The front ends the process (SIGABRT, after a line on standard error) rather than write anywhere but where it has room.
 */
MS_EXPORT int ms_front_open(const struct ms_front_options *options, const char *agent_path, struct ms_front_memory *memory,
			    __u32 *front, __s32 *wake_fd);

/* Listens on a bound socket and accepts its clients for a port. The socket is the front's from here on, unless this fails. */
MS_EXPORT int ms_front_listen(__u32 front, __s32 socket_fd, __u32 backlog, __u32 port_id);

/* Closes a port's socket. After it there are no further records of new clients of the port. -ENOENT when it has none. */
MS_EXPORT int ms_front_unlisten(__u32 front, __u32 port_id);

/*
 * Has the first `count` ops of a batch carried out, and their results written. The batches lie one behind the other and are filled in
 * turn; the next one is free when this returns. When the ring has records that the caller could take meanwhile, the front's thread
 * carries the batch out, and then wakes an idle caller; else that is done before this returns. `done` of the ring says which it was.
 * -EINVAL, with nothing done, when an op is none. Only one thread may call it. Numbers alone: buffers as arguments would double what
 * the call costs in Node.
 */
MS_EXPORT int ms_front_submit(__u32 front, __u32 count);

/* Wakes a starved front: there is room in the ring. */
MS_EXPORT int ms_front_go_on(__u32 front);

/* Stops the thread and closes all connections and listening sockets. */
MS_EXPORT int ms_front_close(__u32 front);

/* --- sockets, files, memory (socket.c, notify.c, lock.c, memory.c) --- */

/*
 * Opens a port's listening socket: TCP port 80 of the metadata addresses, both families, bound to the device.
 * The caller owns `*socket_fd`. -EINVAL for a name that can be no device's: an empty one would be every tenant's.
 */
MS_EXPORT int ms_listen(const char *port_netns, const char *device, __u32 backlog, __s32 *socket_fd);

/* The source MAC of the SYN that opened an accepted connection (MS_MAC_BYTES). -ENODATA when the kernel kept none. */
MS_EXPORT int ms_peer_mac(__s32 socket_fd, __u8 *mac);

/* A pair of connected sockets for ms_fd_send and ms_fd_receive. */
struct ms_channel {
	__s32 ours;
	__s32 theirs;         /* inherited by children */
};
_Static_assert(sizeof(struct ms_channel) == 8, "ms_channel has no hidden padding");

/* Makes such a pair. The caller owns both. */
MS_EXPORT int ms_fd_channel(struct ms_channel *channel);

/* Hands a descriptor of port `port_id` to the process at the other end (SCM_RIGHTS). -EAGAIN when it does not read. */
MS_EXPORT int ms_fd_send(__s32 channel_fd, __s32 fd, __u32 port_id);

/* Takes the next descriptor without waiting. -EAGAIN when there is none. The caller owns `*fd`. */
MS_EXPORT int ms_fd_receive(__s32 channel_fd, __s32 *fd, __u32 *port_id);

/*
 * Sends a datagram of sd_notify(3), with a descriptor unless that is -1; an abstract socket's name begins with `@`. -EAGAIN when
 * its queue is full.
 */
MS_EXPORT int ms_notify(const char *socket_path, const char *message, __s32 descriptor);

/* --- handing over to the next daemon (hand_over.c, sealed.c) --- */

/* 16384 ports with the longest names the kernel takes are some 30 MiB. */
#define MS_DOCUMENT_BYTES_MAX (64U * 1024 * 1024)

/* Puts a document into memory that nobody can change any more (memfd). The caller owns `*fd`. */
MS_EXPORT int ms_document_create(const void *bytes, __u32 length, __s32 *fd);

/*
 * The length of such a document. -EPERM when somebody could still change it, -EINVAL when it is no such memory, -EFBIG when it is
 * longer than MS_DOCUMENT_BYTES_MAX.
 */
MS_EXPORT int ms_document_size(__s32 fd, __u32 *length);

/* Opens a socket for ms_hand_over_connect of root, named `path`. The caller owns `*listen_fd` and the name. */
MS_EXPORT int ms_hand_over_listen(const char *path, __s32 *listen_fd);

/* Takes the connection that has come. -EAGAIN when none has. The caller owns `*channel_fd`. */
MS_EXPORT int ms_hand_over_accept(__s32 listen_fd, __s32 *channel_fd);

/* Connects to it. The caller owns `*channel_fd`. */
MS_EXPORT int ms_hand_over_connect(const char *path, __s32 *channel_fd);

/* The kernel takes no more descriptors in one message (SCM_MAX_FD). */
#define MS_FDS_MAX 253

/* Sends up to MS_FDS_MAX descriptors. -EAGAIN when too many wait to be received. */
MS_EXPORT int ms_fds_send(__s32 channel_fd, const __s32 *fds, __u32 count);

/*
 * Takes those of one ms_fds_send. -EAGAIN when none wait, -EMFILE when this process may not have so many, -ENOSPC when there are more
 * than `capacity`, -EPROTO for a message of any other form. After an error none of them is open.
 */
MS_EXPORT int ms_fds_receive(__s32 channel_fd, __s32 *fds, __u32 capacity, __u32 *count);

/* --- processes (process.c) --- */

/* Who is at the other end of a connected UNIX socket. `pid` is 0 for a process in a PID namespace that is not seen from here. */
MS_EXPORT int ms_peer(__s32 socket_fd, __u32 *pid, __u32 *uid);

/*
 * A descriptor of the process that connected or made the other end of a socket (pidfd_open(2)). -ESRCH when it has ended, or is in a
 * PID namespace that is not seen from here. Before Linux 6.5, which has SO_PEERPIDFD, the socket must not have been given to another
 * process since.
 */
MS_EXPORT int ms_peer_open(__s32 socket_fd, __s32 *process_fd);

/* A descriptor of a process. -ESRCH when there is none of that number. */
MS_EXPORT int ms_process_open(__u32 pid, __s32 *process_fd);

/* Whether a process has ended: 1, also when nobody has asked for its exit status yet, or 0. */
MS_EXPORT int ms_process_ended(__s32 process_fd, __u32 *ended);

/* Sends a signal to a process and never to another one. -ESRCH when it has ended. */
MS_EXPORT int ms_process_signal(__s32 process_fd, __u32 number);

/* Gives back to the kernel the pages of freed memory, and of the program's file; code that runs again comes back by itself. */
MS_EXPORT int ms_memory_trim(void);

/* Closes a descriptor this interface made. */
MS_EXPORT int ms_close(__s32 fd);

/*
 * Takes the daemon's lock, for the life of the process. -EWOULDBLOCK when another process has it:
 * its pid is then in `*holder`, 0 while it is being handed over. (Do not open the file again: POSIX drops the lock when any descriptor of it closes.)
 */
MS_EXPORT int ms_lock(const char *path, __s32 *fd, __s32 *holder);

/*
 * The lock itself goes with the descriptor when that is handed to another process; who holds it for others to see does not:
 * the one takes its name away (0), the other puts its own (1). -EAGAIN while the one before has not.
 */
MS_EXPORT int ms_lock_name(__s32 fd, __u32 held);

/* --- processes that are shut in (pidns.c, confine.c) --- */

/*
 * Has the children of the calling thread be in a PID namespace of their own from here on, of which the next one is the first.
 * Until ms_pidns_return the thread must start no other thread. -EPERM without CAP_SYS_ADMIN.
 */
MS_EXPORT int ms_pidns_leave(__s32 *own_fd);

/* Has them be in the thread's own again. Closes `own_fd` in any case. */
MS_EXPORT int ms_pidns_return(__s32 own_fd);

/*
 * The paths of the shared libraries that this process has loaded, separated by colons and terminated by zero. -ENOSPC when
 * `room` bytes are too few, -EINVAL when a path has a colon in it.
 */
MS_EXPORT int ms_libraries(__u8 *paths, __u32 room);

/*
 * For a worker that metasteer-launch has shut in, and that has started: from here on it opens no files, starts no threads and
 * connects to nothing but `agent_path`. A call that is denied ends the process (SIGSYS), after a line about it on standard
 * error. Cannot be undone.
 */
MS_EXPORT int ms_confine(const char *agent_path);

/* The same line for what the launcher's own filter denies; ms_confine includes it. */
MS_EXPORT int ms_report_denied(void);
