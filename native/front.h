/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the files of the front. Two threads: the front's own accepts and reads (front_read.c), and either of them sends
 * and closes (front_ops.c). What it shares with its caller is in front_memory.c, where alone records are written. A connection is
 * closed under its slot's lock only, so a descriptor that is used under it is never another's. Unasked, the front's thread closes it
 * only when it rests.
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

/* How far the front's thread has written, and what it may write now. Its own: nobody else can change it. */
struct writer {
	__u32 written;         /* records, ever */
	__u32 bytes_written;   /* bytes, ever, those left out at the end of the mapping too */
	__u32 records_room;    /* records that room was made for */
	enum { NO_ROOM, ROOM_MADE, ROOM_IN_USE } read_room;
	__u32 starts[MS_FRONT_RECORDS]; /* bytes written before each record that may not have been read */
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

	/* Shared with the caller; front_memory.c alone writes to the first four. */
	struct ms_front_ring *ring;
	struct ms_front_record *records;
	__u8 *bytes;
	struct ms_front_client *clients;
	struct ms_front_op *ops;
	const __u8 *op_bytes;
	struct writer writer;

	pthread_mutex_t ops_lock; /* of who carries out batches */
	__u32 op_counts[MS_FRONT_BATCHES];
	__u32 submitted;       /* batches, ever; atomic */
	__u32 carried_out;     /* of them; atomic. The ring's `done` is a copy for the caller. */
	bool asleep;           /* the front's thread waits, and looks at what is submitted only when told; atomic */
};

/*
 * Ends the process when what must hold does not: this is code that reads what tenants send, and it stops before it writes where it
 * has no room. In all builds.
 */
#define MUST(condition)                                                                                                          \
	do {                                                                                                                     \
		if (__builtin_expect(!(condition), 0))                                                                           \
			front_abort("metasteer: the front ends its process, because this does not hold: " #condition "\n");     \
	} while (0)

_Noreturn void front_abort(const char *line);

/* Makes the mappings that the front shares with its caller. Returns -ENOMEM when one of them cannot be; the others are left then. */
int memory_map(struct front *front);

/* Removes those there are. */
void memory_unmap(const struct front *front);

/* Gives their pages back. The addresses stay taken: the caller may still hold them. */
void memory_empty(const struct front *front);

/* What one event brings at most: a client, its first bytes, its end; or, of a connection there is, three records and a read. */
#define RECORDS_OF_EVENT 4

/*
 * Waits until there is room for so many records and one read. Before any lock is taken. Returns false when the front is to stop.
 */
bool room_await(struct front *front);

/* The room for one read, of MS_FRONT_READ_BYTES, which one record at most is then committed with. */
__u8 *room_for_read(struct front *front);

/* Adds a record. Its `length` bytes, if any, are in the room for a read already, which is used up with them. */
void record_commit(struct front *front, struct ms_front_record record);

/* Writes whose connection a slot's is. Before the record that says there is one. */
void client_commit(struct front *front, const struct slot *slot, const struct ms_front_client *client);

/* Nobody has the slot any more. */
void client_forget(struct front *front, const struct slot *slot);

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

/* Takes a free slot. NULL when there is none. */
struct slot *slot_take(struct front *front, struct free_slots *from);

/* A connection begins in it, which is not watched yet. Under the slot's lock. */
void slot_begin(struct slot *slot, int fd);

/* Wakes a caller that sleeps. */
void front_wake(struct front *front);

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
