/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front as a target of libFuzzer: the bytes of an input are what clients, the agent and the caller do, one after the other, against
 * a front that runs. Whatever happens, no byte arrives that was not sent, and no record is one that cannot be (front-reader.c).
 */
#define _GNU_SOURCE
#include "../kernel/front-reader.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS 8
#define SEND_BYTES_MAX 70000
/* Of the sockets of the front, and of clients with an odd number. */
#define ROOM_BYTES 4096
/* Of one input. */
#define STEPS_MAX 200

struct client {
	int fd;
	unsigned sent, back;
};

static struct sockaddr_in server = {.sin_family = AF_INET};
static struct sockaddr_un agent_name = {.sun_family = AF_UNIX};
static struct client clients[CLIENTS];
static int agent_listener, agent_fd, wake_fd;
static const __u8 *input, *input_end;
static unsigned address;

/* When the input is used up, the first of each. */
unsigned choose(unsigned below)
{
	unsigned value = 0;

	for (unsigned range = 1; range < below && input < input_end; range *= 256)
		value = value * 256 + *input++;
	return value % below;
}

static void read_back(struct client *client)
{
	__u8 bytes[65536];
	ssize_t length;

	while ((length = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		client->back += follow(client->back, bytes, (size_t)length, "a byte came back that was not sent");
	require(client->back <= client->sent, "more came back than was sent");
}

/* Every client with an address of its own, so that ports are not used up. */
static void client_connect(struct client *client)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002 + address++ % 0xfffff)};
	int room = ROOM_BYTES;

	*client = (struct client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
	if ((client - clients) % 2)
		setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	require(bind(client->fd, (struct sockaddr *)&own, sizeof(own)) == 0, "bind a client");
	connect(client->fd, (struct sockaddr *)&server, sizeof(server));
}

static void client_close(struct client *client, bool resets)
{
	struct linger at_once = {.l_onoff = 1};

	if (resets)
		setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(client->fd);
	client->fd = -1;
}

static void client_send(struct client *client)
{
	static __u8 bytes[SEND_BYTES_MAX];
	unsigned length = choose(2) ? choose(SEND_BYTES_MAX) : MS_FRONT_READ_BYTES - 2 + choose(5);
	ssize_t taken;

	fill(bytes, length, client->sent);
	taken = send(client->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	client->sent += taken > 0 ? (unsigned)taken : 0;
}

static void send_urgent(int fd)
{
	static const __u8 urgent = URGENT;

	send(fd, &urgent, 1, MSG_OOB | MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void client_step(struct client *client)
{
	if (client->fd < 0) {
		client_connect(client);
		return;
	}
	switch (choose(8)) {
	case 0:
	case 1:
	case 2:
		client_send(client);
		break;
	case 3:
	case 4:
		send_urgent(client->fd);
		break;
	case 5:
		read_back(client);
		break;
	case 6:
		shutdown(client->fd, SHUT_WR);
		break;
	default:
		client_close(client, choose(2));
	}
}

/* Passes a descriptor with a byte that the front takes for one of an answer, which is urgent so that it counts as none. */
static void pass_descriptor(int fd)
{
	union { struct cmsghdr header; char bytes[CMSG_SPACE(sizeof(int))]; } control = {};
	__u8 none = URGENT;
	struct iovec part = {.iov_base = &none, .iov_len = 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};

	control.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
	memcpy(CMSG_DATA(&control.header), &wake_fd, sizeof(wake_fd));
	sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void agent_step(void)
{
	__u8 bytes[256];
	ssize_t length;

	if (agent_fd < 0) {
		agent_fd = accept4(agent_listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		return;
	}
	switch (choose(5)) {
	case 0:
	case 1:
		length = recv(agent_fd, bytes, 1 + choose(sizeof(bytes)), 0);
		if (length > 0)
			send(agent_fd, bytes, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT);
		break;
	case 2:
		send_urgent(agent_fd);
		break;
	case 3:
		pass_descriptor(agent_fd);
		break;
	default:
		close(agent_fd);
		agent_fd = -1;
	}
}

static void step(void)
{
	switch (choose(8)) {
	case 0:
		agent_step();
		break;
	case 1:
		if (counts.to_agent < AGENTS)
			reader_ask();
		break;
	case 2:
		reader_idle();
		reader_take();
		break;
	case 3:
		sched_yield();
		break;
	default:
		client_step(&clients[choose(CLIENTS)]);
	}
}

static void remove_name(void)
{
	unlink(agent_name.sun_path);
}

static void open_all(void)
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un *name = &agent_name;
	socklen_t length = sizeof(server);
	int room = ROOM_BYTES;

	/* What is accepted inherits it: soon the front has to wait for clients that do not read. */
	setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));

	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	require(bind(listener, (struct sockaddr *)&server, sizeof(server)) == 0, "bind");
	getsockname(listener, (struct sockaddr *)&server, &length);
	snprintf(name->sun_path, sizeof(name->sun_path), "/tmp/metasteer-front-fuzz-%d", getpid());
	remove_name();
	atexit(remove_name);
	agent_listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	require(bind(agent_listener, (struct sockaddr *)name, sizeof(*name)) == 0, "bind the agent");
	require(listen(agent_listener, 2) == 0, "listen as the agent");
	wake_fd = reader_open(name->sun_path, listener);
	agent_fd = -1;
	for (int index = 0; index < CLIENTS; index++)
		clients[index].fd = -1;
}

static void close_all(void)
{
	for (int index = 0; index < CLIENTS; index++)
		if (clients[index].fd >= 0)
			client_close(&clients[index], true);
	reader_take();
	reader_reset_all();
	if (agent_fd >= 0)
		close(agent_fd);
	agent_fd = -1;
}

int LLVMFuzzerTestOneInput(const __u8 *bytes, size_t length);

int LLVMFuzzerTestOneInput(const __u8 *bytes, size_t length)
{
	static bool is_open;

	if (!is_open)
		open_all();
	is_open = true;
	input = bytes;
	input_end = bytes + length;
	for (int count = 0; count < STEPS_MAX && input < input_end; count++)
		step();
	close_all();
	return 0;
}
