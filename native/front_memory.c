/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front: the memory that it shares with its caller. Records and clients are written here and nowhere else: room_await makes room,
 * room_for_read and record_commit use it up, and neither can be had without.
 */
#define _GNU_SOURCE
#include "front.h"

#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#define RING_BYTES (sizeof(struct ms_front_ring) + MS_FRONT_RECORDS * sizeof(struct ms_front_record))
#define OPS_BYTES (MS_FRONT_BATCHES * MS_FRONT_OPS * sizeof(struct ms_front_op))
#define OP_BYTES ((size_t)MS_FRONT_BATCHES * MS_FRONT_OP_BYTES)

void front_abort(const char *line)
{
	ssize_t ignored = write(STDERR_FILENO, line, strlen(line));

	(void)ignored;
	abort();
}

static size_t pages(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

/* Zeroed memory with an inaccessible page before and after it. NULL when there is none. */
static void *map_guarded(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), inner = pages(bytes);
	__u8 *outer = mmap(NULL, inner + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (outer == MAP_FAILED)
		return NULL;
	if (mprotect(outer + page, inner, PROT_READ | PROT_WRITE) == 0)
		return outer + page;
	munmap(outer, inner + 2 * page);
	return NULL;
}

static size_t client_bytes(const struct front *front)
{
	return front->slot_count * sizeof(*front->clients);
}

static void unmap_guarded(const void *memory, size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (memory)
		munmap((void *)((uintptr_t)memory - page), pages(bytes) + 2 * page);
}

void memory_unmap(const struct front *front)
{
	unmap_guarded(front->ring, RING_BYTES);
	unmap_guarded(front->bytes, MS_FRONT_BYTES);
	unmap_guarded(front->clients, client_bytes(front));
	unmap_guarded(front->ops, OPS_BYTES);
	unmap_guarded(front->op_bytes, OP_BYTES);
}

int memory_map(struct front *front)
{
	front->ring = map_guarded(RING_BYTES);
	front->bytes = map_guarded(MS_FRONT_BYTES);
	front->clients = map_guarded(client_bytes(front));
	front->ops = map_guarded(OPS_BYTES);
	front->op_bytes = map_guarded(OP_BYTES);
	if (!front->ring || !front->bytes || !front->clients || !front->ops || !front->op_bytes)
		return -ENOMEM;
	front->records = (struct ms_front_record *)(front->ring + 1);
	return 0;
}

static void give_back(const void *memory, size_t bytes)
{
	madvise((void *)(uintptr_t)memory, pages(bytes), MADV_DONTNEED);
}

void memory_empty(const struct front *front)
{
	give_back(front->ring, RING_BYTES);
	give_back(front->bytes, MS_FRONT_BYTES);
	give_back(front->clients, client_bytes(front));
	give_back(front->ops, OPS_BYTES);
	give_back(front->op_bytes, OP_BYTES);
}

/* Records that the caller has not read. */
static __u32 records_used(const struct front *front)
{
	__u32 used = front->writer.written - __atomic_load_n(&front->ring->read, __ATOMIC_SEQ_CST);

	MUST(used <= MS_FRONT_RECORDS);
	return used;
}

/* Bytes from the first that the caller has not read to the last, when it has not read so many records. */
static __u32 bytes_used(const struct front *front, __u32 records)
{
	const struct writer *writer = &front->writer;
	__u32 used = 0;

	if (records)
		used = writer->bytes_written - writer->starts[(writer->written - records) % MS_FRONT_RECORDS];
	MUST(used <= MS_FRONT_BYTES);
	return used;
}

/* Bytes from here to the end of the mapping. */
static __u32 bytes_to_end(const struct writer *writer)
{
	return MS_FRONT_BYTES - writer->bytes_written % MS_FRONT_BYTES;
}

/* Whether there is room for what an event brings; then it is made. A read is not parted by the end of the mapping. */
static bool room_make(struct front *front)
{
	struct writer *writer = &front->writer;
	__u32 records = records_used(front), to_end = bytes_to_end(writer);
	__u32 left_out = to_end < MS_FRONT_READ_BYTES ? to_end : 0;

	if (records + RECORDS_OF_EVENT > MS_FRONT_RECORDS ||
	    bytes_used(front, records) + left_out + MS_FRONT_READ_BYTES > MS_FRONT_BYTES)
		return false;
	writer->bytes_written += left_out;
	writer->records_room = RECORDS_OF_EVENT;
	writer->read_room = ROOM_MADE;
	return true;
}

/* Not by a blocking read: the same event may also be in the batch of epoll, and be read there when it is gone already. */
static void await_control(const struct front *front)
{
	struct pollfd control = {.fd = front->control_fd, .events = POLLIN};
	eventfd_t ignored;

	poll(&control, 1, -1);
	eventfd_read(front->control_fd, &ignored);
}

bool room_await(struct front *front)
{
	while (!__atomic_load_n(&front->stop, __ATOMIC_SEQ_CST)) {
		if (room_make(front))
			return true;
		if (has_unread(front))
			front_wake(front);
		__atomic_store_n(&front->ring->starved, 1, __ATOMIC_SEQ_CST);
		if (room_make(front))
			return true;
		await_control(front);
	}
	return false;
}

__u8 *room_for_read(struct front *front)
{
	struct writer *writer = &front->writer;

	MUST(writer->read_room == ROOM_MADE);
	MUST(bytes_to_end(writer) >= MS_FRONT_READ_BYTES);
	MUST(bytes_used(front, records_used(front)) + MS_FRONT_READ_BYTES <= MS_FRONT_BYTES);
	writer->read_room = ROOM_IN_USE;
	return front->bytes + writer->bytes_written % MS_FRONT_BYTES;
}

void record_commit(struct front *front, struct ms_front_record record)
{
	struct writer *writer = &front->writer;
	__u32 place = writer->written % MS_FRONT_RECORDS;

	MUST(writer->records_room > 0 && records_used(front) < MS_FRONT_RECORDS);
	MUST(record.length <= (writer->read_room == ROOM_IN_USE ? MS_FRONT_READ_BYTES : 0));
	if (record.length)
		writer->read_room = NO_ROOM;
	record.start = record.length ? writer->bytes_written % MS_FRONT_BYTES : 0;
	record.sequence = writer->written;
	front->records[place] = record;
	writer->starts[place] = writer->bytes_written;
	writer->bytes_written += record.length;
	writer->records_room--;
	writer->written++;
	__atomic_store_n(&front->ring->written, writer->written, __ATOMIC_SEQ_CST);
}

void client_commit(struct front *front, const struct slot *slot, const struct ms_front_client *client)
{
	__u32 place = (__u32)(slot - front->slots);

	MUST(place >= front->agent_slots && place < front->slot_count);
	MUST(client->address_len <= sizeof(client->address) && client->mac_len <= MS_MAC_BYTES);
	front->clients[place] = *client;
}

void client_forget(struct front *front, const struct slot *slot)
{
	__u32 place = (__u32)(slot - front->slots);

	MUST(place < front->slot_count);
	front->clients[place] = (struct ms_front_client){};
}
