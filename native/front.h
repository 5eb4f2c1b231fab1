/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the files of the front. Two threads: the front's own accepts and reads (front_read.c), and either of them sends
 * and closes (front_ops.c). A connection is closed under its slot's lock only, so a descriptor that is used under it is never
 * another's. Unasked, the front's thread closes it only when it rests.
 */
#pragma once

#include "internal.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/un.h>

struct slot {
	pthread_mutex_t lock;  /* all zero is unlocked */
	int fd;                /* -1: free, or being set up */
	__u32 generation;
	__u32 told;            /* records of bytes */
	bool watched;          /* it is in the epoll set */
	bool paused;
	bool blocked;          /* the kernel did not take everything, and has not said since that it takes more */
	bool ended;            /* nothing more can be read */
	bool resting;          /* closed when the client ends its side */
};

/* The last ones are used first: they are in the processor's cache. */
struct free_slots {
	__u32 *slots;
	__u32 count;
};

struct listener {
	int fd;                /* -1: none */
	__u32 port_id;
};

struct front {
	pthread_t thread;
	bool stop;             /* atomic */
	int epoll_fd;
	int control_fd;        /* an eventfd: stop, or room in the ring */
	int wake_fd;           /* our end of the pipe */
	__u32 unacked_ms;
	struct sockaddr_un agent;

	struct slot *slots;
	__u32 slot_count;
	__u32 agent_slots;     /* the first ones, for connections to the agent; the others are clients' */
	pthread_mutex_t free_lock;
	struct free_slots free_clients, free_agents;

	pthread_mutex_t listeners_lock;
	struct listener *listeners;
	__u32 listener_count;

	struct ms_front_ring *ring;
	__u8 *records;
	__u8 *ops;
	__u32 batches, ops_bytes; /* so many batches, each of so many bytes */
	pthread_mutex_t ops_lock; /* of who carries out batches */
	__u32 lengths[MS_FRONT_BATCHES_MAX];
	__u32 submitted;       /* batches, ever; atomic */
	bool asleep;           /* the front's thread waits, and looks at what is submitted only when told; atomic */
	__u32 ring_bytes;
	__u32 written;         /* not yet published */
};

/* Whether it is one of a connection to the agent. */
static inline bool is_to_agent(const struct front *front, const struct slot *slot)
{
	return slot - front->slots < front->agent_slots;
}

/* What epoll gives back: the slot and its generation, or one of these two. */
#define EVENT_CONTROL (~0ULL)
#define EVENT_LISTENER (1ULL << 63)

/* NULL when there is none of that name. */
struct front *front_of(__u32 name);

static inline __u32 padded(__u32 length)
{
	return (length + 7) & ~7U;
}

/* Takes a free slot. NULL when there is none. */
struct slot *slot_take(struct front *front, struct free_slots *from);

/* A connection begins in it, which is not watched yet. Under the slot's lock. */
void slot_begin(struct slot *slot, int fd);

/* Has the front's thread hear of a connection's events. Under the slot's lock. */
int slot_watch(struct front *front, struct slot *slot);

/* Closes a connection and frees its slot. Under the slot's lock. */
void slot_close(struct front *front, struct slot *slot);

void slot_reset_close(int fd);

/* Whether the caller has something to take from the ring. */
static inline bool has_unread(const struct front *front)
{
	return __atomic_load_n(&front->ring->written, __ATOMIC_SEQ_CST) != __atomic_load_n(&front->ring->read, __ATOMIC_SEQ_CST);
}

/* Whether there are batches of ops that nobody has carried out. */
bool ops_wait(const struct front *front);

/* Carries out those there are. */
void ops_carry_out(struct front *front);

/* The front's thread. */
void *front_run(void *argument);
