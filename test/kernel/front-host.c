/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front-host SEED CONNECTIONS AGENT
 *
 * The front alone, to be built with sanitisers: echoes what clients send, while they mark bytes as urgent, pause, half-close and
 * reset as the seed has it, through a ring that is nearly always full; and asks an agent, at the socket of that name, which echoes
 * too, sends bytes out of band, passes descriptors, and leaves when it likes. Every byte that arrives, on any side, must be the one
 * that was sent. Prints how many connections were accepted, how many bytes came back to clients, how many answers the agent gave,
 * how many connections carried urgent data, and how often was sent again what the kernel had not taken.
 */
#define _GNU_SOURCE
#include "front-reader.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS 4
#define PART_BYTES_MAX 40000
/* Of the sockets of the front, and of clients that read slowly. */
#define ROOM_BYTES 4096

static struct sockaddr_in server = {.sin_family = AF_INET};
static unsigned seed, first_seed, connections, clients_left = CLIENTS;
static unsigned long echoed, urgent_connections;

unsigned choose(unsigned below)
{
	return (unsigned)rand_r(&seed) % below;
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
	unsigned own_seed = first_seed;
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

static void read_back(int fd, unsigned *sum)
{
	__u8 bytes[4096];
	ssize_t length;

	while ((length = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		*sum += follow(*sum, bytes, (size_t)length, "a byte came back that was not sent");
}

/* Some bytes, then perhaps one that is urgent, which ends the read before it. Returns how many of the others went. */
static unsigned send_on(int fd, unsigned sent, unsigned *own_seed, bool *is_urgent)
{
	static const __u8 urgent = URGENT;
	__u8 bytes[PART_BYTES_MAX] = {};
	unsigned length = (unsigned)rand_r(own_seed) % PART_BYTES_MAX;
	ssize_t taken;

	/* Mostly about as many as the front reads at once. */
	if (rand_r(own_seed) % 4)
		length = MS_FRONT_READ_BYTES - 3 + (unsigned)rand_r(own_seed) % 6;
	fill(bytes, length, sent);
	taken = send(fd, bytes, length, MSG_NOSIGNAL);
	if (rand_r(own_seed) % 4 && send(fd, &urgent, 1, MSG_OOB | MSG_NOSIGNAL) == 1)
		*is_urgent = true;
	return taken > 0 ? (unsigned)taken : 0;
}

static void one_client(unsigned *own_seed)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct linger at_once = {.l_onoff = 1};
	unsigned sent = 0, back = 0;
	bool is_urgent = false;
	int room = ROOM_BYTES;

	/* Soon the front has to wait for it. */
	if (rand_r(own_seed) % 2)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));

	if (connect(fd, (struct sockaddr *)&server, sizeof(server)) == 0) {
		for (int part = 1 + rand_r(own_seed) % 4; part > 0; part--) {
			sent += send_on(fd, sent, own_seed, &is_urgent);
			if (rand_r(own_seed) % 4)
				read_back(fd, &back);
		}
		if (rand_r(own_seed) % 3 == 0)
			shutdown(fd, SHUT_WR);
		if (rand_r(own_seed) % 2) {
			struct pollfd waiting = {.fd = fd, .events = POLLIN};

			for (int round = rand_r(own_seed) % 6; round >= 0 && poll(&waiting, 1, 20) > 0 && back < sent; round--)
				read_back(fd, &back);
		}
		if (rand_r(own_seed) % 3 == 0)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	}
	require(back <= sent, "more came back than was sent");
	__atomic_add_fetch(&echoed, back, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&urgent_connections, is_urgent, __ATOMIC_SEQ_CST);
	close(fd);
}

static void *run_clients(void *argument)
{
	unsigned own_seed = first_seed + (unsigned)(uintptr_t)argument;

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
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), agent_fd, wake_fd;
	socklen_t length = sizeof(server);
	pthread_t threads[CLIENTS], agent;
	int room = ROOM_BYTES;
	char bytes[64];

	require(count == 4, "usage: front-host SEED CONNECTIONS AGENT");
	seed = first_seed = (unsigned)atoi(words[1]);
	connections = (unsigned)atoi(words[2]);
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	/* What is accepted inherits it. */
	setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	require(bind(listener, (struct sockaddr *)&server, sizeof(server)) == 0, "bind");
	getsockname(listener, (struct sockaddr *)&server, &length);
	agent_fd = listen_agent(words[3]);
	pthread_create(&agent, NULL, run_agent, &agent_fd);
	wake_fd = reader_open(words[3], listener);
	for (uintptr_t index = 0; index < CLIENTS; index++)
		pthread_create(&threads[index], NULL, run_clients, (void *)index);
	/* How far the agent comes while there are clients is the machine's pace: it goes on until it was asked enough. */
	while (__atomic_load_n(&clients_left, __ATOMIC_SEQ_CST) || counts.answers <= connections / 10) {
		struct pollfd waiting = {.fd = wake_fd, .events = POLLIN};

		if (poll(&waiting, 1, 5) > 0)
			require(read(wake_fd, bytes, sizeof(bytes)) > 0, "wake");
		/* While nobody takes anything, the ring fills. */
		if (choose(4) == 0)
			usleep(1000);
		reader_take();
		if (counts.to_agent < AGENTS)
			reader_ask();
		reader_idle();
	}
	for (int index = 0; index < CLIENTS; index++)
		pthread_join(threads[index], NULL);
	reader_close();
	close(wake_fd);
	shutdown(agent_fd, SHUT_RDWR);
	pthread_join(agent, NULL);
	close(agent_fd);
	printf("%u %lu %u %lu %u\n", counts.accepted, echoed, counts.answers, urgent_connections, counts.resent);
	return 0;
}
