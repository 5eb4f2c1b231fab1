/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front-host SEED CONNECTIONS AGENT
 *
 * The front alone, to be built with sanitisers: echoes what clients send, while they mark bytes as urgent, pause, half-close and
 * reset as the seed has it, through a ring that is nearly always full; and asks an agent, at the socket of that name, which echoes
 * too, sends bytes out of band, passes descriptors, and leaves when it likes. Every byte that arrives, on any side, must be the one
 * that was sent. Prints how many connections were accepted, how many bytes came back to clients, how many answers the agent gave,
 * and how many urgent marks the clients set.
 */
#define _GNU_SOURCE
#include "../../native/metasteer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SLOTS 48
#define RING_BYTES 65536
#define OPS_BYTES 65536
#define BATCHES 4
#define CLIENTS 4
/* Also of the slots: clients get the others. */
#define AGENTS 4
#define PORT 7
/* What is sent counts up to here, and begins again; so a byte that is urgent can be told from the others. */
#define CYCLE 251
#define URGENT 255
/* The front reads as many at once: what comes in about so many pieces is what it gets wrong, if anything. */
#define READ_BYTES 16384

static __u8 ring[sizeof(struct ms_front_ring) + RING_BYTES] __attribute__((aligned(8)));
static __u8 ops[BATCHES * OPS_BYTES] __attribute__((aligned(8)));
static __u32 front, submitted;
static struct { __u32 generation; __u32 received, asked, seen; bool open, slow, to_agent; } links[SLOTS];
static unsigned to_agent, answers;
static struct sockaddr_in server = {.sin_family = AF_INET};
static unsigned seed, connections, accepted, refused, clients_left = CLIENTS;
static unsigned long echoed, urgent_marks;

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "front-host: %s\n", what);
	abort();
}

/*
 * Whether bytes go on from where others ended, urgent ones apart: they arrive only where another mark came after theirs. Returns how
 * many the others are.
 */
static unsigned follow(unsigned before, const __u8 *bytes, size_t length, const char *what)
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

/* One op, at once, or by the front's thread: a count that is none tells it so. */
static struct ms_front_op submit(struct ms_front_op op, const __u8 *bytes)
{
	const __u32 *done = &((struct ms_front_ring *)ring)->done;
	__u8 *batch = ops + (size_t)(submitted % BATCHES) * OPS_BYTES;
	__u32 length = op.length;

	memcpy(batch, &op, sizeof(op));
	if (length)
		memcpy(batch + sizeof(op), bytes, length);
	length = (__u32)sizeof(op) + ((length + 7) & ~7U);
	require(ms_front_submit(front, length, rand_r(&seed) % 2 ? 1 : 1000) == 0, "submit");
	submitted++;
	/* The front may itself wait for us to read: when no batch is free, all are carried out here. */
	for (int tries = 0; __atomic_load_n(done, __ATOMIC_SEQ_CST) != submitted; tries++) {
		if (tries < 100) {
			sched_yield();
			continue;
		}
		require(ms_front_submit(front, 0, 1000) == 0, "submit nothing");
		submitted++;
	}
	memcpy(&op, batch, sizeof(op));
	return op;
}

static void carry(__u32 kind, __u32 slot, const __u8 *bytes, __u32 length)
{
	struct ms_front_op op = {.kind = kind, .slot = slot, .generation = links[slot].generation, .length = length,
				  .seen = links[slot].seen};

	op = submit(op, bytes);
	/* What a client that does not read would have to wait for is let go of here. */
	if (op.result < 0 || (__u32)op.result != length + (kind == MS_FRONT_SEND_LAST))
		links[slot].slow = true;
	if (kind == MS_FRONT_SEND_LAST && (__u32)op.result == length + 1)
		links[slot].open = false;
}

static void close_link(__u32 slot, __u32 kind)
{
	carry(kind, slot, NULL, 0);
	links[slot].open = false;
	to_agent -= links[slot].to_agent;
}

static void received(__u32 slot, const __u8 *bytes, __u32 length)
{
	links[slot].received += follow(links[slot].received, bytes, length, "a byte came that was not sent");
	carry(MS_FRONT_WATCH, slot, NULL, 0);
	if (rand_r(&seed) % 8 == 0) {
		carry(MS_FRONT_PAUSE, slot, NULL, 0);
		carry(MS_FRONT_RESUME, slot, NULL, 0);
	}
	if (rand_r(&seed) % 32 == 0)
		close_link(slot, MS_FRONT_RESET);
	else if (rand_r(&seed) % 16 == 0)
		carry(MS_FRONT_SEND_LAST, slot, bytes, length);
	else
		carry(MS_FRONT_SEND, slot, bytes, length);
	if (links[slot].open && rand_r(&seed) % 2)
		carry(MS_FRONT_REST, slot, NULL, 0);
	if (links[slot].open && links[slot].slow)
		close_link(slot, MS_FRONT_CLOSE);
}

static void ask(__u32 slot)
{
	__u8 question[200];

	links[slot].asked = 1 + (__u32)rand_r(&seed) % (__u32)sizeof(question);
	links[slot].received = 0;
	for (__u32 index = 0; index < links[slot].asked; index++)
		question[index] = (__u8)index;
	carry(MS_FRONT_SEND, slot, question, links[slot].asked);
	/* It has left, which will be told too. */
	if (links[slot].slow)
		close_link(slot, MS_FRONT_CLOSE);
}

static void call_agent(void)
{
	struct ms_front_op op = {.kind = MS_FRONT_CONNECT, .slot = ~0U};

	op = submit(op, NULL);
	require(op.result == 0 || op.result == -EAGAIN, "the agent's slots are kept for it");
	if (op.result)
		return;
	require(op.slot < SLOTS && !links[op.slot].open, "a slot that is taken");
	links[op.slot].generation = op.generation;
	links[op.slot].open = links[op.slot].to_agent = true;
	links[op.slot].slow = false;
	links[op.slot].seen = 0;
	to_agent++;
	ask(op.slot);
}

static void answered(__u32 slot, const __u8 *bytes, __u32 length)
{
	links[slot].received += follow(links[slot].received, bytes, length, "an answer that is not the question");
	require(links[slot].received <= links[slot].asked, "more was answered than was asked");
	if (links[slot].received < links[slot].asked)
		return;
	answers++;
	if (rand_r(&seed) % 4)
		ask(slot);
	else
		close_link(slot, MS_FRONT_CLOSE);
}

/* Answers in two pieces, with a byte out of band and a descriptor at the second, both of which end a read early. */
static void answer(int fd, const __u8 *bytes, size_t length, unsigned *own_seed)
{
	size_t first = length / 2;
	union { struct cmsghdr header; char bytes[CMSG_SPACE(sizeof(int))]; } control = {};
	struct iovec rest = {.iov_base = (void *)(uintptr_t)(bytes + first), .iov_len = length - first};
	struct msghdr message = {.msg_iov = &rest, .msg_iovlen = 1};
	const __u8 urgent = URGENT;

	send(fd, bytes, first, MSG_NOSIGNAL);
	if (rand_r(own_seed) % 2)
		send(fd, &urgent, 1, MSG_OOB | MSG_NOSIGNAL);
	if (rand_r(own_seed) % 2) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		control.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	sendmsg(fd, &message, MSG_NOSIGNAL);
}

static void *run_agent(void *argument)
{
	int listener = *(int *)argument;
	unsigned own_seed = seed;
	int fd;

	/* One after the other: the rest waits, or finds no room to. Ends when the listener is shut. */
	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		__u8 bytes[256];
		ssize_t length;

		while (rand_r(&own_seed) % 8 && (length = recv(fd, bytes, sizeof(bytes), 0)) > 0)
			answer(fd, bytes, (size_t)length, &own_seed);
		close(fd);
	}
	return NULL;
}

static void told(const struct ms_front_record *record, const __u8 *bytes)
{
	struct ms_front_client client;
	__u32 slot = record->slot;

	require(slot < SLOTS, "a slot that does not exist");
	if (record->kind == MS_FRONT_ACCEPTED) {
		memcpy(&client, bytes, sizeof(client));
		require(client.port_id == PORT && client.fd >= 0, "whose client it is");
		require(client.address_len == 9 && !memcmp(client.address, "127.0.0.1", 9), "where it is");
		links[slot].generation = record->generation;
		links[slot].received = links[slot].seen = 0;
		links[slot].open = true;
		links[slot].slow = links[slot].to_agent = false;
		accepted++;
		if (rand_r(&seed) % 2)
			carry(MS_FRONT_WATCH, slot, NULL, 0);
	} else if (record->kind == MS_FRONT_REFUSED) {
		refused++;
	} else if (links[slot].open && links[slot].generation == record->generation) {
		links[slot].seen += record->kind == MS_FRONT_DATA;
		if (record->kind == MS_FRONT_CLOSED)
			links[slot].open = false;
		else if (record->kind == MS_FRONT_DATA && links[slot].to_agent)
			answered(slot, bytes, record->length);
		else if (record->kind == MS_FRONT_DATA)
			received(slot, bytes, record->length);
		else if (record->kind != MS_FRONT_WRITABLE)
			close_link(slot, MS_FRONT_CLOSE);
	}
}

static void take(void)
{
	struct ms_front_ring *head = (struct ms_front_ring *)ring;
	__u32 written = __atomic_load_n(&head->written, __ATOMIC_SEQ_CST);

	for (__u32 at = head->read; at != written; __atomic_store_n(&head->read, at, __ATOMIC_SEQ_CST)) {
		__u32 offset = at & (RING_BYTES - 1);
		const __u8 *here = ring + sizeof(*head) + offset;
		struct ms_front_record record;

		if (RING_BYTES - offset < sizeof(record)) {
			at += RING_BYTES - offset;
			continue;
		}
		memcpy(&record, here, sizeof(record));
		require(offset + sizeof(record) + record.length <= RING_BYTES, "a record that ends beyond the ring");
		if (record.kind != MS_FRONT_SKIP)
			told(&record, here + sizeof(record));
		at += sizeof(record) + ((record.length + 7) & ~7U);
	}
	if (__atomic_exchange_n(&head->starved, 0, __ATOMIC_SEQ_CST))
		require(ms_front_go_on(front) == 0, "go on");
}

static void read_back(int fd, unsigned *sum)
{
	__u8 bytes[4096];
	ssize_t length;

	while ((length = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		*sum += follow(*sum, bytes, (size_t)length, "a byte came back that was not sent");
}

static unsigned send_on(int fd, unsigned sent, unsigned length)
{
	static const __u8 urgent = URGENT;
	__u8 bytes[40000] = {};
	ssize_t taken;

	for (unsigned index = 0; index < length; index++)
		bytes[index] = (__u8)((sent + index) % CYCLE);
	taken = send(fd, bytes, length, MSG_NOSIGNAL);
	/* A byte that is urgent ends the read before it. */
	if (taken == (ssize_t)length && length % 3 == 0 && send(fd, &urgent, 1, MSG_OOB | MSG_NOSIGNAL) == 1)
		__atomic_add_fetch(&urgent_marks, 1, __ATOMIC_SEQ_CST);
	return taken > 0 ? (unsigned)taken : 0;
}

/* Any number of bytes, or about as many as the front reads at once. */
static unsigned length_of(unsigned *own_seed)
{
	if (rand_r(own_seed) % 2)
		return (unsigned)rand_r(own_seed) % 39000;
	return READ_BYTES - 3 + (unsigned)rand_r(own_seed) % 6;
}

static void one_client(unsigned *own_seed)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct linger at_once = {.l_onoff = 1};
	unsigned sent = 0, back = 0;

	if (connect(fd, (struct sockaddr *)&server, sizeof(server)) == 0) {
		for (int part = rand_r(own_seed) % 4; part > 0; part--) {
			sent += send_on(fd, sent, length_of(own_seed));
			if (rand_r(own_seed) % 4)
				read_back(fd, &back);
		}
		if (rand_r(own_seed) % 3 == 0)
			shutdown(fd, SHUT_WR);
		if (rand_r(own_seed) % 2) {
			struct pollfd waiting = {.fd = fd, .events = POLLIN};

			poll(&waiting, 1, 20);
			read_back(fd, &back);
		}
		if (rand_r(own_seed) % 3 == 0)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	}
	require(back <= sent, "more came back than was sent");
	__atomic_add_fetch(&echoed, back, __ATOMIC_SEQ_CST);
	close(fd);
}

static void *run_clients(void *argument)
{
	unsigned own_seed = seed + (unsigned)(uintptr_t)argument;

	for (unsigned count = connections / CLIENTS; count > 0; count--)
		one_client(&own_seed);
	__atomic_sub_fetch(&clients_left, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static int listen_agent(const char *path)
{
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un name = {.sun_family = AF_UNIX};

	require(strlen(path) < sizeof(name.sun_path), "the agent's name");
	strcpy(name.sun_path, path);
	unlink(path);
	require(bind(listener, (struct sockaddr *)&name, sizeof(name)) == 0, "bind the agent");
	require(listen(listener, 2) == 0, "listen as the agent");
	return listener;
}

int main(int count, char **words)
{
	struct ms_front_options options = {.slots = SLOTS, .agent_slots = AGENTS, .ring_bytes = RING_BYTES, .batches = BATCHES,
					   .ops_bytes = OPS_BYTES, .unacked_ms = 1000};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), wake_fd;
	socklen_t length = sizeof(server);
	pthread_t threads[CLIENTS], agent;
	int agent_fd;
	char bytes[64];

	require(count == 4, "usage: front-host SEED CONNECTIONS AGENT");
	seed = (unsigned)atoi(words[1]);
	connections = (unsigned)atoi(words[2]);
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	require(bind(listener, (struct sockaddr *)&server, sizeof(server)) == 0, "bind");
	getsockname(listener, (struct sockaddr *)&server, &length);
	agent_fd = listen_agent(words[3]);
	pthread_create(&agent, NULL, run_agent, &agent_fd);
	((struct ms_front_ring *)ring)->idle = 1;
	require(ms_front_open(&options, words[3], ring, ops, &front, &wake_fd) == 0, "open");
	require(ms_front_listen(front, listener, 64, PORT) == 0, "listen");
	require(ms_front_submit(front, OPS_BYTES + 1, 1) < 0, "more ops than there is memory are refused");
	for (uintptr_t index = 0; index < CLIENTS; index++)
		pthread_create(&threads[index], NULL, run_clients, (void *)index);
	/* How far the agent comes while there are clients is the machine's pace: it goes on until it was asked enough. */
	while (__atomic_load_n(&clients_left, __ATOMIC_SEQ_CST) || answers <= connections / 10) {
		struct pollfd waiting = {.fd = wake_fd, .events = POLLIN};

		if (poll(&waiting, 1, 5) > 0)
			require(read(wake_fd, bytes, sizeof(bytes)) > 0, "wake");
		/* While nobody takes anything, the ring fills. */
		if (rand_r(&seed) % 4 == 0)
			usleep(2000);
		take();
		if (to_agent < AGENTS)
			call_agent();
		__atomic_store_n(&((struct ms_front_ring *)ring)->idle, 1, __ATOMIC_SEQ_CST);
	}
	for (int index = 0; index < CLIENTS; index++)
		pthread_join(threads[index], NULL);
	require(ms_front_unlisten(front, PORT) == 0, "unlisten");
	take();
	require(ms_front_close(front) == 0, "close");
	require(ms_front_close(front) < 0, "what is closed has no name any more");
	close(wake_fd);
	shutdown(agent_fd, SHUT_RDWR);
	pthread_join(agent, NULL);
	close(agent_fd);
	printf("%u %lu %u %lu\n", accepted, echoed, answers, urgent_marks);
	return 0;
}
