/* SPDX-License-Identifier: Apache-2.0 */
/* The front: what its caller has done with connections, many in one call. */
#define _GNU_SOURCE
#include "front.h"

#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

/* For fewer, telling the other thread would cost more than the ops. */
#define HAND_OVER_OPS 3

/* Sends what the kernel takes. Watches the connection when that is not all. Returns bytes, or -errno. */
static int send_bytes(struct front *front, struct slot *slot, const __u8 *bytes, __u32 length, int flags)
{
	ssize_t taken = 0;

	if (!slot->blocked)
		taken = send(slot->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL | flags);
	if (taken < 0 && errno != EAGAIN)
		return -errno;
	if (taken < 0)
		taken = 0;
	if ((__u32)taken < length && !slot->blocked) {
		int error;

		slot->blocked = true;
		error = slot_watch(front, slot);
		if (error)
			return error;
	}
	return (int)taken;
}

/*
 * The response and our end go in one segment, and the rest of the connection is the kernel's. Not when the client has sent
 * something that nobody has read: closing would reset the connection, and the response with it.
 */
static int send_last(struct front *front, struct slot *slot, const __u8 *bytes, __u32 length)
{
	int taken = send_bytes(front, slot, bytes, length, MSG_MORE);
	char next;
	ssize_t ahead;

	if (taken < 0 || (__u32)taken < length)
		return taken;
	/* Only reading steps over an urgent byte, which the kernel would take for something that nobody has read. */
	ahead = recv(slot->fd, &next, 1, MSG_DONTWAIT);
	if (ahead > 0) {
		shutdown(slot->fd, SHUT_WR);
		return taken;
	}
	slot_close(front, slot);
	return taken + 1;
}

static int carry_out(struct front *front, struct slot *slot, const struct ms_front_op *op, const __u8 *bytes)
{
	switch (op->kind) {
	case MS_FRONT_SEND_MORE:
		slot->blocked = false;
		return send_bytes(front, slot, bytes, op->length, 0);
	case MS_FRONT_SEND:
		return send_bytes(front, slot, bytes, op->length, 0);
	case MS_FRONT_SEND_LAST:
		return send_last(front, slot, bytes, op->length);
	case MS_FRONT_SHUT:
		if (slot->blocked)
			return -EAGAIN;
		return shutdown(slot->fd, SHUT_WR) ? -errno : 0;
	case MS_FRONT_RESET:
		slot_reset_close(slot->fd);
		slot_close(front, slot);
		return 0;
	case MS_FRONT_CLOSE:
		slot_close(front, slot);
		return 0;
	case MS_FRONT_WATCH:
		return slot->watched ? 0 : slot_watch(front, slot);
	case MS_FRONT_REST:
		/* What it did not take has to go out first, and the caller says it again when it has. */
		slot->resting = !slot->blocked && slot->told == op->seen;
		return slot->watched ? 0 : slot_watch(front, slot);
	case MS_FRONT_PAUSE:
		slot->paused = true;
		return 0;
	case MS_FRONT_RESUME:
		slot->paused = false;
		return slot_watch(front, slot);
	default:
		return -EINVAL;
	}
}

/* Connects to the agent. A UNIX socket does so at once or not at all: a full queue is -EAGAIN. */
static int connect_agent(struct front *front, struct ms_front_op *op)
{
	OWNED_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct slot *slot;
	int error;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&front->agent, sizeof(front->agent)))
		return -errno;
	slot = slot_take(front, &front->free_agents);
	if (!slot)
		return -EMFILE;
	pthread_mutex_lock(&slot->lock);
	slot_begin(slot, TAKE_FD(fd));
	op->slot = (__u32)(slot - front->slots);
	op->generation = slot->generation;
	error = slot_watch(front, slot);
	if (error)
		slot_close(front, slot);
	pthread_mutex_unlock(&slot->lock);
	return error;
}

/* On a connection there is, or was. */
static int carry_out_on(struct front *front, const struct ms_front_op *op, const __u8 *bytes)
{
	struct slot *slot = &front->slots[op->slot];
	int result;

	pthread_mutex_lock(&slot->lock);
	if (slot->fd < 0 || slot->generation != op->generation)
		result = -ENOTCONN;
	else
		result = carry_out(front, slot, op, bytes);
	pthread_mutex_unlock(&slot->lock);
	return result;
}

/* Whether what it names exists: the kind, the connection's slot, the bytes. */
static bool is_sound(const struct front *front, const struct ms_front_op *op)
{
	if (op->kind > MS_FRONT_CONNECT)
		return false;
	/* No connection is of generation 0, which slots have that were never used. */
	if (op->kind != MS_FRONT_CONNECT && (op->slot >= front->slot_count || op->generation == 0))
		return false;
	if (op->kind > MS_FRONT_SEND_LAST)
		return op->length == 0;
	return op->start <= MS_FRONT_OP_BYTES && op->length <= MS_FRONT_OP_BYTES - op->start;
}

static struct ms_front_op *ops_of(const struct front *front, __u32 batch)
{
	return front->ops + (size_t)batch * MS_FRONT_OPS;
}

static void carry_out_batch(struct front *front, __u32 batch)
{
	const __u8 *bytes = front->op_bytes + (size_t)batch * MS_FRONT_OP_BYTES;
	struct ms_front_op *ops = ops_of(front, batch);

	MUST(front->op_counts[batch] <= MS_FRONT_OPS);
	for (__u32 index = 0; index < front->op_counts[batch]; index++) {
		struct ms_front_op op = ops[index];

		MUST(is_sound(front, &op));
		op.result = op.kind == MS_FRONT_CONNECT ? connect_agent(front, &op) : carry_out_on(front, &op, bytes + op.start);
		ops[index] = op;
	}
}

bool ops_wait(const struct front *front)
{
	return __atomic_load_n(&front->submitted, __ATOMIC_SEQ_CST) != __atomic_load_n(&front->carried_out, __ATOMIC_SEQ_CST);
}

void ops_carry_out(struct front *front)
{
	pthread_mutex_lock(&front->ops_lock);
	while (ops_wait(front)) {
		carry_out_batch(front, front->carried_out % MS_FRONT_BATCHES);
		__atomic_store_n(&front->carried_out, front->carried_out + 1, __ATOMIC_SEQ_CST);
		__atomic_store_n(&front->ring->done, front->carried_out, __ATOMIC_SEQ_CST);
	}
	pthread_mutex_unlock(&front->ops_lock);
}

int ms_front_submit(__u32 name, __u32 count)
{
	struct front *front = front_of(name);
	__u32 batch, waiting;

	if (!front)
		return -EBADF;
	if (count > MS_FRONT_OPS)
		return -EINVAL;
	batch = front->submitted % MS_FRONT_BATCHES;
	for (__u32 index = 0; index < count; index++)
		if (!is_sound(front, &ops_of(front, batch)[index]))
			return -EINVAL;
	front->op_counts[batch] = count;
	waiting = front->submitted - __atomic_load_n(&front->carried_out, __ATOMIC_SEQ_CST);
	__atomic_store_n(&front->submitted, front->submitted + 1, __ATOMIC_SEQ_CST);
	/* What is handed over keeps its order, so all that follows waits behind it, until no batch is left to be filled. */
	if ((waiting == 0 && (count < HAND_OVER_OPS || !has_unread(front))) || waiting + 2 > MS_FRONT_BATCHES)
		ops_carry_out(front);
	else if (__atomic_load_n(&front->asleep, __ATOMIC_SEQ_CST))
		eventfd_write(front->control_fd, 1);
	return 0;
}
