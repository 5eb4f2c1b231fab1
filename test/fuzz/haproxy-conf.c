/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configurations of haproxy (native/haproxy-conf.c): any bytes are one of Neutron's, or refused with a reason of one line. An
 * input is the file.
 */
#define _GNU_SOURCE
#include "../../native/haproxy-conf.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME "the input"

static const uint8_t *file;
static size_t file_size;

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);

FILE *__wrap_fopen(const char *path, const char *mode)
{
	if (strcmp(path, FILE_NAME) != 0)
		return __real_fopen(path, mode);
	return fmemopen((void *)file, file_size, "r");
}

static void expect(int holds)
{
	if (!holds)
		abort();
}

/* What the shim does with these: the owner goes to the daemon as part of a path, the other names a file that is written. */
static void check(const struct haproxy_conf *conf)
{
	expect(strlen(conf->owner) == UUID_LENGTH);
	for (const char *at = conf->owner; *at; at++)
		expect(isxdigit((unsigned char)*at) || *at == '-');
	expect(conf->pidfile[0] == '/' && memchr(conf->pidfile, '\0', sizeof(conf->pidfile)));
	/* A text: what haproxy would read of it is what was read here. */
	expect(!memchr(file, '\0', file_size));
	expect(memmem(file, file_size, conf->owner, UUID_LENGTH) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size); /* libFuzzer has no header for it */

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static struct haproxy_conf conf;
	char why[40];
	int error;

	if (size == 0)
		return 0;
	file = input;
	file_size = size;
	memset(&conf, 0xaa, sizeof(conf));
	memset(why, 0xaa, sizeof(why));
	error = haproxy_conf_read(FILE_NAME, &conf, why, sizeof(why));
	if (error) {
		expect(memchr(why, '\0', sizeof(why)) && !strchr(why, '\n'));
		expect((uint8_t)conf.owner[0] == 0xaa);
	} else {
		check(&conf);
	}
	return 0;
}
