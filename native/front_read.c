/* SPDX-License-Identifier: Apache-2.0 */
/* The front's thread: accepts, reads, and tells of it in the ring. It looks at no byte of a client or the agent. */
#define _GNU_SOURCE
#include "front.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>

#define EVENTS 64
/* Of one listening socket, before others have their turn. */
#define ACCEPTS 16
#define READ_BYTES 16384
/* Of one connection, before others have their turn. */
#define READS 2
/* A client, its first bytes, that it ended; and what may be skipped is less than one of them. */
#define ROOM_BYTES (4 * sizeof(struct ms_front_record) + sizeof(struct ms_front_client) + READ_BYTES)
/* Descriptors or memory are wanting: the clients wait in the kernel meanwhile. */
#define ACCEPT_PAUSE_NS 5000000

static __u32 used(const struct front *front)
{
	return front->written - __atomic_load_n(&front->ring->read, __ATOMIC_SEQ_CST);
}

static __u8 *here(const struct front *front)
{
	return front->records + (front->written & (front->ring_bytes - 1));
}

static void publish(struct front *front)
{
	__atomic_store_n(&front->ring->written, front->written, __ATOMIC_SEQ_CST);
}

static void wake(struct front *front)
{
	if (__atomic_exchange_n(&front->ring->idle, 0, __ATOMIC_SEQ_CST)) {
		/* A full pipe has bytes enough to wake anybody. */
		ssize_t ignored = write(front->wake_fd, "", 1);
		(void)ignored;
	}
}

/* Not by a blocking read: the same event may also be in the batch of epoll, and be read there when it is gone already. */
static void await_control(const struct front *front)
{
	struct pollfd control = {.fd = front->control_fd, .events = POLLIN};
	eventfd_t ignored;

	poll(&control, 1, -1);
	eventfd_read(front->control_fd, &ignored);
}

/*
 * Waits until the ring has room for whatever one event brings, without a gap. Before any lock is taken. Returns false when the
 * front is to stop.
 */
static bool have_room(struct front *front)
{
	for (;;) {
		__u32 to_end = front->ring_bytes - (front->written & (front->ring_bytes - 1));
		__u32 needed = to_end < ROOM_BYTES ? to_end + ROOM_BYTES : ROOM_BYTES;

		if (__atomic_load_n(&front->stop, __ATOMIC_SEQ_CST))
			return false;
		if (used(front) + needed <= front->ring_bytes) {
			if (to_end < ROOM_BYTES) {
				struct ms_front_record skip = {.kind = MS_FRONT_SKIP,
							       .length = to_end - (__u32)sizeof(skip)};

				if (to_end >= sizeof(skip))
					memcpy(here(front), &skip, sizeof(skip));
				front->written += to_end;
			}
			return true;
		}
		if (has_unread(front))
			wake(front);
		__atomic_store_n(&front->ring->starved, 1, __ATOMIC_SEQ_CST);
		if (used(front) + needed > front->ring_bytes)
			await_control(front);
	}
}

/* Adds a record whose bytes are in place behind its head already. */
static void tell(struct front *front, __u32 kind, const struct slot *slot, __u32 length)
{
	struct ms_front_record record = {.kind = kind, .length = length};

	if (slot) {
		record.slot = (__u32)(slot - front->slots);
		record.generation = slot->generation;
	}
	memcpy(here(front), &record, sizeof(record));
	front->written += (__u32)sizeof(record) + padded(length);
	publish(front);
}

static void tell_client(struct front *front, __u32 kind, const struct slot *slot, const struct ms_front_client *client)
{
	memcpy(here(front) + sizeof(struct ms_front_record), client, sizeof(*client));
	tell(front, kind, slot, sizeof(*client));
}

/*
 * Reads once, into room that was asked for since the last read. Returns the number of bytes. A read that brings fewer than it could
 * is no sign that nothing follows: the kernel ends it at TCP's urgent mark, and on UNIX sockets where descriptors were passed. Under
 * the slot's lock.
 */
static __u32 read_once(struct front *front, struct slot *slot)
{
	ssize_t length = recv(slot->fd, here(front) + sizeof(struct ms_front_record), READ_BYTES, MSG_DONTWAIT);

	if (length > 0) {
		slot->resting = false;
		slot->told++;
		tell(front, MS_FRONT_DATA, slot, (__u32)length);
		return (__u32)length;
	}
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	slot->ended = true;
	if (length == 0 && slot->resting) {
		tell(front, MS_FRONT_CLOSED, slot, 0);
		slot_close(front, slot);
		return 0;
	}
	tell(front, length == 0 ? MS_FRONT_ENDED : MS_FRONT_BROKEN, slot, 0);
	return 0;
}

/*
 * Reads until nothing comes: the end, and errors, come by a read of their own. At most twice, and once when a read took all it
 * could: then others have their turn, because changing what is watched for brings the event again. Returns whether to go on at once.
 * Under the slot's lock.
 */
static bool read_on(struct front *front, struct slot *slot, __u32 *reads)
{
	__u32 length = read_once(front, slot);

	if (length == 0)
		return false;
	if (length < READ_BYTES && ++*reads < READS)
		return true;
	return slot_watch(front, slot) != 0;
}

static void serve_slot(struct front *front, __u64 name, __u32 events)
{
	struct slot *slot = &front->slots[(__u32)name];
	__u32 reads = 0;
	bool more = true;

	while (more && have_room(front)) {
		more = false;
		pthread_mutex_lock(&slot->lock);
		if (slot->fd >= 0 && slot->generation == name >> 32) {
			if (slot->blocked && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
				tell(front, MS_FRONT_WRITABLE, slot, 0);
			/*
			 * A reset that no read would show. Not that the agent has left while its reply waits to be
			 * read: what is in the socket stays good, and reading it shows the end.
			 */
			if ((slot->ended && (events & (EPOLLERR | EPOLLHUP))) ||
			    (slot->paused && !is_to_agent(front, slot) && (events & EPOLLERR)))
				tell(front, MS_FRONT_BROKEN, slot, 0);
			if ((events & ~(__u32)EPOLLOUT) && !slot->paused && !slot->ended)
				more = read_on(front, slot, &reads);
		}
		events &= ~(__u32)EPOLLOUT;
		pthread_mutex_unlock(&slot->lock);
	}
}

static void describe(struct ms_front_client *client, const struct sockaddr_storage *peer)
{
	const void *address = peer->ss_family == AF_INET6 ? (const void *)&((const struct sockaddr_in6 *)peer)->sin6_addr
							  : (const void *)&((const struct sockaddr_in *)peer)->sin_addr;

	/* At the same place in both. */
	client->port = ntohs(((const struct sockaddr_in *)peer)->sin_port);
	if (inet_ntop(peer->ss_family, address, (char *)client->address, sizeof(client->address)))
		client->address_len = (__u32)strlen((char *)client->address);
}

/* A client, and what it has sent already, which under load is its request: then its socket is not watched for more. */
static void welcome(struct front *front, struct ms_front_client *client)
{
	struct slot *slot = slot_take(front, &front->free_clients);
	__u32 before;

	if (!slot) {
		slot_reset_close(client->fd);
		close(client->fd);
		client->fd = -1;
		tell_client(front, MS_FRONT_REFUSED, NULL, client);
		return;
	}
	pthread_mutex_lock(&slot->lock);
	slot_begin(slot, client->fd);
	tell_client(front, MS_FRONT_ACCEPTED, slot, client);
	before = front->written;
	read_once(front, slot);
	if (front->written == before && slot_watch(front, slot)) {
		slot->ended = true;
		tell(front, MS_FRONT_BROKEN, slot, 0);
	}
	pthread_mutex_unlock(&slot->lock);
}

/* Accepts one client. Returns 0, or why there was none. */
static int accept_one(struct front *front, __u32 index)
{
	struct sockaddr_storage peer = {};
	socklen_t length = sizeof(peer);
	struct ms_front_client client = {.fd = -1};
	int error = EAGAIN;

	pthread_mutex_lock(&front->listeners_lock);
	if (front->listeners[index].fd >= 0) {
		client.port_id = front->listeners[index].port_id;
		client.fd = accept4(front->listeners[index].fd, (struct sockaddr *)&peer, &length,
				    SOCK_NONBLOCK | SOCK_CLOEXEC);
		error = client.fd < 0 ? errno : 0;
	}
	if (!error) {
		describe(&client, &peer);
		welcome(front, &client);
	} else if (error != EAGAIN && error != ECONNABORTED && error != EINTR) {
		client.fd = error;
		tell_client(front, MS_FRONT_ACCEPT_FAILED, NULL, &client);
	}
	pthread_mutex_unlock(&front->listeners_lock);
	return error;
}

static void serve_listener(struct front *front, __u32 index)
{
	struct timespec pause = {.tv_nsec = ACCEPT_PAUSE_NS};
	int error = 0;

	for (int count = 0; count < ACCEPTS && (!error || error == ECONNABORTED); count++) {
		if (!have_room(front))
			return;
		error = accept_one(front, index);
	}
	if (error && error != EAGAIN && error != ECONNABORTED && error != EINTR)
		nanosleep(&pause, NULL);
}

static bool carry_out_submitted(struct front *front)
{
	if (!ops_wait(front))
		return false;
	ops_carry_out(front);
	return true;
}

/* First says that it sleeps, then looks whether it may: who submits does it the other way around. */
static int await_events(struct front *front, struct epoll_event *events)
{
	int count;

	__atomic_store_n(&front->asleep, true, __ATOMIC_SEQ_CST);
	count = epoll_wait(front->epoll_fd, events, EVENTS, ops_wait(front) ? 0 : -1);
	__atomic_store_n(&front->asleep, false, __ATOMIC_SEQ_CST);
	return count;
}

void *front_run(void *argument)
{
	struct front *front = argument;
	struct epoll_event events[EVENTS];
	struct sched_param no_priority = {};
	eventfd_t ignored;

	/*
	 * Interrupting whoever runs, for each client that connects, costs more than it gains: on a busy machine clients come by
	 * the batch instead, on an idle one nobody is in the way. Without it everything works too.
	 */
	sched_setscheduler(0, SCHED_BATCH, &no_priority);

	while (!__atomic_load_n(&front->stop, __ATOMIC_SEQ_CST)) {
		int count = await_events(front, events);
		bool has_carried_out = carry_out_submitted(front);

		for (int index = 0; index < count; index++) {
			__u64 name = events[index].data.u64;

			if (name == EVENT_CONTROL)
				eventfd_read(front->control_fd, &ignored);
			else if (name & EVENT_LISTENER)
				serve_listener(front, (__u32)name);
			else
				serve_slot(front, name, events[index].events);
			has_carried_out |= carry_out_submitted(front);
		}
		if (has_carried_out || has_unread(front))
			wake(front);
	}
	return NULL;
}
