/* SPDX-License-Identifier: Apache-2.0 */
/* The front's thread: accepts, reads, and reports it in the ring. It looks at no byte of a client or the agent. */
#define _GNU_SOURCE
#include "front.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>

#define EVENTS 64
/* Of one listening socket, before others have their turn. */
#define ACCEPTS 16
/* Of one connection, before others have their turn. */
#define READS 2
/* Descriptors or memory are wanting: the clients wait in the kernel meanwhile. */
#define ACCEPT_PAUSE_NS 5000000

void front_wake(struct front *front)
{
	if (__atomic_exchange_n(&front->ring->idle, 0, __ATOMIC_SEQ_CST)) {
		/* A full pipe has bytes enough to wake anybody. */
		ssize_t ignored = write(front->wake_fd, "", 1);
		(void)ignored;
	}
}

/* Reports of a connection. `length` bytes of it are in the room for a read. */
static void report(struct front *front, enum ms_front_record_kind kind, const struct slot *slot, __u32 length)
{
	record_commit(front, (struct ms_front_record){.kind = kind,
						      .slot = (__u32)(slot - front->slots),
						      .generation = slot->generation,
						      .length = length});
}

/*
 * Reads once, into room that was asked for since the last read. Returns the number of bytes. A read that brings fewer than it could
 * is no sign that nothing follows: the kernel ends it at TCP's urgent mark, and on UNIX sockets where descriptors were passed. Under
 * the slot's lock.
 */
static __u32 read_once(struct front *front, struct slot *slot)
{
	ssize_t length = recv(slot->fd, room_for_read(front), MS_FRONT_READ_BYTES, MSG_DONTWAIT);

	if (length > 0) {
		slot->resting = false;
		slot->told++;
		report(front, MS_FRONT_DATA, slot, (__u32)length);
		return (__u32)length;
	}
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	slot->ended = true;
	if (length == 0 && slot->resting) {
		report(front, MS_FRONT_CLOSED, slot, 0);
		slot_close(front, slot);
		return 0;
	}
	report(front, length == 0 ? MS_FRONT_ENDED : MS_FRONT_BROKEN, slot, 0);
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
	if (length < MS_FRONT_READ_BYTES && ++*reads < READS)
		return true;
	return slot_watch(front, slot) != 0;
}

static void serve_slot(struct front *front, __u64 name, __u32 events)
{
	struct slot *slot = &front->slots[(__u32)name];
	__u32 reads = 0;
	bool more = true;

	while (more && room_await(front)) {
		more = false;
		pthread_mutex_lock(&slot->lock);
		if (slot->fd >= 0 && slot->generation == name >> 32) {
			if (slot->blocked && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
				report(front, MS_FRONT_WRITABLE, slot, 0);
			/*
			 * A reset that no read would show. Not that the agent has left while its reply waits to be
			 * read: what is in the socket stays good, and reading it shows the end.
			 */
			if ((slot->ended && (events & (EPOLLERR | EPOLLHUP))) ||
			    (slot->paused && !is_to_agent(front, slot) && (events & EPOLLERR)))
				report(front, MS_FRONT_BROKEN, slot, 0);
			if ((events & ~(__u32)EPOLLOUT) && !slot->paused && !slot->ended)
				more = read_on(front, slot, &reads);
		}
		events &= ~(__u32)EPOLLOUT;
		pthread_mutex_unlock(&slot->lock);
	}
}

static void describe(struct ms_front_client *client, const struct sockaddr_in6 *peer)
{
	const void *address = peer->sin6_family == AF_INET6 ? (const void *)&peer->sin6_addr
							    : (const void *)&((const struct sockaddr_in *)peer)->sin_addr;

	/* At the same place in both. */
	client->port = ntohs(peer->sin6_port);
	if (inet_ntop(peer->sin6_family, address, (char *)client->address, sizeof(client->address)))
		client->address_len = (__u32)strnlen((char *)client->address, sizeof(client->address));
}

/* A client, and what it has sent already, which under load is its request: then its socket is not watched for more. */
static void welcome(struct front *front, const struct ms_front_client *client)
{
	struct slot *slot = slot_take(front, &front->free_clients);

	if (!slot) {
		slot_reset_close(client->fd);
		close(client->fd);
		record_commit(front, (struct ms_front_record){.kind = MS_FRONT_REFUSED, .port_id = client->port_id});
		return;
	}
	pthread_mutex_lock(&slot->lock);
	slot_begin(slot, client->fd);
	client_commit(front, slot, client);
	report(front, MS_FRONT_ACCEPTED, slot, 0);
	if (read_once(front, slot) == 0 && !slot->ended && slot_watch(front, slot)) {
		slot->ended = true;
		report(front, MS_FRONT_BROKEN, slot, 0);
	}
	pthread_mutex_unlock(&slot->lock);
}

/* Accepts one client. Returns 0, or why there was none. */
static int accept_one(struct front *front, __u32 index)
{
	struct sockaddr_in6 peer = {}; /* has room for IPv4 too */
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
		if (ms_peer_mac(client.fd, client.mac) == 0)
			client.mac_len = MS_MAC_BYTES;
		welcome(front, &client);
	} else if (error != EAGAIN && error != ECONNABORTED && error != EINTR) {
		record_commit(front, (struct ms_front_record){.kind = MS_FRONT_ACCEPT_FAILED,
							      .port_id = client.port_id,
							      .error = (__u32)error});
	}
	pthread_mutex_unlock(&front->listeners_lock);
	return error;
}

static void serve_listener(struct front *front, __u32 index)
{
	struct timespec pause = {.tv_nsec = ACCEPT_PAUSE_NS};
	int error = 0;

	for (int count = 0; count < ACCEPTS && (!error || error == ECONNABORTED); count++) {
		if (!room_await(front))
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
			front_wake(front);
	}
	return NULL;
}
