/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker has for a file system. */
#define _GNU_SOURCE
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define QUIET (MS_NOSUID | MS_NODEV)
/* Folders and empty files to mount on. */
#define TMPFS_OPTIONS "mode=0755,size=64k,nr_inodes=1024"

static void make_folders(const char *path)
{
	char each[PATH_MAX];

	if (strlen(path) >= sizeof(each)) {
		errno = ENAMETOOLONG;
		launch_failed(path);
	}
	for (const char *end = strchr(path + 1, '/'); end; end = strchr(end + 1, '/')) {
		snprintf(each, sizeof(each), "%.*s", (int)(end - path), path);
		if (mkdir(each, 0755) && errno != EEXIST)
			launch_failed(each);
	}
}

static void bind(const char *source, const char *target, unsigned long flags)
{
	if (mount(source, target, NULL, MS_BIND, NULL) ||
	    mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | QUIET | flags, NULL))
		launch_refused(source);
}

/* A path in the root that is being put together. */
static void inside(char *path, const struct root_plan *plan, const char *name)
{
	if (snprintf(path, PATH_MAX, "%s%s", plan->mountpoint, name) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		launch_failed(name);
	}
}

static void show_folder(const struct root_plan *plan, const char *source, const char *name, unsigned long flags)
{
	char target[PATH_MAX];

	inside(target, plan, name);
	make_folders(target);
	if (mkdir(target, 0755) && errno != EEXIST)
		launch_failed(target);
	if (source[0] != '\0')
		bind(source, target, flags);
}

/* Under its own name, so that what looks for it finds it. */
static void show_file(const struct root_plan *plan, const char *file)
{
	char target[PATH_MAX];
	int fd;

	inside(target, plan, file);
	make_folders(target);
	fd = open(target, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	/* It is in the list twice. */
	if (fd < 0 && errno == EEXIST)
		return;
	if (fd < 0)
		launch_failed(target);
	close(fd);
	bind(file, target, 0);
}

static void show_proc(const struct root_plan *plan)
{
	char target[PATH_MAX];

	inside(target, plan, "/proc");
	if (mkdir(target, 0755) || mount("proc", target, "proc", MS_RDONLY | MS_NOEXEC | QUIET, "subset=pid"))
		launch_refused("mounting /proc");
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
	char line[8192], path[PATH_MAX];
	FILE *mounts = fopen("/proc/self/mountinfo", "re");

	if (!mounts)
		launch_failed("reading the mounts");
	while (fgets(line, sizeof(line), mounts)) {
		const char *rest = strstr(line, " - ");

		if (rest && strncmp(rest, " - nsfs ", 8) == 0 && sscanf(line, "%*s %*s %*s %*s %4095s", path) == 1) {
			unescape(path);
			umount2(path, MNT_DETACH);
		}
	}
	fclose(mounts);
}

/*
 * The old root goes with everything that is mounted in it. The kernel's first root, on which a node without disks may run,
 * can only be covered (pivot_root(2)).
 */
static void change_root(const char *root)
{
	if (chdir(root))
		launch_failed(root);
	if (syscall(SYS_pivot_root, ".", ".") == 0) {
		if (umount2(".", MNT_DETACH))
			launch_refused("leaving the old root");
	} else if (errno == EINVAL) {
		hide_namespaces();
		if (mount(".", "/", NULL, MS_MOVE, NULL) || chroot("."))
			launch_refused("covering the old root");
	} else {
		launch_refused("changing the root");
	}
	if (chdir("/"))
		launch_failed("changing to /");
}

void root_enter(const struct root_plan *plan)
{
	/* Private: what is mounted outside later does not come in. */
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		launch_refused("making a mount namespace");
	if (mount("metasteer", plan->mountpoint, "tmpfs", MS_NOEXEC | QUIET, TMPFS_OPTIONS))
		launch_refused("mounting a root");
	show_file(plan, plan->node);
	for (char *each = strtok(plan->libraries, ":"); each; each = strtok(NULL, ":"))
		show_file(plan, each);
	show_folder(plan, plan->code, CODE_IN_ROOT, 0);
	show_folder(plan, plan->agent, AGENT_IN_ROOT, MS_NOEXEC);
	show_proc(plan);
	change_root(plan->mountpoint);
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY | MS_NOEXEC | QUIET, TMPFS_OPTIONS))
		launch_refused("making the root read-only");
}

/* The folder of names first gets no more of them (EINVAL: it is no mount), then loses those it has. */
void root_share(const char *code, const char *mountpoint, const char *names)
{
	if (unshare(CLONE_NEWNS) || mount("", "/", NULL, MS_REC | MS_SLAVE, NULL))
		launch_refused("making a mount namespace");
	if (mount("", names, NULL, MS_PRIVATE, NULL) && errno != EINVAL)
		launch_failed("closing the folder of namespaces");
	hide_namespaces();
	bind(code, mountpoint, 0);
	if (chdir("/"))
		launch_failed("changing to /");
}
