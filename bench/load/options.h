/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <netinet/in.h>
#include <stdbool.h>

struct options {
	struct sockaddr_in server;
	struct in_addr first_source;
	unsigned sources; /* addresses in a row that connections come from, in turn */
	const char *path;
	double rate;	   /* requests per second at fixed times; 0: as fast as the clients can */
	unsigned clients;  /* connections at once; with a rate, as many as it takes and no more than this */
	double seconds;
	double timeout;	   /* seconds until a request counts as failed */
	bool keep_alive;   /* many requests on a connection */
};

/* Ends the program when they are wrong. */
void read_options(int count, char **words, struct options *options);

#endif
