/* SPDX-License-Identifier: Apache-2.0 */
/* Counts of times in microseconds, in steps of at most 1/64 of the time: constant size, whatever comes. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>
#include <stdio.h>

#define STEP_BITS 6
#define STEPS (1u << STEP_BITS)
#define BUCKETS (STEPS * (33 - STEP_BITS))

struct histogram {
	uint64_t counts[BUCKETS];
};

/* Times below 2 * STEPS have a bucket each; above, every power of two is divided into STEPS. */
static inline unsigned bucket_of(uint32_t us)
{
	unsigned power = us < STEPS ? 0 : (unsigned)(31 - __builtin_clz(us)) - STEP_BITS;

	return power * STEPS + (us >> power);
}

/* The longest time that a bucket counts, so that what is read from it is never better than it was. */
static inline uint32_t longest_in(unsigned bucket)
{
	unsigned power = bucket < 2 * STEPS ? 0 : bucket / STEPS - 1;
	uint64_t step = bucket - power * STEPS;

	return (uint32_t)(((step + 1) << power) - 1);
}

static inline void count_time(struct histogram *histogram, int64_t us)
{
	uint32_t bounded = us < 0 ? 0 : us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;

	histogram->counts[bucket_of(bounded)]++;
}

/* As JSON: [[longest time in us, count], ...] of the buckets with something in them, in order. */
static inline void print_histogram(const struct histogram *histogram)
{
	const char *before = "";

	putchar('[');
	for (unsigned i = 0; i < BUCKETS; i++) {
		if (histogram->counts[i] == 0)
			continue;
		printf("%s[%u,%llu]", before, longest_in(i), (unsigned long long)histogram->counts[i]);
		before = ",";
	}
	putchar(']');
}

#endif
