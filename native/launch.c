/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metasteer-launch: turns the process the supervisor started into a worker, and becomes Node.
 *
 *   metasteer-launch on|off UID GID GROUPS NETNS NAMES MOUNTPOINT CODE AGENT LIBRARIES NODE ARGUMENT...
 *
 * GROUPS are further group ids, separated by commas; it may be empty. NAMES is the folder in which network namespaces are
 * named. AGENT is the folder of the agent's socket, and may be empty; LIBRARIES are separated by colons.
 *
 * In this order, each step needing what the next ones give up: the metasteer namespace; a root that has only what a worker
 * needs; the user, without capabilities, for good; Landlock; the filter of system calls. With `off` it has neither a root of
 * its own nor a filter. That the process is the first of a PID namespace is the supervisor's doing (pidns.c).
 */
#define _GNU_SOURCE
#include "launch.h"
#include "seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The stream of messages to the supervisor, which is closed with its last process. */
#define MESSAGES 3
/* The first descriptor that no worker gets: see worker-process.ts. */
#define DESCRIPTORS_END 6

static void say(const char *what)
{
	fprintf(stderr, "metasteer-launch: %s: %s\n", what, strerror(errno));
}

void launch_failed(const char *what)
{
	say(what);
	exit(LAUNCH_FAILED);
}

void launch_refused(const char *what)
{
	say(what);
	exit(LAUNCH_REFUSED);
}

static void enter_namespace(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		launch_failed("entering the metasteer namespace");
	close(fd);
}

/* The id of a user or group. The last one means "none" to the kernel. */
static id_t id(const char *text)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (end == text || *end != '\0')
		errno = EINVAL;
	else if (value >= UINT_MAX)
		errno = ERANGE;
	if (errno)
		launch_failed(text);
	return (id_t)value;
}

struct user {
	uid_t uid;
	gid_t gid;
	size_t count;
	gid_t groups[NGROUPS_MAX];
};

static void read_user(struct user *user, const char *uid, const char *gid, char *groups)
{
	user->uid = id(uid);
	user->gid = id(gid);
	if (user->uid == 0) {
		errno = EPERM;
		launch_failed("the worker's user must not be root");
	}
	for (char *each = strtok(groups, ","); each; each = strtok(NULL, ",")) {
		if (user->count == NGROUPS_MAX) {
			errno = E2BIG;
			launch_failed("reading the groups");
		}
		user->groups[user->count++] = id(each);
	}
}

/* The bounding set first: dropping from it needs a capability that changing the user takes away. */
static void become(const struct user *user)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};

	for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
		if (prctl(PR_CAPBSET_DROP, capability))
			launch_failed("dropping capabilities");
	if (setgroups(user->count, user->groups))
		launch_failed("setting the groups");
	if (setgid(user->gid) || setuid(user->uid))
		launch_failed("changing the user");
	/* Changing the user has emptied the effective and permitted sets; this empties the inheritable one. */
	if (syscall(SYS_capset, &header, none))
		launch_failed("clearing capabilities");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		launch_failed("giving up privileges");
}

/* To be called after the user was changed, which clears it. In a PID namespace of its own, a process cannot see who its parent is. */
static void die_with_supervisor(void)
{
	struct pollfd messages = {.fd = MESSAGES};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		launch_failed("binding its life to the supervisor's");
	if (poll(&messages, 1, 0) < 0 || (messages.revents & (POLLHUP | POLLNVAL))) {
		errno = EPIPE;
		launch_failed("the supervisor is gone");
	}
}

/* The worker's number where the supervisor is, by /proc of there: its own getpid says 1. */
static void name_worker(void)
{
	char pid[16] = "";

	if (readlink("/proc/self", pid, sizeof(pid) - 1) < 0 || setenv("METASTEER_WORKER", pid, 1))
		launch_failed("finding its number");
}

/* A copy at an address that is known to nobody but the filter, and that is gone once Node runs. */
static void *hide(const void *what, size_t bytes)
{
	uint64_t address;
	void *page;

	if (getrandom(&address, sizeof(address), 0) != sizeof(address))
		launch_failed("choosing an address");
	/* Of the 47 bits that a program has on either architecture, a page in the upper half, which is free but for the ends. */
	address = (address & 0x1ffffffff000ULL) | 0x200000000000ULL;
	page = mmap((void *)address, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	/* Programs have fewer bits there, or the page is taken: the kernel's own choice is random too. */
	if (page == MAP_FAILED)
		page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		launch_failed("taking an address");
	return memcpy(page, what, bytes);
}

/* Becomes Node, under a filter that allows this one execve. Without `sandbox`, under none. */
static void become_node(char **argv, bool sandbox)
{
	static struct seccomp_program program;
	struct exec_secret secret;
	size_t count = 0;
	int error;

	while (argv[count])
		count++;
	if (count == 0) {
		errno = EINVAL;
		launch_failed("there is no program");
	}
	secret.path = hide(argv[0], strlen(argv[0]) + 1);
	secret.argv = hide(argv, (count + 1) * sizeof(*argv));
	for (count = 0; environ[count];)
		count++;
	secret.envp = hide(environ, (count + 1) * sizeof(*environ));
	if (sandbox) {
		seccomp_for_launch(&program, &secret);
		error = seccomp_enter(&program);
		if (error) {
			errno = -error;
			launch_refused("filtering system calls");
		}
	}
	execve(secret.path, (char **)secret.argv, (char **)secret.envp);
	launch_failed("starting Node");
}

int main(int argc, char **argv)
{
	bool sandbox = argc > 1 && strcmp(argv[1], "on") == 0;
	static struct user user;

	if (argc < 13 || (!sandbox && strcmp(argv[1], "off") != 0)) {
		fprintf(stderr, "usage: metasteer-launch on|off UID GID GROUPS NETNS NAMES MOUNTPOINT CODE AGENT LIBRARIES "
				"NODE ARGUMENT...\n");
		return 64;
	}
	read_user(&user, argv[2], argv[3], argv[4]);
	enter_namespace(argv[5]);
	if (sandbox) {
		struct root_plan plan = {.mountpoint = argv[7], .code = argv[8], .agent = argv[9], .libraries = argv[10],
					 .node = argv[11]};

		name_worker();
		root_enter(&plan);
		limits_set();
	} else {
		root_share(argv[8], argv[7], argv[6]);
	}
	become(&user);
	die_with_supervisor();
	if (sandbox)
		landlock_enter();
	if (syscall(SYS_close_range, DESCRIPTORS_END, ~0U, 0) && errno != ENOSYS)
		launch_failed("closing descriptors");
	become_node(argv + 11, sandbox);
}
