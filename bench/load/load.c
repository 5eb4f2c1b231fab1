/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks for a path again and again, as instances do, and says how long the answers took: as one JSON document.
 *
 * With --rate requests begin at fixed times, whether earlier ones are answered or not, and latency counts from the time a
 * request was to begin, so that a server that stalls is charged for everybody it kept waiting. With --clients alone each of
 * so many clients asks anew as soon as it has its answer.
 */
#define _GNU_SOURCE
#include "histogram.h"
#include "options.h"
#include "response.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 256
#define STATUSES 600
#define READ_SIZE 65536

enum failure { REFUSED, RESET, CLOSED, TIMED_OUT, GARBLED, LOCAL, FAILURES };

static const char *const FAILURE_NAMES[FAILURES] = { "refused", "reset", "closed", "timeout", "garbled", "local" };

struct client {
	int fd;		   /* -1: no connection */
	bool busy;	   /* with a request */
	bool sent;
	int64_t due_us;	   /* when its request was to begin */
	int64_t deadline_us;
	unsigned next_free; /* index in the list of clients that wait for something to do */
	struct response response;
};

static struct {
	struct options options;
	struct client *clients;
	unsigned made;	/* clients that exist so far */
	unsigned free;	/* first of those without a request; options.clients: none */
	unsigned busy;
	unsigned oldest; /* where the search for those out of time goes on */
	unsigned next_source;
	int epoll;
	char request[1024];
	size_t request_length;
	uint64_t started, ok, statuses[STATUSES], failures[FAILURES];
	struct histogram histogram;
} run;

static int64_t now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static void disconnect(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

static void release(struct client *client)
{
	client->busy = false;
	client->next_free = run.free;
	run.free = (unsigned)(client - run.clients);
	run.busy--;
}

static void fail(struct client *client, enum failure failure)
{
	run.failures[failure]++;
	disconnect(client);
	release(client);
}

static enum failure failure_of(int error)
{
	switch (error) {
	case ECONNREFUSED: return REFUSED;
	case ECONNRESET:
	case EPIPE: return RESET;
	case ETIMEDOUT: return TIMED_OUT;
	default: return LOCAL;
	}
}

static void send_request(struct client *client)
{
	ssize_t sent = send(client->fd, run.request, run.request_length, MSG_NOSIGNAL);

	if (sent == (ssize_t)run.request_length)
		client->sent = true;
	else if (sent < 0 && errno != EAGAIN)
		fail(client, failure_of(errno));
	else if (sent >= 0)
		fail(client, LOCAL);
}

/* Returns an errno. The port is chosen only when both addresses are known, so that each source has all ports for itself. */
static int open_connection(struct client *client)
{
	struct sockaddr_in source = { .sin_family = AF_INET };
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = client };
	int on = 1;

	source.sin_addr.s_addr = htonl(ntohl(run.options.first_source.s_addr) + run.next_source);
	run.next_source = (run.next_source + 1) % run.options.sources;
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return errno;
	setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(client->fd, (struct sockaddr *)&source, sizeof(source)) != 0)
		return errno;
	if (connect(client->fd, (struct sockaddr *)&run.options.server, sizeof(run.options.server)) != 0 &&
	    errno != EINPROGRESS)
		return errno;
	return epoll_ctl(run.epoll, EPOLL_CTL_ADD, client->fd, &event) == 0 ? 0 : errno;
}

static struct client *idle_client(void)
{
	struct client *client;

	if (run.free < run.options.clients) {
		client = &run.clients[run.free];
		run.free = client->next_free;
		return client;
	}
	if (run.made == run.options.clients)
		return NULL;
	client = &run.clients[run.made++];
	client->fd = -1;
	return client;
}

/* Returns false when all clients are busy. */
static bool begin(int64_t due_us)
{
	struct client *client = idle_client();
	int error;

	if (client == NULL)
		return false;
	run.started++;
	run.busy++;
	client->busy = true;
	client->sent = false;
	client->due_us = due_us;
	client->deadline_us = now_us() + (int64_t)(run.options.timeout * 1e6);
	reset_response(&client->response);
	if (client->fd >= 0) {
		send_request(client);
		return true;
	}
	error = open_connection(client);
	if (error != 0)
		fail(client, failure_of(error));
	return true;
}

static void finish(struct client *client)
{
	int status = client->response.status;

	count_time(&run.histogram, now_us() - client->due_us);
	run.statuses[status >= 0 && status < STATUSES ? status : 0]++;
	if (status == 200)
		run.ok++;
	if (!run.options.keep_alive || client->response.closes || client->response.until_close)
		disconnect(client);
	release(client);
}

static void receive(struct client *client)
{
	static char bytes[READ_SIZE];

	while (client->busy) {
		ssize_t length = recv(client->fd, bytes, sizeof(bytes), 0);

		if (length < 0 && errno == EAGAIN)
			return;
		if (length < 0) {
			fail(client, failure_of(errno));
		} else if (length == 0) {
			if (client->response.in_body && client->response.until_close)
				finish(client);
			else
				fail(client, CLOSED);
		} else {
			enum progress progress = take_bytes(&client->response, bytes, (size_t)length);

			if (progress == COMPLETE)
				finish(client);
			else if (progress == MALFORMED)
				fail(client, GARBLED);
		}
	}
}

static void serve(struct client *client, uint32_t events)
{
	if (!client->busy) {
		/* The server closed a connection that was kept, which it may. */
		if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			disconnect(client);
		return;
	}
	if (events & EPOLLERR) {
		int error = 0;
		socklen_t size = sizeof(error);

		getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size);
		fail(client, failure_of(error));
		return;
	}
	if (!client->sent && (events & EPOLLOUT))
		send_request(client);
	if (client->busy && client->sent && (events & (EPOLLIN | EPOLLHUP)))
		receive(client);
}

/* A share of the clients each time, so that all are looked at some hundred times a second whatever their number. */
static void time_out(int64_t now, unsigned share)
{
	for (unsigned i = 0; i < share && i < run.made; i++) {
		struct client *client = &run.clients[run.oldest];

		run.oldest = (run.oldest + 1) % run.made;
		if (client->busy && client->deadline_us <= now)
			fail(client, TIMED_OUT);
	}
}

static void wait_until(int64_t wake_us)
{
	struct epoll_event events[EVENTS];
	int64_t left = wake_us - now_us();
	struct timespec limit = { .tv_sec = left > 0 ? left / 1000000 : 0,
				  .tv_nsec = left > 0 ? left % 1000000 * 1000 : 0 };
	int count = epoll_pwait2(run.epoll, events, EVENTS, &limit, NULL);

	for (int i = 0; i < count; i++)
		serve(events[i].data.ptr, events[i].events);
}

static void ask(void)
{
	int64_t start = now_us(), end = start + (int64_t)(run.options.seconds * 1e6);
	double step_us = run.options.rate == 0 ? 0 : 1e6 / run.options.rate;
	uint64_t planned = run.options.rate == 0 ? 0 : (uint64_t)(run.options.seconds * run.options.rate);
	uint64_t begun = 0;

	for (;;) {
		int64_t now = now_us(), due = start + (int64_t)((double)begun * step_us);

		if (run.options.rate == 0) {
			while (now_us() < end && begin(now_us()))
				begun++;
			due = end;
		} else {
			while (begun < planned && due <= now && begin(due))
				due = start + (int64_t)((double)++begun * step_us);
		}
		if (run.busy == 0 && (run.options.rate == 0 ? now >= end : begun == planned))
			return;
		time_out(now, run.made / 64 + 16);
		if (run.options.rate == 0 || begun == planned || due <= now || due > now + 10000)
			due = now + 10000;
		wait_until(due);
	}
}

static void print_result(double seconds)
{
	struct rusage usage;
	const char *before = "";

	getrusage(RUSAGE_SELF, &usage);
	printf("{\"started\":%llu,\"ok\":%llu,\"seconds\":%.6f,\"cpuUs\":%lld,\"statuses\":{",
	       (unsigned long long)run.started, (unsigned long long)run.ok, seconds,
	       (long long)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec +
		       usage.ru_stime.tv_usec);
	for (unsigned i = 0; i < STATUSES; i++) {
		if (run.statuses[i] == 0)
			continue;
		printf("%s\"%u\":%llu", before, i, (unsigned long long)run.statuses[i]);
		before = ",";
	}
	printf("},\"failures\":{");
	for (unsigned i = 0; i < FAILURES; i++)
		printf("%s\"%s\":%llu", i == 0 ? "" : ",", FAILURE_NAMES[i], (unsigned long long)run.failures[i]);
	printf("},\"histogram\":");
	print_histogram(&run.histogram);
	printf("}\n");
}

int main(int count, char **words)
{
	char host[INET_ADDRSTRLEN];
	int64_t start;

	read_options(count, words, &run.options);
	inet_ntop(AF_INET, &run.options.server.sin_addr, host, sizeof(host));
	/* As cloud-init asks (contract.md 5): it offers to keep the connection even where it does not. */
	run.request_length = (size_t)snprintf(run.request, sizeof(run.request),
					      "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: load\r\nAccept: */*\r\n"
					      "Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n\r\n",
					      run.options.path, host);
	run.clients = calloc(run.options.clients, sizeof(*run.clients));
	run.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (run.clients == NULL || run.epoll < 0 || run.request_length >= sizeof(run.request)) {
		fprintf(stderr, "load: cannot begin\n");
		return 1;
	}
	run.free = run.options.clients;
	start = now_us();
	ask();
	print_result((double)(now_us() - start) / 1e6);
	return 0;
}
