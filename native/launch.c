/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metasteer-launch: turns the process the supervisor started into a worker, and becomes Node.
 *
 *   metasteer-launch UID GID GROUPS NETNS NAMES CODE MOUNTPOINT NODE ARGUMENT...
 *
 * GROUPS are further group ids, separated by commas; it may be empty. NAMES is the folder in which network
 * namespaces are named.
 *
 * In this order, each step needing what the next ones give up: the metasteer namespace; a mount
 * namespace in which the program's own files are readable at MOUNTPOINT wherever they are installed,
 * and in which no network namespace is named; the user, without capabilities, for good.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "metasteer-launch: %s: %s\n", what, strerror(errno));
	exit(70);
}

static void enter_namespace(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die("entering the metasteer namespace");
	close(fd);
}

/* The kernel writes blanks, line ends and backslashes in paths as three octal digits (proc_pid_mountinfo(5)). In place. */
static void unescape(char *path)
{
	char *to = path;

	for (const char *from = path; *from; to++) {
		unsigned int byte;
		int length;

		if (sscanf(from, "\\%3o%n", &byte, &length) == 1) {
			*to = (char)byte;
			from += length;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* A copy of a namespace's mount would keep a deleted router's namespace alive, and be a door to it. */
static void hide_namespaces(void)
{
	char line[8192], path[4096];
	FILE *mounts = fopen("/proc/self/mountinfo", "re");

	if (!mounts)
		die("reading the mounts");
	while (fgets(line, sizeof(line), mounts)) {
		const char *rest = strstr(line, " - ");

		if (rest && strncmp(rest, " - nsfs ", 8) == 0 && sscanf(line, "%*s %*s %*s %*s %4095s", path) == 1) {
			unescape(path);
			umount2(path, MNT_DETACH);
		}
	}
	fclose(mounts);
}

/* The folder of names first gets no more of them (EINVAL: it is no mount), then loses those it has. */
static void mount_code(const char *code, const char *mountpoint, const char *names)
{
	if (unshare(CLONE_NEWNS) || mount("", "/", NULL, MS_REC | MS_SLAVE, NULL))
		die("making a mount namespace");
	if (mount("", names, NULL, MS_PRIVATE, NULL) && errno != EINVAL)
		die("closing the folder of namespaces");
	hide_namespaces();
	if (mount(code, mountpoint, NULL, MS_BIND, NULL))
		die("mounting the program's files");
	if (mount("", mountpoint, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL))
		die("making the program's files read-only");
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
		die(text);
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
		die("the worker's user must not be root");
	}
	for (char *each = strtok(groups, ","); each; each = strtok(NULL, ",")) {
		if (user->count == NGROUPS_MAX) {
			errno = E2BIG;
			die("reading the groups");
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
			die("dropping capabilities");
	if (setgroups(user->count, user->groups))
		die("setting the groups");
	if (setgid(user->gid) || setuid(user->uid))
		die("changing the user");
	/* Changing the user has emptied the effective and permitted sets; this empties the inheritable one. */
	if (syscall(SYS_capset, &header, none))
		die("clearing capabilities");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die("giving up privileges");
}

int main(int argc, char **argv)
{
	static struct user user;
	pid_t supervisor = getppid();
	int node;

	if (argc < 9) {
		fprintf(stderr, "usage: metasteer-launch UID GID GROUPS NETNS NAMES CODE MOUNTPOINT NODE ARGUMENT...\n");
		return 64;
	}
	read_user(&user, argv[1], argv[2], argv[3]);
	/* Opened while we may: the user may have no way to its folder. */
	node = open(argv[8], O_RDONLY | O_CLOEXEC);
	if (node < 0)
		die(argv[8]);
	enter_namespace(argv[4]);
	mount_code(argv[6], argv[7], argv[5]);
	if (chdir("/"))
		die("changing to /");
	become(&user);
	/* After the user: changing it clears this. A worker never outlives its supervisor. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != supervisor)
		die("the supervisor is gone");
	fexecve(node, argv + 8, environ);
	die("starting Node");
}
