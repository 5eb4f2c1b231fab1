/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "front-reader.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>

struct link {
	__u32 generation;
	__u32 received, asked, seen;
	__u32 echoed;          /* of `received` */
	bool open, to_agent;
	bool slow;             /* the kernel did not take everything */
	bool paused;
	bool shut_late;        /* our side ends when everything went */
};

struct reader_counts counts;
static struct link links[SLOTS];
static struct ms_front_ring *ring;
static const struct ms_front_record *records;
static const __u8 *record_bytes;
static const struct ms_front_client *clients;
static struct ms_front_op *all_ops;
static __u8 *op_bytes;
static __u32 front, submitted, read_records, bytes_end;

unsigned follow(unsigned before, const __u8 *bytes, size_t length, const char *what)
{
	unsigned at = before;

	for (size_t index = 0; index < length; index++) {
		if (bytes[index] == URGENT)
			continue;
		require(bytes[index] == at % CYCLE, what);
		at++;
	}
	return at - before;
}

void fill(__u8 *bytes, size_t length, unsigned before)
{
	for (size_t index = 0; index < length; index++)
		bytes[index] = (__u8)((before + index) % CYCLE);
}

/* One op, at once; or with others that do nothing, so that the front's thread may carry it out. */
static struct ms_front_op submit(struct ms_front_op op, const __u8 *bytes)
{
	__u32 batch = submitted % MS_FRONT_BATCHES, count = choose(2) ? 1 : 4;
	struct ms_front_op *ops = all_ops + batch * MS_FRONT_OPS;

	/* Anywhere, to the last byte. */
	op.start = choose(MS_FRONT_OP_BYTES - op.length + 1);
	if (op.length)
		memcpy(op_bytes + batch * MS_FRONT_OP_BYTES + op.start, bytes, op.length);
	ops[0] = op;
	for (__u32 index = 1; index < count; index++)
		ops[index] = (struct ms_front_op){.kind = MS_FRONT_WATCH, .slot = SLOTS - 1, .generation = ~0U};
	require(ms_front_submit(front, count) == 0, "submit");
	submitted++;
	/* The front may itself wait for us to read: when no batch is free, all are carried out here. */
	for (int tries = 0; __atomic_load_n(&ring->done, __ATOMIC_SEQ_CST) != submitted; tries++) {
		if (tries < 100) {
			sched_yield();
			continue;
		}
		require(ms_front_submit(front, 0) == 0, "submit nothing");
		submitted++;
	}
	return ops[0];
}

static __s32 carry(__u32 kind, __u32 slot, const __u8 *bytes, __u32 length)
{
	struct ms_front_op op = {.kind = kind, .slot = slot, .generation = links[slot].generation, .length = length,
				 .seen = links[slot].seen};

	op = submit(op, bytes);
	require(op.result <= (__s32)(length + (kind == MS_FRONT_SEND_LAST)), "more was sent than there was");
	if (kind <= MS_FRONT_SEND_LAST)
		links[slot].slow = op.result < 0 || (__u32)op.result < length;
	if (kind == MS_FRONT_SEND_LAST && (__u32)op.result == length + 1)
		links[slot].open = false;
	return op.result;
}

static void close_link(__u32 slot, __u32 kind)
{
	carry(kind, slot, NULL, 0);
	links[slot].open = false;
	counts.to_agent -= links[slot].to_agent;
}

/* Everything went. */
static void drained(__u32 slot)
{
	if (links[slot].paused)
		carry(MS_FRONT_RESUME, slot, NULL, 0);
	links[slot].paused = false;
	if (links[slot].shut_late)
		carry(MS_FRONT_SHUT, slot, NULL, 0);
	links[slot].shut_late = false;
}

/* What the kernel did not take, made anew: without urgent bytes, which count as none. */
static void echo_rest(__u32 slot)
{
	static __u8 bytes[MS_FRONT_OP_BYTES];
	struct link *link = &links[slot];

	if (!link->slow)
		return;
	counts.resent++;
	while (link->slow) {
		__u32 length = link->received - link->echoed;
		__s32 taken;

		if (length > sizeof(bytes))
			length = sizeof(bytes);
		fill(bytes, length, link->echoed);
		taken = carry(MS_FRONT_SEND_MORE, slot, bytes, length);
		if (taken < 0) {
			close_link(slot, MS_FRONT_CLOSE);
			return;
		}
		link->echoed += (__u32)taken;
		if (link->slow)
			return;
		link->slow = link->echoed != link->received;
	}
	drained(slot);
}

static void echo(__u32 slot, const __u8 *bytes, __u32 length)
{
	struct link *link = &links[slot];
	bool is_last;
	__s32 taken;

	link->received += follow(link->received, bytes, length, "a byte came that was not sent");
	carry(MS_FRONT_WATCH, slot, NULL, 0);
	/* Its bytes wait behind others. */
	if (link->slow) {
		if (!link->paused && choose(2)) {
			carry(MS_FRONT_PAUSE, slot, NULL, 0);
			link->paused = true;
		}
		return;
	}
	if (choose(8) == 0) {
		carry(MS_FRONT_PAUSE, slot, NULL, 0);
		carry(MS_FRONT_RESUME, slot, NULL, 0);
	}
	if (choose(32) == 1) {
		close_link(slot, MS_FRONT_RESET);
		return;
	}
	is_last = choose(16) == 1;
	taken = carry(is_last ? MS_FRONT_SEND_LAST : MS_FRONT_SEND, slot, bytes, length);
	if (!link->open)
		return;
	/* After the last bytes nothing of the client counts, and one of its bytes is lost. */
	if (taken < 0 || (is_last && !link->slow) || (link->slow && choose(4) == 0)) {
		close_link(slot, MS_FRONT_CLOSE);
		return;
	}
	link->shut_late = is_last;
	link->echoed += follow(link->echoed, bytes, (__u32)taken, "what was sent");
	if (choose(2))
		carry(MS_FRONT_REST, slot, NULL, 0);
}

/* A client has ended its side: it may still read. */
static void ended(__u32 slot)
{
	__s32 result;

	if (choose(2)) {
		close_link(slot, MS_FRONT_CLOSE);
		return;
	}
	carry(MS_FRONT_WATCH, slot, NULL, 0);
	result = carry(MS_FRONT_SHUT, slot, NULL, 0);
	if (result == -EAGAIN)
		links[slot].shut_late = true;
	else if (result < 0)
		close_link(slot, MS_FRONT_CLOSE);
}

static void ask(__u32 slot)
{
	__u8 question[200];

	links[slot].asked = 1 + choose(sizeof(question));
	links[slot].received = 0;
	fill(question, links[slot].asked, 0);
	carry(MS_FRONT_SEND, slot, question, links[slot].asked);
	/* It has left, which will be reported too. */
	if (links[slot].slow)
		close_link(slot, MS_FRONT_CLOSE);
}

void reader_ask(void)
{
	struct ms_front_op op = submit((struct ms_front_op){.kind = MS_FRONT_CONNECT, .slot = ~0U}, NULL);

	require(op.result == 0 || op.result == -EAGAIN, "the agent's slots are kept for it");
	if (op.result)
		return;
	require(op.slot < AGENTS && !links[op.slot].open, "a slot that is taken");
	links[op.slot] = (struct link){.generation = op.generation, .open = true, .to_agent = true};
	counts.to_agent++;
	ask(op.slot);
}

static void answered(__u32 slot, const __u8 *bytes, __u32 length)
{
	links[slot].received += follow(links[slot].received, bytes, length, "an answer that is not the question");
	require(links[slot].received <= links[slot].asked, "more was answered than was asked");
	if (links[slot].received < links[slot].asked)
		return;
	counts.answers++;
	if (choose(4))
		ask(slot);
	else
		close_link(slot, MS_FRONT_CLOSE);
}

static void accepted(const struct ms_front_record *record)
{
	const struct ms_front_client *client = &clients[record->slot];

	require(record->slot >= AGENTS && record->slot < SLOTS, "a client in a slot that is none of theirs");
	require(record->generation == links[record->slot].generation + 1, "a client was left out");
	require(client->port_id == PORT && client->fd >= 0 && client->port < 65536, "whose client it is");
	require(client->address_len >= 9 && !memcmp(client->address, "127.", 4), "where it is");
	links[record->slot] = (struct link){.generation = record->generation, .open = true};
	counts.accepted++;
	if (choose(2))
		carry(MS_FRONT_WATCH, record->slot, NULL, 0);
}

/* Bytes go on where the last ones ended, or from the beginning where a read would not fit in. */
static void check_bytes(const struct ms_front_record *record)
{
	require(record->length > 0 && record->length <= MS_FRONT_READ_BYTES, "more bytes than are read at once, or none");
	require(record->start == (MS_FRONT_BYTES - bytes_end < MS_FRONT_READ_BYTES ? 0 : bytes_end), "bytes somewhere else");
	bytes_end = record->start + record->length;
}

static void reported(const struct ms_front_record *record)
{
	__u32 slot = record->slot;

	require(slot < SLOTS, "a slot that does not exist");
	require(record->length == 0 || record->kind == MS_FRONT_DATA, "bytes that are nobody's");
	if (record->kind == MS_FRONT_DATA)
		check_bytes(record);
	if (record->kind == MS_FRONT_ACCEPTED) {
		accepted(record);
	} else if (record->kind == MS_FRONT_REFUSED) {
		require(record->port_id == PORT, "whose client was refused");
		counts.refused++;
	} else if (links[slot].open && links[slot].generation == record->generation) {
		links[slot].seen += record->kind == MS_FRONT_DATA;
		if (record->kind == MS_FRONT_CLOSED)
			links[slot].open = false;
		else if (record->kind == MS_FRONT_DATA && links[slot].to_agent)
			answered(slot, record_bytes + record->start, record->length);
		else if (record->kind == MS_FRONT_DATA)
			echo(slot, record_bytes + record->start, record->length);
		else if (record->kind == MS_FRONT_WRITABLE && !links[slot].to_agent)
			echo_rest(slot);
		else if (record->kind == MS_FRONT_ENDED && !links[slot].to_agent)
			ended(slot);
		else if (record->kind != MS_FRONT_WRITABLE)
			close_link(slot, MS_FRONT_CLOSE);
	} else {
		require(record->generation <= links[slot].generation, "a connection that is not there yet");
	}
}

void reader_take(void)
{
	__u32 written = __atomic_load_n(&ring->written, __ATOMIC_SEQ_CST);

	require(written - read_records <= MS_FRONT_RECORDS, "more records than there is room for");
	while (read_records != written) {
		/* As it is now: the bytes are good until `read` says otherwise. */
		struct ms_front_record record = records[read_records % MS_FRONT_RECORDS];

		require(record.sequence == read_records, "a record that is not at its place");
		require(record.kind >= MS_FRONT_ACCEPTED && record.kind <= MS_FRONT_ACCEPT_FAILED, "a record of no kind");
		reported(&record);
		__atomic_store_n(&ring->read, ++read_records, __ATOMIC_SEQ_CST);
	}
	if (__atomic_exchange_n(&ring->starved, 0, __ATOMIC_SEQ_CST))
		require(ms_front_go_on(front) == 0, "go on");
}

void reader_idle(void)
{
	__atomic_store_n(&ring->idle, 1, __ATOMIC_SEQ_CST);
}

void reader_reset_all(void)
{
	for (__u32 slot = 0; slot < SLOTS; slot++)
		if (links[slot].open)
			close_link(slot, MS_FRONT_RESET);
}

int reader_open(const char *agent, int listener)
{
	struct ms_front_options options = {.slots = SLOTS, .agent_slots = AGENTS, .unacked_ms = 1000};
	struct ms_front_options impossible = {.slots = AGENTS, .agent_slots = AGENTS};
	struct ms_front_memory memory;
	int wake_fd;

	require(ms_front_open(&impossible, agent, &memory, &front, &wake_fd) == -EINVAL, "no slot for a client is refused");
	require(ms_front_open(&options, agent, &memory, &front, &wake_fd) == 0, "open");
	ring = (struct ms_front_ring *)(uintptr_t)memory.ring;
	records = (const struct ms_front_record *)(ring + 1);
	record_bytes = (const __u8 *)(uintptr_t)memory.bytes;
	clients = (const struct ms_front_client *)(uintptr_t)memory.clients;
	all_ops = (struct ms_front_op *)(uintptr_t)memory.ops;
	op_bytes = (__u8 *)(uintptr_t)memory.op_bytes;
	require(ms_front_listen(front, listener, 64, PORT) == 0, "listen");
	return wake_fd;
}

/* Ops that name what does not exist are refused, and nothing of their batch is done. */
static void check_refusals(void)
{
	static const struct ms_front_op wrong[] = {
		{.kind = MS_FRONT_CONNECT + 1, .generation = 1},
		{.kind = MS_FRONT_CLOSE, .slot = SLOTS, .generation = 1},
		{.kind = MS_FRONT_CLOSE, .slot = SLOTS - 1},
		{.kind = MS_FRONT_CLOSE, .generation = 1, .length = 1},
		{.kind = MS_FRONT_SEND, .generation = 1, .length = MS_FRONT_OP_BYTES + 1},
		{.kind = MS_FRONT_SEND, .generation = 1, .start = MS_FRONT_OP_BYTES, .length = 1},
		{.kind = MS_FRONT_SEND, .generation = 1, .start = ~0U, .length = 2},
	};

	for (size_t index = 0; index < sizeof(wrong) / sizeof(wrong[0]); index++) {
		all_ops[submitted % MS_FRONT_BATCHES * MS_FRONT_OPS] = wrong[index];
		require(ms_front_submit(front, 1) == -EINVAL, "an op that names what does not exist");
	}
	require(ms_front_submit(front, MS_FRONT_OPS + 1) == -EINVAL, "more ops than a batch has");
}

void reader_close(void)
{
	check_refusals();
	require(ms_front_unlisten(front, PORT) == 0, "unlisten");
	reader_take();
	require(ms_front_close(front) == 0, "close");
	require(ms_front_close(front) < 0, "what is closed has no name any more");
}
