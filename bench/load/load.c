/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks for a path again and again, as instances do, and says how long the answers took: as one JSON document.
 *
 * With --rate requests begin at fixed times, whether earlier ones are answered or not, and latency counts from the time a
 * request was to begin, so that a server that stalls is charged for everybody it kept waiting. With --clients alone each of
 * so many clients asks anew as soon as it has its answer.
 */
#define _GNU_SOURCE
#include "client.h"
#include "options.h"
#include "tally.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

struct asker {
	struct client client; /* first: what epoll brings is the asker, too */
	int64_t due_us;	      /* when its request was to begin */
	unsigned next_free;   /* index in the list of askers that wait for something to do */
};

static struct {
	struct options options;
	struct route route;
	struct request request;
	struct asker *askers;
	unsigned made;	/* askers that exist so far */
	unsigned free;	/* first of those without a request; options.clients: none */
	unsigned busy;
	unsigned oldest; /* where the search for those out of time goes on */
	unsigned next_source;
	struct tally tally;
} run;

static void release(struct asker *asker)
{
	asker->next_free = run.free;
	run.free = (unsigned)(asker - run.askers);
	run.busy--;
}

static void conclude(struct asker *asker, enum outcome outcome)
{
	if (outcome == PENDING)
		return;
	if (outcome == ANSWERED) {
		count_answer(&run.tally, asker->client.response.status, now_us() - asker->due_us);
		if (!run.options.keep_alive)
			disconnect(&asker->client);
	} else {
		count_failure(&run.tally, outcome);
	}
	release(asker);
}

static struct in_addr next_source(void)
{
	struct in_addr source = { htonl(ntohl(run.options.first_source.s_addr) + run.next_source) };

	run.next_source = (run.next_source + 1) % run.options.sources;
	return source;
}

static struct asker *idle_asker(void)
{
	struct asker *asker;

	if (run.free < run.options.clients) {
		asker = &run.askers[run.free];
		run.free = asker->next_free;
		return asker;
	}
	if (run.made == run.options.clients)
		return NULL;
	asker = &run.askers[run.made++];
	asker->client.fd = -1;
	return asker;
}

/* Returns false when all are busy. */
static bool begin(int64_t due_us)
{
	struct asker *asker = idle_asker();
	struct in_addr source = run.options.first_source;

	if (asker == NULL)
		return false;
	run.tally.started++;
	run.busy++;
	asker->due_us = due_us;
	if (asker->client.fd < 0)
		source = next_source();
	conclude(asker, begin_request(&asker->client, &run.route, source, &run.request, run.options.timeout));
	return true;
}

static void serve(struct client *client, uint32_t events)
{
	conclude((struct asker *)client, advance(client, events));
}

/* A share of the askers each time, so that all are looked at some hundred times a second whatever their number. */
static void end_late(int64_t now, unsigned share)
{
	for (unsigned i = 0; i < share && i < run.made; i++) {
		struct asker *asker = &run.askers[run.oldest];

		run.oldest = (run.oldest + 1) % run.made;
		if (asker->client.busy && asker->client.deadline_us <= now)
			conclude(asker, time_out(&asker->client));
	}
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
		end_late(now, run.made / 64 + 16);
		if (run.options.rate == 0 || begun == planned || due <= now || due > now + 10000)
			due = now + 10000;
		wait_until(&run.route, due, serve);
	}
}

int main(int count, char **words)
{
	int64_t start;

	read_options(count, words, &run.options);
	run.route.server = run.options.server;
	run.route.epoll = epoll_create1(EPOLL_CLOEXEC);
	run.askers = calloc(run.options.clients, sizeof(*run.askers));
	if (run.askers == NULL || run.route.epoll < 0 ||
	    !write_request(&run.request, &run.options.server, run.options.path)) {
		fprintf(stderr, "load: cannot begin\n");
		return 1;
	}
	run.free = run.options.clients;
	start = now_us();
	ask();
	putchar('{');
	print_tally(&run.tally, (double)(now_us() - start) / 1e6);
	puts("}");
	return 0;
}
