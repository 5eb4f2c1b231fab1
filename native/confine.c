/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker gives up before it reads the first byte of a tenant. */
#define _GNU_SOURCE
#include "internal.h"
#include "seccomp.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static const struct {
	long number;
	const char *name;
} calls[] = {
#include "syscall_names.h"
};

/* As shells say SIGABRT. The first process of a PID namespace does not die of a signal that it sends itself. */
#define ABORTED (128 + SIGABRT)

static bool is_pinned;

static const char *name_of(int number)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].number == number)
			return calls[i].name;
	return "one without a name";
}

static size_t append(char *line, size_t length, size_t room, const char *text)
{
	while (*text && length < room)
		line[length++] = *text++;
	return length;
}

/* Only what may be called in a handler. The second call that is denied ends the process, because the signal is blocked here. */
static void report_denied(int signal, siginfo_t *info, void *context)
{
	char line[128];
	size_t length = append(line, 0, sizeof(line), "metasteer-worker: a system call was denied: ");

	(void)signal;
	(void)context;
	length = append(line, length, sizeof(line) - 1, name_of(info->si_syscall));
	line[length++] = '\n';
	/* Whether it is written or not, this process ends. */
	if (write(STDERR_FILENO, line, length) >= 0 || errno)
		syscall(SYS_ptrace, 0, 0, 0, 0);
	_exit(ABORTED);
}

static void end_aborted(int signal)
{
	(void)signal;
	_exit(ABORTED);
}

int ms_report_denied(void)
{
	struct sigaction denied = {.sa_sigaction = report_denied, .sa_flags = SA_SIGINFO};
	struct sigaction aborted = {.sa_handler = end_aborted};

	return sigaction(SIGSYS, &denied, NULL) || sigaction(SIGABRT, &aborted, NULL) ? -errno : 0;
}

/*
 * A filter cannot read the address that connect(2) is given, but it sees where it is: so the one that is allowed lies in a page
 * of its own, which can be written no more, and by the same filter not be taken away.
 */
static int pin(const char *path)
{
	struct sockaddr_un *address;

	if (strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	address = mmap((void *)PINNED_ADDRESS, PINNED_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (address == MAP_FAILED)
		return -errno;
	address->sun_family = AF_UNIX;
	strcpy(address->sun_path, path);
	if (mprotect(address, PINNED_BYTES, PROT_READ))
		return -errno;
	is_pinned = true;
	return 0;
}

/* The linker has every connect(2) of this library come here (--wrap in the Makefile). */
int __real_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	const struct sockaddr_un *pinned = (const struct sockaddr_un *)PINNED_ADDRESS;

	if (!is_pinned)
		return __real_connect(fd, address, length);
	if (address->sa_family != AF_UNIX || strcmp(((const struct sockaddr_un *)address)->sun_path, pinned->sun_path) != 0) {
		errno = EACCES;
		return -1;
	}
	return __real_connect(fd, (const struct sockaddr *)pinned, sizeof(*pinned));
}

int ms_confine(const char *agent_path)
{
	static const struct rlimit none = {0, 0};
	static struct seccomp_program program;
	int error = memory_open_smaps();

	if (!error)
		error = ms_report_denied();
	if (!error)
		error = pin(agent_path);
	if (error)
		return error;
	/* Every thread it needs is there. The limit counts all processes of its user, so that any other would be a guess. */
	if (setrlimit(RLIMIT_NPROC, &none))
		return -errno;
	seccomp_for_work(&program);
	return seccomp_enter(&program);
}
