/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 256
#define READ_SIZE 65536

const char *outcome_name(enum outcome outcome)
{
	static const char *const names[OUTCOMES] = { "pending", "answered", "refused", "reset",
						     "closed",	"timeout",  "garbled", "local" };

	return names[outcome];
}

int64_t now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

bool write_request(struct request *request, const struct sockaddr_in *server, const char *path)
{
	char host[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &server->sin_addr, host, sizeof(host));
	/* It offers to keep the connection even where it does not. */
	request->length = (size_t)snprintf(request->bytes, sizeof(request->bytes),
					   "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: load\r\nAccept: */*\r\n"
					   "Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n\r\n",
					   path, host);
	return request->length < sizeof(request->bytes);
}

void disconnect(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

static enum outcome failed(struct client *client, enum outcome why)
{
	disconnect(client);
	client->busy = false;
	return why;
}

static enum outcome failed_by(struct client *client, int error)
{
	switch (error) {
	case ECONNREFUSED: return failed(client, REFUSED);
	case ECONNRESET:
	case EPIPE: return failed(client, RESET);
	case ETIMEDOUT: return failed(client, TIMED_OUT);
	default: return failed(client, LOCAL);
	}
}

static enum outcome send_request(struct client *client)
{
	const struct request *request = client->request;
	ssize_t sent = send(client->fd, request->bytes, request->length, MSG_NOSIGNAL);

	if (sent == (ssize_t)request->length)
		client->sent = true;
	else if (sent < 0 && errno != EAGAIN)
		return failed_by(client, errno);
	else if (sent >= 0)
		return failed(client, LOCAL);
	return PENDING;
}

/* Returns an errno. The port is chosen only when both addresses are known, so that each source has all ports for itself. */
static int open_connection(struct client *client, const struct route *route, struct in_addr from)
{
	struct sockaddr_in source = { .sin_family = AF_INET, .sin_addr = from };
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = client };
	int on = 1;

	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return errno;
	setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(client->fd, (struct sockaddr *)&source, sizeof(source)) != 0)
		return errno;
	if (connect(client->fd, (struct sockaddr *)&route->server, sizeof(route->server)) != 0 && errno != EINPROGRESS)
		return errno;
	return epoll_ctl(route->epoll, EPOLL_CTL_ADD, client->fd, &event) == 0 ? 0 : errno;
}

enum outcome begin_request(struct client *client, const struct route *route, struct in_addr source,
			   const struct request *request, double timeout)
{
	int error;

	client->busy = true;
	client->sent = false;
	client->request = request;
	client->deadline_us = now_us() + (int64_t)(timeout * 1e6);
	reset_response(&client->response);
	if (client->fd >= 0)
		return send_request(client);
	error = open_connection(client, route, source);
	return error == 0 ? PENDING : failed_by(client, error);
}

static enum outcome answered(struct client *client)
{
	if (client->response.closes || client->response.until_close)
		disconnect(client);
	client->busy = false;
	return ANSWERED;
}

static enum outcome receive(struct client *client)
{
	static char bytes[READ_SIZE];

	for (;;) {
		ssize_t length = recv(client->fd, bytes, sizeof(bytes), 0);
		enum progress progress;

		if (length < 0)
			return errno == EAGAIN ? PENDING : failed_by(client, errno);
		if (length == 0)
			return client->response.in_body && client->response.until_close ? answered(client) :
											  failed(client, CLOSED);
		progress = take_bytes(&client->response, bytes, (size_t)length);
		if (progress == COMPLETE)
			return answered(client);
		if (progress == MALFORMED)
			return failed(client, GARBLED);
	}
}

enum outcome advance(struct client *client, uint32_t events)
{
	if (!client->busy) {
		/* The server closed a connection that was kept, which it may. */
		if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			disconnect(client);
		return PENDING;
	}
	if (events & EPOLLERR) {
		int error = 0;
		socklen_t size = sizeof(error);

		getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size);
		return failed_by(client, error);
	}
	if (!client->sent && (events & EPOLLOUT)) {
		enum outcome outcome = send_request(client);

		if (outcome != PENDING)
			return outcome;
	}
	return client->sent && (events & (EPOLLIN | EPOLLHUP)) ? receive(client) : PENDING;
}

enum outcome time_out(struct client *client)
{
	return failed(client, TIMED_OUT);
}

void wait_until(const struct route *route, int64_t wake_us, void (*serve)(struct client *client, uint32_t events))
{
	struct epoll_event events[EVENTS];
	int64_t left = wake_us - now_us();
	struct timespec limit = { .tv_sec = left > 0 ? left / 1000000 : 0,
				  .tv_nsec = left > 0 ? left % 1000000 * 1000 : 0 };
	int count = epoll_pwait2(route->epoll, events, EVENTS, &limit, NULL);

	for (int i = 0; i < count; i++)
		serve(events[i].data.ptr, events[i].events);
}
