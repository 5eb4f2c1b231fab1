/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target without a fuzzer: the same inputs each time, whatever the compiler and the machine.
 *
 *   replay SEED RUNS MAX_LEN FILE...
 *
 * First each file as it is, then RUNS inputs made of them by changes that come from SEED alone. Where one ends the process,
 * it is on standard error in hexadecimal: the sanitisers must abort (abort_on_error=1).
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

#define FILES_MAX 4096
#define INPUT_MAX 65536

struct text {
	uint8_t *bytes;
	size_t size;
};

static struct text files[FILES_MAX];
static size_t file_count, max_len;
static uint64_t state;

static struct text current;
static unsigned long current_run;

static void put(const char *text)
{
	if (write(2, text, strlen(text)) < 0)
		_exit(1);
}

static void tell_input(int signal_number)
{
	static const char digits[] = "0123456789abcdef";
	char line[64];

	snprintf(line, sizeof(line), "\nreplay: run %lu, input of %zu bytes: ", current_run, current.size);
	put(line);
	for (size_t i = 0; i < current.size; i++)
		put((char[]){digits[current.bytes[i] >> 4], digits[current.bytes[i] & 15], '\0'});
	put("\n");
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

/* xorshift64* of Marsaglia and Vigna. */
static uint64_t random_word(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dULL;
}

static size_t below(size_t limit)
{
	return limit ? (size_t)(random_word() >> 11) % limit : 0;
}

/* Numbers about which a reader may be wrong by one. */
static uint32_t special(void)
{
	static const uint32_t numbers[] = {0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xfffc, 0xffff,
					   0x10000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffe, 0xffffffff};
	uint32_t number = numbers[below(sizeof(numbers) / sizeof(numbers[0]))];

	return below(2) ? number : __builtin_bswap32(number);
}

static void overwrite(uint8_t *bytes, size_t size)
{
	uint32_t number = special();
	size_t width = (size_t)1 << below(3);
	size_t at = below(size);

	memcpy(bytes + at, &number, size - at < width ? size - at : width);
}

/* A piece of any file, from anywhere to anywhere. */
static size_t splice(uint8_t *bytes, size_t size)
{
	const struct text *other = &files[below(file_count)];
	size_t from = below(other->size + 1), at = below(size + 1), length = below(other->size - from + 1);

	if (length > max_len - at)
		length = max_len - at;
	if (length)
		memcpy(bytes + at, other->bytes + from, length);
	return at + length > size ? at + length : size;
}

/* Bytes go, or come twice. */
static size_t move(uint8_t *bytes, size_t size)
{
	size_t from = below(size + 1), to = below(size + 1);
	size_t length = size - from;

	if (length > max_len - to)
		length = max_len - to;
	memmove(bytes + to, bytes + from, length);
	return to + length;
}

static size_t change(uint8_t *bytes, size_t size)
{
	switch (below(6)) {
	case 0:
		if (size)
			bytes[below(size)] ^= (uint8_t)(1U << below(8));
		return size;
	case 1:
		if (size)
			bytes[below(size)] = (uint8_t)random_word();
		return size;
	case 2:
		return below(size + 1);
	case 3:
		return splice(bytes, size);
	case 4:
		return move(bytes, size);
	default:
		if (size)
			overwrite(bytes, size);
		return size;
	}
}

/* In memory of exactly its size, so that a sanitiser sees each byte read beyond it. */
static void run(const uint8_t *bytes, size_t size)
{
	current.bytes = malloc(size ? size : 1);
	current.size = size;
	if (!current.bytes)
		abort();
	if (size)
		memcpy(current.bytes, bytes, size);
	LLVMFuzzerTestOneInput(current.bytes, size);
	free(current.bytes);
	current_run++;
}

static void run_changed(void)
{
	uint8_t bytes[INPUT_MAX] = {0};
	const struct text *file = &files[below(file_count)];
	size_t size = file->size;

	memcpy(bytes, file->bytes, size);
	for (size_t changes = 1 + below(6); changes > 0; changes--)
		size = change(bytes, size);
	run(bytes, size);
}

static struct text read_file(const char *path)
{
	static uint8_t bytes[INPUT_MAX];
	struct text text = {};
	FILE *file = fopen(path, "re");

	if (!file) {
		perror(path);
		exit(2);
	}
	text.size = fread(bytes, 1, max_len, file);
	text.bytes = malloc(text.size + 1);
	if (!text.bytes)
		abort();
	memcpy(text.bytes, bytes, text.size);
	fclose(file);
	return text;
}

int main(int argc, char **argv)
{
	unsigned long runs;

	if (argc < 5 || argc - 4 > FILES_MAX) {
		fprintf(stderr, "usage: replay SEED RUNS MAX_LEN FILE...\n");
		return 2;
	}
	state = strtoull(argv[1], NULL, 10) | 1;
	runs = strtoul(argv[2], NULL, 10);
	max_len = strtoul(argv[3], NULL, 10);
	if (max_len > INPUT_MAX)
		max_len = INPUT_MAX;
	signal(SIGABRT, tell_input);
	for (int i = 4; i < argc; i++)
		files[file_count++] = read_file(argv[i]);
	for (size_t i = 0; i < file_count; i++)
		run(files[i].bytes, files[i].size);
	while (runs-- > 0)
		run_changed();
	for (size_t i = 0; i < file_count; i++)
		free(files[i].bytes);
	printf("%lu\n", current_run);
	return 0;
}
