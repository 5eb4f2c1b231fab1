/* SPDX-License-Identifier: Apache-2.0 */
#include "arguments.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void misused(const char *what)
{
	fprintf(stderr, "%s\n%s", what, USAGE);
	exit(2);
}

double number(const char *text, double from, double to)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end != '\0' || !(value >= from && value <= to))
		misused(text);
	return value;
}

struct in_addr address(const char *text)
{
	struct in_addr parsed;

	if (inet_pton(AF_INET, text, &parsed) != 1)
		misused(text);
	return parsed;
}
