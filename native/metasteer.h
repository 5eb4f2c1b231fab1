/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole interface between Node and the kernel.
 *
 * Every function is one complete operation and returns 0 or a negative errno; out parameters are
 * untouched on failure. A function that takes a `netns` path does its work in that namespace on a
 * thread of its own and comes back before it returns: the caller's namespace never changes.
 * Functions may be called from several threads at once. src/kernel/ffi.ts declares exactly these.
 */
#pragma once

#include "../bpf/abi.h"

#define MS_EXPORT __attribute__((visibility("default")))

/* --- shared layouts (TypeScript is generated from them, as from abi.h) --- */

/* A network interface as a namespace's netlink shows it. */
struct ms_link {
	__u32 ifindex;
	__u32 flags;      /* IFF_* of netdevice(7) */
	__u32 mtu;        /* bytes */
	__u16 type;       /* ARPHRD_*; 1 is Ethernet */
	__u8 mac[6];      /* the order it has on the wire; zero where the interface has none */
	__u8 name[16];    /* terminated by zero */
	__u32 addresses;  /* of its own: IPv4 or global IPv6, not the metadata address, not tentative */
};
_Static_assert(sizeof(struct ms_link) == 40, "ms_link has no hidden padding");

/* File descriptors of the maps that all program instances share. Owned by who called ms_maps_create. */
struct ms_maps {
	__s32 neighbours;
	__s32 counters;
	__s32 ports;
	__s32 devices;
	__s32 settings;
	__s32 stages;     /* emptied by the kernel when its last descriptor is closed: never handed to a worker */
};
_Static_assert(sizeof(struct ms_maps) == 24, "ms_maps has no hidden padding");

/* Bounds of the maps. `counters` has one slot more than there are ports, for what is no port's. */
struct ms_map_sizes {
	__u32 ports_max;
	__u32 neighbours_max;
};

enum ms_hook {
	MS_HOOK_INGRESS = 0,
	MS_HOOK_EGRESS = 1,
};

enum ms_attach_mode {
	MS_ATTACH_AUTO = 0,   /* tcx where the kernel has it, else clsact */
	MS_ATTACH_TCX = 1,    /* a link: goes away with its last descriptor, so with the process */
	MS_ATTACH_CLSACT = 2, /* a filter: stays until it is removed */
};

/* How a program was attached, and what detaching it takes. */
struct ms_attachment {
	__u32 ifindex;
	__u32 hook;           /* enum ms_hook */
	__u32 mode;           /* MS_ATTACH_TCX or MS_ATTACH_CLSACT */
	__s32 link_fd;        /* tcx: owned by this struct; else -1 */
	__u32 handle;         /* clsact */
	__u32 priority;       /* clsact */
	__u32 qdisc_created;  /* clsact: 1 when the interface had no clsact qdisc before */
	__u32 pad;            /* zero */
};
_Static_assert(sizeof(struct ms_attachment) == 32, "ms_attachment has no hidden padding");

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

/* What BPF_PROG_TEST_RUN gave back. */
struct ms_test_result {
	__s32 action;         /* the program's return value */
	__u32 frame_len;      /* bytes of the frame afterwards */
	__u32 duration_ns;    /* average of one run */
	__u32 pad;            /* zero */
};
_Static_assert(sizeof(struct ms_test_result) == 16, "ms_test_result has no hidden padding");

/* --- network namespaces (netns.c) --- */

/*
 * Makes the metasteer namespace, with its sysctls and the IPv4 metadata address on its loopback, and names it
 * `path`. -EEXIST when that name is taken.
 */
MS_EXPORT int ms_netns_create(const char *path);

/* Removes the port devices in the named namespace, all at once, then its name. -ENOENT when there is none. */
MS_EXPORT int ms_netns_remove(const char *path);

/* --- interfaces (link.c, port.c, link_events.c) --- */

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

/* --- BPF (object.c, program.c, attach.c, map.c, test_run.c) --- */

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

/* Attaches a program to an interface. On failure the interface is as it was. -EOPNOTSUPP: no tcx in this kernel. */
MS_EXPORT int ms_attach(const char *netns, __u32 ifindex, __u32 hook, __s32 program_fd, __u32 mode,
			struct ms_attachment *attachment);

/* Detaches, and removes the clsact qdisc if it was made for this. 0 too when the interface has gone. */
MS_EXPORT int ms_detach(const char *netns, const struct ms_attachment *attachment);

/* Removes clsact filters that a killed daemon left on an interface, by the names of our programs. */
MS_EXPORT int ms_clsact_clear(const char *netns, __u32 ifindex, __u32 *removed);

/* Puts a program into a stage, in place of the one that was there, in one step for all ports. */
MS_EXPORT int ms_stage_write(__s32 stages_fd, __u32 stage, __s32 program_fd);

/* Empties a stage: packets that would go on to it pass untouched. -ENOENT when it is empty. */
MS_EXPORT int ms_stage_clear(__s32 stages_fd, __u32 stage);

/* Says which port a device of the metasteer namespace is. */
MS_EXPORT int ms_device_write(__s32 devices_fd, __u32 ifindex, __u32 port_id);

/* Forgets a device. -ENOENT when it is not known. */
MS_EXPORT int ms_device_delete(__s32 devices_fd, __u32 ifindex);

/* Sums the counters of `count` slots from `first` on over all CPUs, each into one of `counters`. */
MS_EXPORT int ms_counters_read(__s32 counters_fd, __u32 first, __u32 count, struct ms_port_counters *counters);

/* Gives a slot to a new port: zero counters, and no neighbour of the port before it. */
MS_EXPORT int ms_port_begin(const struct ms_maps *maps, __u32 port_id, const struct ms_port *port);

/* Forgets the neighbours of a port that has ended. */
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

/* Runs a program on one frame, `repeat` times, without an interface. `out` must hold at least `out_len` bytes. */
MS_EXPORT int ms_test_run(__s32 program_fd, const __u8 *frame, __u32 frame_len, __u8 *out, __u32 out_len,
			  __u32 repeat, struct ms_test_result *result);

/* --- sockets, files, memory (socket.c, lock.c, memory.c) --- */

/*
 * Opens a port's listening socket: TCP port 80 of the metadata addresses, both families, bound to the device.
 * The caller owns `*socket_fd`.
 */
MS_EXPORT int ms_listen(const char *port_netns, const char *device, __u32 backlog, __s32 *socket_fd);

/* The source MAC of the SYN that opened an accepted connection (6 bytes). -ENODATA when the kernel kept none. */
MS_EXPORT int ms_peer_mac(__s32 socket_fd, __u8 *mac);

/* A pair of connected sockets for ms_fd_send and ms_fd_receive. The second is inherited by children. */
MS_EXPORT int ms_fd_channel(__s32 *pair);

/* Hands a descriptor of port `port_id` to the process at the other end (SCM_RIGHTS). -EAGAIN when it does not read. */
MS_EXPORT int ms_fd_send(__s32 channel_fd, __s32 fd, __u32 port_id);

/* Takes the next descriptor without waiting. -EAGAIN when there is none. The caller owns `*fd`. */
MS_EXPORT int ms_fd_receive(__s32 channel_fd, __s32 *fd, __u32 *port_id);

/* Gives the pages of freed memory back to the kernel. */
MS_EXPORT int ms_memory_trim(void);

/* Closes a descriptor this interface made. */
MS_EXPORT int ms_close(__s32 fd);

/*
 * Takes the daemon's lock, for the life of the process. -EWOULDBLOCK when another process has it:
 * its pid is then in `*holder`. (Do not open the file again: POSIX drops the lock when any descriptor of it closes.)
 */
MS_EXPORT int ms_lock(const char *path, __s32 *fd, __s32 *holder);
