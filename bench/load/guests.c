/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boots many instances at once, each as cloud-init boots one (contract.md 5): so many documents one after the other, a
 * connection for each. Their paths come on standard input, one a line. What came of it goes out as one JSON document.
 *
 * The first is the probe, for which there is one chance: whatever goes wrong ends the boot, but for a 503, at which some
 * versions wait. After it a request is repeated RETRIES times where a later one may succeed. A boot is good when all
 * documents came with 200.
 */
#define _GNU_SOURCE
#include "arguments.h"
#include "client.h"
#include "tally.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define GUESTS_MAX 4096
#define DOCUMENTS_MAX 64
#define RETRIES 5
#define RETRY_AFTER_MAX_S 60

/* What the probe does at a 503: cloud-init before 25.1, one that waits when it is told how long, and cloud-init since 25.1. */
enum at_503 { GIVES_UP, WAITS_IF_TOLD, WAITS };

struct guest {
	struct client client; /* first: what epoll brings is the guest, too */
	struct in_addr source;
	unsigned document; /* that it asks for */
	unsigned tries;	   /* to get it */
	unsigned attempts; /* in all */
	int64_t began_us;  /* its last attempt */
	int64_t wake_us;   /* when the next is due, where none is under way */
	bool over, ok;
	double seconds;	   /* from the start of all to its end */
	int status;	   /* that ended it, or 0 */
	enum outcome why;  /* that ended it, without a status; PENDING: it took too long in all */
};

const char USAGE[] = "guests --to ADDRESS [--port N] --from FIRST_SOURCE --guests N --at-503 give-up|wait-if-told|wait\n"
		     "       [--timeout S] [--patience S] [--pause S] <PATHS\n";

static struct {
	struct route route;
	struct in_addr first_source;
	struct request documents[DOCUMENTS_MAX];
	unsigned document_count, guest_count, left;
	enum at_503 at_503;
	double timeout;	 /* seconds until a request counts as failed */
	double patience; /* seconds until a boot does */
	double pause;	 /* seconds until a request is repeated */
	int64_t start_us;
	struct guest *guests;
	struct tally tally;
} run = { .route.server = { .sin_family = AF_INET }, .timeout = 10, .patience = 120, .pause = 1 };

static void end_boot(struct guest *guest, bool ok, int status, enum outcome why)
{
	disconnect(&guest->client);
	guest->over = true;
	guest->ok = ok;
	guest->status = status;
	guest->why = why;
	guest->seconds = (double)(now_us() - run.start_us) / 1e6;
	run.left--;
}

static void try_again(struct guest *guest, double seconds)
{
	disconnect(&guest->client);
	guest->wake_us = now_us() + (int64_t)(seconds * 1e6);
}

/* Seconds that the probe waits at a 503; 0: it does not. */
static double probe_pause(int retry_after)
{
	bool told = retry_after >= 0;
	double seconds = retry_after < run.pause ? run.pause : retry_after;

	if (run.at_503 == GIVES_UP || (run.at_503 == WAITS_IF_TOLD && !told))
		return 0;
	return seconds > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : seconds;
}

static bool may_succeed_later(int status)
{
	return status == 408 || status == 429 || (status >= 500 && status <= 504 && status != 501);
}

/* Decides after an attempt that brought no document: with a status, or 0 and an outcome. */
static void miss(struct guest *guest, int status, enum outcome why)
{
	if (guest->document == 0) {
		double pause = status == 503 ? probe_pause(guest->client.response.retry_after) : 0;

		if (pause > 0)
			try_again(guest, pause);
		else
			end_boot(guest, false, status, why);
	} else if ((status == 0 || may_succeed_later(status)) && guest->tries <= RETRIES) {
		try_again(guest, run.pause);
	} else {
		end_boot(guest, false, status, why);
	}
}

/* What follows from an outcome. The next request is due at once, and begun by whoever looks for those that are due. */
static void conclude(struct guest *guest, enum outcome outcome)
{
	int status = guest->client.response.status;

	if (outcome == PENDING)
		return;
	if (outcome != ANSWERED) {
		count_failure(&run.tally, outcome);
		miss(guest, 0, outcome);
		return;
	}
	count_answer(&run.tally, status, now_us() - guest->began_us);
	if (status != 200) {
		miss(guest, status, ANSWERED);
		return;
	}
	guest->tries = 0;
	if (++guest->document == run.document_count)
		end_boot(guest, true, 0, ANSWERED);
	else
		try_again(guest, 0);
}

static void ask(struct guest *guest)
{
	run.tally.started++;
	guest->tries++;
	guest->attempts++;
	guest->began_us = now_us();
	conclude(guest, begin_request(&guest->client, &run.route, guest->source, &run.documents[guest->document],
				      run.timeout));
}

static void serve(struct client *client, uint32_t events)
{
	conclude((struct guest *)client, advance(client, events));
}

/* Does what is due with a guest. Returns when it has to be looked at again. */
static int64_t attend(struct guest *guest, int64_t now)
{
	if (now - run.start_us > (int64_t)(run.patience * 1e6))
		end_boot(guest, false, 0, PENDING);
	else if (guest->client.busy && guest->client.deadline_us <= now)
		conclude(guest, time_out(&guest->client));
	else if (!guest->client.busy && guest->wake_us <= now)
		ask(guest);
	if (guest->over)
		return INT64_MAX;
	return guest->client.busy ? guest->client.deadline_us : guest->wake_us;
}

static void boot_all(void)
{
	run.start_us = now_us();
	for (;;) {
		int64_t now = now_us(), wake = now + 100000;

		for (unsigned i = 0; i < run.guest_count; i++) {
			struct guest *guest = &run.guests[i];
			int64_t due = guest->over ? INT64_MAX : attend(guest, now);

			wake = due < wake ? due : wake;
		}
		if (run.left == 0)
			return;
		wait_until(&run.route, wake, serve);
	}
}

static enum at_503 manners(const char *word)
{
	static const char *const words[] = { "give-up", "wait-if-told", "wait" };

	for (enum at_503 each = GIVES_UP; each <= WAITS; each++)
		if (strcmp(words[each], word) == 0)
			return each;
	misused(word);
}

static void read_arguments(int count, char **words)
{
	static const struct option known[] = {
		{ "to", required_argument, NULL, 't' },	      { "port", required_argument, NULL, 'p' },
		{ "from", required_argument, NULL, 'f' },     { "guests", required_argument, NULL, 'g' },
		{ "at-503", required_argument, NULL, 'a' },   { "timeout", required_argument, NULL, 'o' },
		{ "patience", required_argument, NULL, 'w' }, { "pause", required_argument, NULL, 'z' },
		{ 0 },
	};
	struct sockaddr_in *server = &run.route.server;
	int option;

	server->sin_port = htons(80);
	while ((option = getopt_long(count, words, "", known, NULL)) != -1) {
		switch (option) {
		case 't': server->sin_addr = address(optarg); break;
		case 'p': server->sin_port = htons((uint16_t)number(optarg, 1, 65535)); break;
		case 'f': run.first_source = address(optarg); break;
		case 'g': run.guest_count = (unsigned)number(optarg, 1, GUESTS_MAX); break;
		case 'a': run.at_503 = manners(optarg); break;
		case 'o': run.timeout = number(optarg, 0.01, 600); break;
		case 'w': run.patience = number(optarg, 0.1, 3600); break;
		case 'z': run.pause = number(optarg, 0.001, 60); break;
		default: misused("unknown option");
		}
	}
	if (server->sin_addr.s_addr == 0 || run.first_source.s_addr == 0 || run.guest_count == 0)
		misused("--to, --from and --guests are needed");
}

static void read_paths(void)
{
	char line[REQUEST_MAX];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (run.document_count == DOCUMENTS_MAX ||
		    !write_request(&run.documents[run.document_count++], &run.route.server, line))
			misused("too many paths, or too long");
	}
	if (run.document_count == 0)
		misused("no paths");
}

static void print_guests(void)
{
	printf(",\"guests\":[");
	for (unsigned i = 0; i < run.guest_count; i++) {
		const struct guest *guest = &run.guests[i];

		printf("%s{\"ok\":%s,\"seconds\":%.6f,\"attempts\":%u", i == 0 ? "" : ",", guest->ok ? "true" : "false",
		       guest->seconds, guest->attempts);
		if (!guest->ok && guest->status != 0)
			printf(",\"document\":%u,\"why\":\"%d\"", guest->document, guest->status);
		else if (!guest->ok)
			printf(",\"document\":%u,\"why\":\"%s\"", guest->document,
			       guest->why == PENDING ? "patience" : outcome_name(guest->why));
		putchar('}');
	}
	putchar(']');
}

int main(int count, char **words)
{
	read_arguments(count, words);
	read_paths();
	run.route.epoll = epoll_create1(EPOLL_CLOEXEC);
	run.guests = calloc(run.guest_count, sizeof(*run.guests));
	if (run.guests == NULL || run.route.epoll < 0) {
		fprintf(stderr, "guests: cannot begin\n");
		return 1;
	}
	run.left = run.guest_count;
	for (unsigned i = 0; i < run.guest_count; i++) {
		run.guests[i].client.fd = -1;
		run.guests[i].source.s_addr = htonl(ntohl(run.first_source.s_addr) + i);
	}
	boot_all();
	putchar('{');
	print_tally(&run.tally, (double)(now_us() - run.start_us) / 1e6);
	print_guests();
	puts("}");
	return 0;
}
