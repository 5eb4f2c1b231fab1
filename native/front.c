/* SPDX-License-Identifier: Apache-2.0 */
/* The front: its life, its listening sockets, its slots. */
#define _GNU_SOURCE
#include "front.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define FRONTS_MAX 16

static struct front *fronts[FRONTS_MAX];
static pthread_mutex_t fronts_lock = PTHREAD_MUTEX_INITIALIZER;

struct front *front_of(__u32 name)
{
	return name < FRONTS_MAX ? fronts[name] : NULL;
}

/* Gives a front a name. */
static int front_name(struct front *front, __u32 *name)
{
	int error = -EMFILE;

	pthread_mutex_lock(&fronts_lock);
	for (__u32 index = 0; error && index < FRONTS_MAX; index++) {
		if (fronts[index])
			continue;
		fronts[index] = front;
		*name = index;
		error = 0;
	}
	pthread_mutex_unlock(&fronts_lock);
	return error;
}

static void front_unname(__u32 name)
{
	pthread_mutex_lock(&fronts_lock);
	fronts[name] = NULL;
	pthread_mutex_unlock(&fronts_lock);
}

static int watch(const struct front *front, int fd, __u32 events, __u64 data)
{
	struct epoll_event event = {.events = events, .data.u64 = data};

	return epoll_ctl(front->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

int slot_watch(struct front *front, struct slot *slot)
{
	__u64 name = (__u64)(slot - front->slots) | (__u64)slot->generation << 32;
	/* UNIX sockets call for writers whenever their peer reads: only who waits for that shall hear of it. */
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET | (slot->blocked ? EPOLLOUT : 0U),
				    .data.u64 = name};
	int operation = slot->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (epoll_ctl(front->epoll_fd, operation, slot->fd, &event))
		return -errno;
	slot->watched = true;
	return 0;
}

struct slot *slot_take(struct front *front, struct free_slots *from)
{
	struct slot *slot = NULL;

	pthread_mutex_lock(&front->free_lock);
	if (from->count)
		slot = &front->slots[from->slots[--from->count]];
	pthread_mutex_unlock(&front->free_lock);
	return slot;
}

void slot_begin(struct slot *slot, int fd)
{
	slot->fd = fd;
	slot->told = 0;
	/* From 1 on, so that 0 is the generation of no connection. */
	slot->generation = slot->generation % MS_FRONT_GENERATIONS + 1;
	slot->watched = slot->paused = slot->blocked = slot->ended = slot->resting = false;
}

void slot_close(struct front *front, struct slot *slot)
{
	struct free_slots *to;

	close(slot->fd);
	slot->fd = -1;
	if (!is_to_agent(front, slot))
		client_forget(front, slot);
	to = is_to_agent(front, slot) ? &front->free_agents : &front->free_clients;
	pthread_mutex_lock(&front->free_lock);
	to->slots[to->count++] = (__u32)(slot - front->slots);
	pthread_mutex_unlock(&front->free_lock);
}

void slot_reset_close(int fd)
{
	struct linger at_once = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

static void front_free(struct front *front)
{
	if (front->epoll_fd >= 0)
		close(front->epoll_fd);
	if (front->control_fd >= 0)
		close(front->control_fd);
	if (front->wake_fd >= 0)
		close(front->wake_fd);
	free(front->listeners);
	free(front->free_clients.slots);
	free(front->free_agents.slots);
	free(front->slots);
	free(front);
}

/* Slots `from` to `end`, backwards, so that the first ones are taken first. */
static int free_slots_fill(struct free_slots *free_slots, __u32 from, __u32 end)
{
	free_slots->slots = calloc(end - from + 1, sizeof(*free_slots->slots));
	if (!free_slots->slots)
		return -ENOMEM;
	while (end > from)
		free_slots->slots[free_slots->count++] = --end;
	return 0;
}

static int front_prepare(struct front *front, const struct ms_front_options *options)
{
	int error;

	front->slot_count = options->slots;
	front->agent_slots = options->agent_slots;
	front->unacked_ms = options->unacked_ms;
	/* Zeroed pages that nobody has touched cost nothing: neither do slots that are never used. */
	front->slots = calloc(options->slots, sizeof(*front->slots));
	if (!front->slots || free_slots_fill(&front->free_agents, 0, options->agent_slots) ||
	    free_slots_fill(&front->free_clients, options->agent_slots, options->slots))
		return -ENOMEM;
	error = memory_map(front);
	if (error)
		return error;
	front->ring->idle = 1;
	front->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	front->control_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (front->epoll_fd < 0 || front->control_fd < 0)
		return -errno;
	return watch(front, front->control_fd, EPOLLIN, EVENT_CONTROL);
}

/* Makes everything but the thread. */
static int front_new(const struct ms_front_options *options, const char *agent_path, struct front **made)
{
	struct front *front = calloc(1, sizeof(*front));
	int error;

	if (!front)
		return -ENOMEM;
	front->epoll_fd = front->control_fd = front->wake_fd = -1;
	front->agent.sun_family = AF_UNIX;
	strcpy(front->agent.sun_path, agent_path);
	error = front_prepare(front, options);
	if (error) {
		memory_unmap(front);
		front_free(front);
	} else {
		*made = front;
	}
	return error;
}

/*
 * Without a signal: one that waits ends a read at TCP's urgent mark with EAGAIN although bytes follow (tcp_recvmsg), and the event
 * that told of them does not come again. Signals are for the process's other threads, but for those that the thread brings on
 * itself: the line about a system call that is denied is written by a handler.
 */
static int front_start(struct front *front)
{
	static const int own[] = {SIGSYS, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT};
	sigset_t all, before;
	int error;

	sigfillset(&all);
	for (size_t index = 0; index < sizeof(own) / sizeof(own[0]); index++)
		sigdelset(&all, own[index]);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = -pthread_create(&front->thread, NULL, front_run, front);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

int ms_front_open(const struct ms_front_options *options, const char *agent_path, struct ms_front_memory *memory, __u32 *name,
		  __s32 *wake_fd)
{
	OWNED_FD read_end = -1;
	struct front *front;
	__u32 given = 0;
	int ends[2];
	int error;

	if (options->slots <= options->agent_slots || options->slots > MS_FRONT_SLOTS_MAX)
		return -EINVAL;
	if (strlen(agent_path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return -ENAMETOOLONG;
	error = front_new(options, agent_path, &front);
	if (error)
		return error;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK)) {
		error = -errno;
	} else {
		read_end = ends[0];
		front->wake_fd = ends[1];
		error = front_name(front, &given);
	}
	if (!error) {
		error = front_start(front);
		if (error)
			front_unname(given);
	}
	if (error) {
		memory_unmap(front);
		front_free(front);
		return error;
	}
	*memory = (struct ms_front_memory){.ring = (uintptr_t)front->ring,
					   .bytes = (uintptr_t)front->bytes,
					   .clients = (uintptr_t)front->clients,
					   .ops = (uintptr_t)front->ops,
					   .op_bytes = (uintptr_t)front->op_bytes};
	*name = given;
	*wake_fd = TAKE_FD(read_end);
	return 0;
}

/* Under the lock. NULL when there is no memory. */
static struct listener *listener_new(struct front *front)
{
	struct listener *grown;

	for (__u32 index = 0; index < front->listener_count; index++)
		if (front->listeners[index].fd < 0)
			return &front->listeners[index];
	grown = realloc(front->listeners, (front->listener_count + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	front->listeners = grown;
	grown[front->listener_count].fd = -1;
	return &grown[front->listener_count++];
}

int ms_front_listen(__u32 name, __s32 socket_fd, __u32 backlog, __u32 port_id)
{
	struct front *front = front_of(name);
	struct listener *listener;
	int error = 0;

	if (!front)
		return -EBADF;
	/* What the kernel still has to deliver when we have closed does not stay for as long as it would like. */
	if (setsockopt(socket_fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &front->unacked_ms, sizeof(front->unacked_ms)) ||
	    fcntl(socket_fd, F_SETFL, O_NONBLOCK) || listen(socket_fd, (int)backlog))
		return -errno;
	pthread_mutex_lock(&front->listeners_lock);
	listener = listener_new(front);
	if (!listener)
		error = -ENOMEM;
	else
		error = watch(front, socket_fd, EPOLLIN,
			      EVENT_LISTENER | (__u64)(listener - front->listeners));
	if (!error)
		*listener = (struct listener){.fd = socket_fd, .port_id = port_id};
	pthread_mutex_unlock(&front->listeners_lock);
	return error;
}

int ms_front_unlisten(__u32 name, __u32 port_id)
{
	struct front *front = front_of(name);
	int error = -ENOENT;

	if (!front)
		return -EBADF;
	pthread_mutex_lock(&front->listeners_lock);
	for (__u32 index = 0; index < front->listener_count; index++) {
		struct listener *listener = &front->listeners[index];

		if (listener->fd < 0 || listener->port_id != port_id)
			continue;
		/* Other processes may have the same socket, so closing it does not take it out of the set. */
		epoll_ctl(front->epoll_fd, EPOLL_CTL_DEL, listener->fd, NULL);
		close(listener->fd);
		listener->fd = -1;
		error = 0;
	}
	pthread_mutex_unlock(&front->listeners_lock);
	return error;
}

int ms_front_go_on(__u32 name)
{
	const struct front *front = front_of(name);

	if (!front)
		return -EBADF;
	return eventfd_write(front->control_fd, 1) ? -errno : 0;
}

int ms_front_close(__u32 name)
{
	struct front *front = front_of(name);

	if (!front)
		return -EBADF;
	__atomic_store_n(&front->stop, true, __ATOMIC_SEQ_CST);
	eventfd_write(front->control_fd, 1);
	pthread_join(front->thread, NULL);
	ops_carry_out(front);
	for (__u32 index = 0; index < front->listener_count; index++)
		if (front->listeners[index].fd >= 0)
			close(front->listeners[index].fd);
	for (__u32 index = 0; index < front->slot_count; index++)
		if (front->slots[index].generation && front->slots[index].fd >= 0)
			close(front->slots[index].fd);
	front_unname(name);
	memory_empty(front);
	front_free(front);
	return 0;
}
