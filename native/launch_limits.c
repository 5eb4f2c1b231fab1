/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker may not do with the files it sees, and what it may not leave behind. */
#define _GNU_SOURCE
#include "launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/landlock.h of Linux 6.12, which the machine that builds us may be too old for. Numbers are the same everywhere. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif
#define LANDLOCK_VERSION (1U << 0)
#define LANDLOCK_PATH_BENEATH 1
#define FS_EXECUTE (1ULL << 0)
#define FS_READ_FILE (1ULL << 2)
#define FS_READ_DIR (1ULL << 3)

struct ruleset {
	uint64_t handled_access_fs, handled_access_net, scoped;
};

struct path_beneath {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

/* By version of the interface: rights of files there are, those of TCP (bind, connect), and scopes (abstract sockets, signals). */
static const struct ruleset versions[] = {
	{(1ULL << 13) - 1, 0, 0}, {(1ULL << 14) - 1, 0, 0}, {(1ULL << 15) - 1, 0, 0},
	{(1ULL << 15) - 1, 3, 0}, {(1ULL << 16) - 1, 3, 0}, {(1ULL << 16) - 1, 3, 3},
};
#define VERSIONS ((long)(sizeof(versions) / sizeof(versions[0])))

static void let_read(int ruleset, const char *path)
{
	struct path_beneath rule = {.parent_fd = open(path, O_PATH | O_CLOEXEC)};
	struct stat stat;

	if (rule.parent_fd < 0 || fstat(rule.parent_fd, &stat))
		launch_failed(path);
	rule.allowed_access = FS_READ_FILE | FS_EXECUTE | (S_ISDIR(stat.st_mode) ? FS_READ_DIR : 0);
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_PATH_BENEATH, &rule, 0))
		launch_refused("Landlock");
	close(rule.parent_fd);
}

/* Everything in the root but the folder of the agent's socket. */
static void let_read_root(int ruleset)
{
	DIR *root = opendir("/");
	char path[sizeof(((struct dirent *)0)->d_name) + 1] = "/";

	if (!root)
		launch_failed("reading the root");
	for (struct dirent *each = readdir(root); each; each = readdir(root)) {
		if (each->d_name[0] == '.' || strcmp(each->d_name, OURS_IN_ROOT) == 0)
			continue;
		strcpy(path + 1, each->d_name);
		let_read(ruleset, path);
	}
	closedir(root);
	let_read(ruleset, CODE_IN_ROOT);
}

void landlock_enter(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION);
	const struct ruleset *rights;
	int ruleset;

	/* Not compiled in, or not switched on at boot: what else there is has to do, and the doctor says so. */
	if (version < 1)
		return;
	rights = &versions[(version < VERSIONS ? version : VERSIONS) - 1];
	/* Kernels older than a field take the structure as long as that field is zero. */
	ruleset = (int)syscall(SYS_landlock_create_ruleset, rights, sizeof(*rights), 0);
	if (ruleset < 0)
		launch_refused("Landlock");
	let_read_root(ruleset);
	if (syscall(SYS_landlock_restrict_self, ruleset, 0))
		launch_refused("Landlock");
	close(ruleset);
}

/* Where the log is a file, writing to it is the one thing a worker must do with files; there is no other that it could write to. */
static bool logs_to_file(void)
{
	struct stat stat;

	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode))
			return true;
	return false;
}

void limits_set(void)
{
	static const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) || (!logs_to_file() && setrlimit(RLIMIT_FSIZE, &none)))
		launch_failed("setting limits");
}
