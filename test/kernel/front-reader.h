/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The caller's side of the front, for programs that are built with sanitisers: takes records, checks that each is one that can be,
 * echoes what clients send, asks an agent that echoes too, and has ops carried out, at once or by the front's thread. Every byte that
 * arrives must be the one that was sent.
 */
#pragma once

#include "../../native/metasteer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define SLOTS 48
/* Of the slots; clients get the others. */
#define AGENTS 4
#define PORT 7
/* What is sent counts up to here, and begins again; so a byte that is urgent can be told from the others. */
#define CYCLE 251
#define URGENT 255

/*
 * How many clients were accepted, and refused; how many answers the agent gave; connections to it that are open; how often was
 * sent again what the kernel had not taken.
 */
struct reader_counts {
	unsigned accepted, refused, answers, to_agent, resent;
};
extern struct reader_counts counts;

/* What happens next, 0 to `below` - 1: by chance, or as the bytes of a fuzzer have it. Of the thread that takes records alone. */
unsigned choose(unsigned below);

static inline void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "front: %s\n", what);
	abort();
}

/*
 * Whether bytes go on from where others ended, urgent ones apart: they arrive only where another mark came after theirs. Returns how
 * many the others are.
 */
unsigned follow(unsigned before, const __u8 *bytes, size_t length, const char *what);

/* Fills memory with what follows after so many bytes. */
void fill(__u8 *bytes, size_t length, unsigned before);

/* Opens a front with an agent's socket of that name, and listens on a socket. Returns the end of the pipe that wakes its caller. */
int reader_open(const char *agent, int listener);

/* Takes the records there are, and acts on them. */
void reader_take(void);

/* Connects to the agent and asks it something. */
void reader_ask(void);

/* Has the front wake us from here on. */
void reader_idle(void);

/* Resets every connection that is open. */
void reader_reset_all(void);

void reader_close(void);
