/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that a worker may make. Two filters, each put on a process for good: the launcher's, under which Node
 * starts, and the worker's own, under which it reads what tenants send. The kernel asks both and does what the stricter says.
 */
#pragma once

#include <linux/filter.h>
#include <stdint.h>
#include <sys/un.h>

#define SECCOMP_RULES_MAX 1024

/* What execve(2) is called with by the launcher, and by nobody who does not know these addresses. */
struct exec_secret {
	const void *path, *argv, *envp;
};

/*
 * Where the worker keeps the address of the agent's socket: the one address that it may connect to. The page lies below every
 * program, so that one comparison says of a change of mappings whether it can touch this one.
 */
#define PINNED_ADDRESS 0x10000UL
#define PINNED_BYTES 0x1000UL

struct seccomp_program {
	struct sock_filter rules[SECCOMP_RULES_MAX];
	unsigned short length;
};

/* What Node needs to start, and the worker to work; one execve, that with the secret. */
void seccomp_for_launch(struct seccomp_program *program, const struct exec_secret *secret);

/* What a worker that has started does not need any more: no path but the pinned one, no program, no change of this. */
void seccomp_for_work(struct seccomp_program *program);

/* Puts a filter on every thread of the process, for good; it needs no_new_privs. 0, or a negative errno. */
int seccomp_enter(const struct seccomp_program *program);
