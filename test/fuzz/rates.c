/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of requests (native/rates.c) while another process that has it does with it what it likes.
 *
 * The first byte says whether a second thread writes all the time. What follows is steps of 10 bytes: a kind, a word's index
 * (both modulo something), and 8 bytes: what is written there, or when which client asks. Nothing may be read or written
 * beyond the table, and a client may never be kept waiting for longer than two windows.
 */
#define _GNU_SOURCE
#include "../../native/metasteer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLIENTS 16
#define STEP 10
#define PAGE 4096

enum kind { WRITE, TAKE, TAKE_LONG, CUT, GROW, FREEZE, REOPEN, KINDS };

static int table_fd = -1;
static _Atomic(uint64_t) *words; /* of the table, as a hostile process maps it */
static size_t word_count;
static _Atomic(int) writing;

static void expect(int holds)
{
	if (!holds)
		abort();
}

static void make_table(void)
{
	struct stat stat;

	expect(ms_rates_create(CLIENTS, &table_fd) == 0 && fstat(table_fd, &stat) == 0);
	expect(stat.st_size > 0 && stat.st_size < PAGE);
	words = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, table_fd, 0);
	expect(words != MAP_FAILED);
	word_count = (size_t)stat.st_size / sizeof(*words);
}

struct scribbler {
	const uint8_t *input;
	size_t size;
};

static void *scribble(void *argument)
{
	const struct scribbler *scribbler = argument;

	for (size_t at = 0; atomic_load(&writing); at++) {
		uint64_t word = 0;

		memcpy(&word, scribbler->input + at % scribbler->size, scribbler->size - at % scribbler->size < 8 ? 1 : 8);
		atomic_store(&words[at % word_count], word);
	}
	return NULL;
}

static void take(uint64_t number, const uint8_t *client, uint32_t length)
{
	static const struct ms_rate_windows windows[] = {
		{.base_ms = 10000, .base_limit = 10, .burst_ms = 1000, .burst_limit = 4},
		{.base_ms = 10000, .base_limit = 65535, .burst_ms = 1, .burst_limit = 1, .count_refused = 1},
	};
	const struct ms_rate_windows *chosen = &windows[number & 1];
	uint32_t wait_ms = 0xffffffff;

	expect(ms_rates_take(client, length, chosen, (uint32_t)(number >> 1), &wait_ms) == 0);
	expect(wait_ms <= 2 * chosen->base_ms);
}

static void step(const uint8_t *bytes, size_t left)
{
	uint64_t number;

	memcpy(&number, bytes + 2, sizeof(number));
	switch ((enum kind)(bytes[0] % KINDS)) {
	case WRITE:
		atomic_store(&words[bytes[1] % word_count], number);
		break;
	case TAKE:
		take(number, bytes + 1, 1);
		break;
	case TAKE_LONG:
		take(number, bytes + 1, left - 1 > 200 ? 200 : (uint32_t)left - 1);
		break;
	case CUT:
		expect(ftruncate(table_fd, bytes[1]) && errno == EPERM);
		break;
	case GROW:
		expect(ftruncate(table_fd, PAGE + bytes[1]) && errno == EPERM);
		break;
	case FREEZE:
		expect(fcntl(table_fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) && errno == EPERM);
		break;
	case REOPEN:
		expect(ms_rates_open(table_fd) == 0);
		break;
	case KINDS:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size); /* libFuzzer has no header for it */

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct scribbler scribbler = {.input = input, .size = size};
	pthread_t thread;
	int threaded = size > 0 && input[0] & 1;

	if (table_fd < 0)
		make_table();
	expect(ms_rates_open(table_fd) == 0);
	atomic_store(&writing, 1);
	if (threaded)
		expect(pthread_create(&thread, NULL, scribble, &scribbler) == 0);
	for (size_t at = 1; at + STEP <= size; at += STEP)
		step(input + at, size - at);
	atomic_store(&writing, 0);
	if (threaded)
		pthread_join(thread, NULL);
	/* The rest of the page is behind the table. */
	for (size_t i = word_count; i < PAGE / sizeof(*words); i++)
		expect(atomic_load(&words[i]) == 0);
	for (size_t i = 0; i < word_count; i++)
		atomic_store(&words[i], 0);
	return 0;
}
