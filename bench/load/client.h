/* SPDX-License-Identifier: Apache-2.0 */
/* A client of a proxy: its connection, and the one request on it. What it asks, and what comes next, is up to the program. */
#ifndef CLIENT_H
#define CLIENT_H

#include "response.h"

#include <netinet/in.h>
#include <stdint.h>

#define REQUEST_MAX 1024

enum outcome {
	PENDING,
	ANSWERED, /* completely, whatever the status */
	REFUSED,
	RESET,
	CLOSED,
	TIMED_OUT,
	GARBLED,
	LOCAL, /* the trouble is on this machine */
	OUTCOMES
};
#define FIRST_FAILURE REFUSED

struct request {
	size_t length;
	char bytes[REQUEST_MAX];
};

struct client {
	int fd;	   /* -1: no connection */
	bool busy; /* with a request */
	bool sent;
	int64_t deadline_us;
	const struct request *request;
	struct response response;
};

/* Where connections go to, and what they are watched with. */
struct route {
	struct sockaddr_in server;
	int epoll; /* its events bring the client */
};

const char *outcome_name(enum outcome outcome);

int64_t now_us(void);

/* As cloud-init asks (contract.md 5). Returns false when the path is too long. */
bool write_request(struct request *request, const struct sockaddr_in *server, const char *path);

/* Sends a request on the connection there is, or on a new one from a source. Returns PENDING, or why it cannot. */
enum outcome begin_request(struct client *client, const struct route *route, struct in_addr source,
			   const struct request *request, double timeout);

/* Goes on with what epoll has told. With any outcome but PENDING the request is over; a failed one takes its connection along. */
enum outcome advance(struct client *client, uint32_t events);

/* Ends a request that has taken too long. */
enum outcome time_out(struct client *client);

void disconnect(struct client *client);

/* Waits until a time for events, and has each taken care of. */
void wait_until(const struct route *route, int64_t wake_us, void (*serve)(struct client *client, uint32_t events));

#endif
