/* SPDX-License-Identifier: Apache-2.0 */
#include "tally.h"

#include <stdio.h>
#include <sys/resource.h>

void count_answer(struct tally *tally, int status, int64_t us)
{
	count_time(&tally->histogram, us);
	tally->statuses[status >= 0 && status < STATUSES ? status : 0]++;
	if (status == 200)
		tally->ok++;
}

void count_failure(struct tally *tally, enum outcome why)
{
	tally->failures[why]++;
}

void print_tally(const struct tally *tally, double seconds)
{
	struct rusage usage;
	const char *before = "";

	getrusage(RUSAGE_SELF, &usage);
	printf("\"started\":%llu,\"ok\":%llu,\"seconds\":%.6f,\"cpuUs\":%lld,\"statuses\":{",
	       (unsigned long long)tally->started, (unsigned long long)tally->ok, seconds,
	       (long long)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec +
		       usage.ru_stime.tv_usec);
	for (unsigned i = 0; i < STATUSES; i++) {
		if (tally->statuses[i] == 0)
			continue;
		printf("%s\"%u\":%llu", before, i, (unsigned long long)tally->statuses[i]);
		before = ",";
	}
	printf("},\"failures\":{");
	for (unsigned i = FIRST_FAILURE; i < OUTCOMES; i++)
		printf("%s\"%s\":%llu", i == FIRST_FAILURE ? "" : ",", outcome_name(i),
		       (unsigned long long)tally->failures[i]);
	printf("},\"histogram\":");
	print_histogram(&tally->histogram);
}
