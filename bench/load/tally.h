/* SPDX-License-Identifier: Apache-2.0 */
/* What came of requests: how many ended how, and how long the answers took. */
#ifndef TALLY_H
#define TALLY_H

#include "client.h"
#include "histogram.h"

#define STATUSES 600

struct tally {
	uint64_t started, ok, statuses[STATUSES], failures[OUTCOMES];
	struct histogram histogram;
};

/* Counts an answer that was complete, with the time it took. */
void count_answer(struct tally *tally, int status, int64_t us);

void count_failure(struct tally *tally, enum outcome why);

/* Members of a JSON object, without its braces, and with the processor time of this process. */
void print_tally(const struct tally *tally, double seconds);

#endif
