/* SPDX-License-Identifier: Apache-2.0 */
/* What metasteer-launch does, in the order in which it does it. Whatever fails ends it, with what it was doing. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Exit statuses. The second is for what the kernel or a container does not let it do (src/control/launch.ts). */
#define LAUNCH_FAILED 70
#define LAUNCH_REFUSED 71

/* What a worker's file system consists of. */
struct root_plan {
	char *mountpoint; /* where it is put together: an empty folder */
	char *code;       /* the program's files */
	char *agent;      /* the folder of the agent's socket; empty while there is none */
	char *libraries;  /* paths, separated by colons */
	char *node;
};

/* Where they are in it. Node and its libraries are where they are outside. */
#define OURS_IN_ROOT "metasteer"
#define CODE_IN_ROOT "/" OURS_IN_ROOT "/code"
#define AGENT_IN_ROOT "/" OURS_IN_ROOT "/agent"

/* Prints what was done and errno, and exits. */
__attribute__((noreturn)) void launch_failed(const char *what);
__attribute__((noreturn)) void launch_refused(const char *what);

/* Makes a mount namespace whose root has what the plan says and a /proc of this process, read-only, and nothing else. */
void root_enter(const struct root_plan *plan);

/* For a worker without a root of its own: the program's files readable at `mountpoint`, and no network namespace named in `names`. */
void root_share(const char *code, const char *mountpoint, const char *names);

/* No files are made, and no cores. */
void limits_set(void);

/* Landlock, where the kernel has it: nothing is opened in the folder of the agent's socket, no signal leaves, no TCP connection. */
void landlock_enter(void);
