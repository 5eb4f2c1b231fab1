/* SPDX-License-Identifier: Apache-2.0 */
/* Reads arguments of the programs here. What is wrong ends the program with status 2. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <netinet/in.h>

/* Each program has its own; its first word is the program's name. */
extern const char USAGE[];

_Noreturn void misused(const char *what);
double number(const char *text, double from, double to);
struct in_addr address(const char *text);

#endif
