/* SPDX-License-Identifier: Apache-2.0 */
/*
 * echo-agent SOCKET
 *
 * Answers as a metadata agent of the keep-alive generation does, the same to everybody and for next to no CPU time: what is
 * behind the proxies is to cost as little as it can, so that what they cost is seen. Requests without a body only. It says
 * a line when it listens, and ends with its input.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define EVENTS 256
#define BACKLOG 4096
#define REQUEST_MAX 8192
#define DESCRIPTORS_MAX 65536 /* what comes beyond is closed */

/* As long as a meta_data.json without keys. */
static const char BODY[] =
	"{\"uuid\":\"6f1f7c1e-0000-4000-8000-000000000001\",\"name\":\"bench\",\"hostname\":\"bench.novalocal\","
	"\"project_id\":\"00000000000040008000000000000001\",\"availability_zone\":\"nova\",\"launch_index\":0,"
	"\"meta\":{},\"keys\":[],\"devices\":[],\"dedicated_cpus\":[]}";

struct connection {
	int fd;
	size_t length;
	char request[REQUEST_MAX + 1];
};

static struct connection *connections[DESCRIPTORS_MAX]; /* by their descriptors */
static char answer[1024];
static size_t answer_length;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void end(struct connection *connection)
{
	connections[connection->fd] = NULL;
	close(connection->fd);
	free(connection);
}

/* Returns false when the connection is over. */
static bool answer_requests(struct connection *connection)
{
	char *head_end;

	while ((head_end = strstr(connection->request, "\r\n\r\n")) != NULL) {
		bool closes = strcasestr(connection->request, "\r\nconnection: close") != NULL;
		size_t taken = (size_t)(head_end + 4 - connection->request);

		if (send(connection->fd, answer, answer_length, MSG_NOSIGNAL) != (ssize_t)answer_length || closes)
			return false;
		connection->length -= taken;
		memmove(connection->request, head_end + 4, connection->length + 1);
	}
	return connection->length < REQUEST_MAX;
}

static void serve(struct connection *connection)
{
	ssize_t length = recv(connection->fd, connection->request + connection->length,
			      REQUEST_MAX - connection->length, 0);

	if (length < 0 && errno == EAGAIN)
		return;
	if (length > 0) {
		connection->length += (size_t)length;
		connection->request[connection->length] = '\0';
		if (answer_requests(connection))
			return;
	}
	end(connection);
}

static void add(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		die("epoll_ctl");
}

static void accept_all(int epoll, int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		if (fd >= DESCRIPTORS_MAX) {
			close(fd);
			continue;
		}
		connections[fd] = calloc(1, sizeof(*connections[fd]));
		if (connections[fd] == NULL)
			die("calloc");
		connections[fd]->fd = fd;
		add(epoll, fd);
	}
}

static int listen_on(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path)) {
		fprintf(stderr, "echo-agent: the path is too long\n");
		exit(2);
	}
	strcpy(address.sun_path, path);
	/* Proxies without privileges connect to it; to connect they need to write to it. */
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    chmod(path, 0666) != 0 || listen(listener, BACKLOG) != 0)
		die(path);
	return listener;
}

int main(int count, char **words)
{
	struct epoll_event events[EVENTS];
	int epoll = epoll_create1(EPOLL_CLOEXEC), listener;

	if (count != 2 || epoll < 0) {
		fprintf(stderr, "usage: echo-agent SOCKET\n");
		return 2;
	}
	answer_length = (size_t)snprintf(answer, sizeof(answer),
					 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
					 "Content-Length: %zu\r\n\r\n%s",
					 sizeof(BODY) - 1, BODY);
	listener = listen_on(words[1]);
	add(epoll, listener);
	add(epoll, STDIN_FILENO);
	puts("listening");
	fflush(stdout);
	for (;;) {
		int ready = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < ready; i++) {
			int fd = events[i].data.fd;

			if (fd == STDIN_FILENO)
				return 0;
			if (fd == listener)
				accept_all(epoll, listener);
			else
				serve(connections[fd]);
		}
	}
}
