/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker that was taken over may try. Each attempt returns 0 when it worked, or a negative errno. Loaded into a worker by
 * hostile-worker.ts; system calls are made as such, because an attacker does not ask the C library.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define PINNED 0x10000UL /* PINNED_ADDRESS of native/seccomp.h */

struct target {
	const char *text;
	int number;
};

static int outcome(long result)
{
	return result < 0 ? -errno : 0;
}

static int opened(const char *path, int flags)
{
	return outcome(syscall(SYS_openat, AT_FDCWD, path, flags, 0600));
}

static int open_of(const struct target *target, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", target->number, name);
	return opened(path, flags);
}

static int see_status(const struct target *target)
{
	return open_of(target, "status", O_RDONLY);
}

static int open_memory(const struct target *target)
{
	return open_of(target, "mem", O_RDWR);
}

static int read_environment(const struct target *target)
{
	return open_of(target, "environ", O_RDONLY);
}

static int list_descriptors(const struct target *target)
{
	return open_of(target, "fd", O_RDONLY | O_DIRECTORY);
}

static int open_own_memory(const struct target *target)
{
	(void)target;
	return opened("/proc/self/mem", O_RDWR);
}

/* Others than the first and the caller itself. */
static int count_processes(const struct target *target)
{
	DIR *proc = opendir("/proc");
	int others = 0;

	(void)target;
	if (!proc)
		return -errno;
	for (struct dirent *each = readdir(proc); each; each = readdir(proc))
		others += atoi(each->d_name) > 1 && atoi(each->d_name) != getpid();
	closedir(proc);
	return others > 0 ? 0 : -ESRCH;
}

static int signal_process(const struct target *target)
{
	return outcome(syscall(SYS_kill, target->number, 0));
}

static int signal_thread(const struct target *target)
{
	return outcome(syscall(SYS_tgkill, target->number, target->number, 0));
}

static int signal_all(const struct target *target)
{
	(void)target;
	return outcome(syscall(SYS_kill, -1, 0));
}

static int queue_signal(const struct target *target)
{
	siginfo_t info = {.si_code = SI_QUEUE};

	return outcome(syscall(SYS_rt_sigqueueinfo, target->number, 0, &info));
}

static int trace_process(const struct target *target)
{
	return outcome(syscall(SYS_ptrace, PTRACE_SEIZE, target->number, 0, 0));
}

/* Nothing is mapped where it asks: that it comes so far is enough. */
static int vm_call(const struct target *target, long call)
{
	char byte;
	struct iovec here = {&byte, 1}, there = {(void *)1, 1};
	int result = outcome(syscall(call, target->number, &here, 1, &there, 1, 0));

	return result == -EFAULT ? 0 : result;
}

static int vm_read(const struct target *target)
{
	return vm_call(target, SYS_process_vm_readv);
}

static int vm_write(const struct target *target)
{
	return vm_call(target, SYS_process_vm_writev);
}

static int open_pidfd(const struct target *target)
{
	return outcome(syscall(SYS_pidfd_open, target->number, 0));
}

static int limit_process(const struct target *target)
{
	struct rlimit limit;

	return outcome(syscall(SYS_prlimit64, target->number, RLIMIT_NOFILE, NULL, &limit));
}

static int read_file(const struct target *target)
{
	return opened(target->text, O_RDONLY);
}

static int write_file(const struct target *target)
{
	return opened(target->text, O_WRONLY);
}

static int make_file(const struct target *target)
{
	return opened(target->text, O_WRONLY | O_CREAT);
}

static int list_folder(const struct target *target)
{
	return opened(target->text, O_RDONLY | O_DIRECTORY);
}

static int remove_file(const struct target *target)
{
	return outcome(syscall(SYS_unlinkat, AT_FDCWD, target->text, 0));
}

static int change_mode(const struct target *target)
{
	return outcome(syscall(SYS_fchmodat, AT_FDCWD, target->text, 0777));
}

/* A text that begins with @ is an abstract name. */
static int connect_to(const struct target *target)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t length = sizeof(address);
	int fd = (int)syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0)
		return -errno;
	strncpy(address.sun_path, target->text, sizeof(address.sun_path) - 1);
	if (target->text[0] == '@') {
		address.sun_path[0] = '\0';
		length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(target->text));
	}
	return outcome(syscall(SYS_connect, fd, &address, length));
}

/* What the worker itself does. */
static int connect_agent(const struct target *target)
{
	int fd = (int)syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);

	(void)target;
	return fd < 0 ? -errno : outcome(syscall(SYS_connect, fd, PINNED, sizeof(struct sockaddr_un)));
}

static int bind_socket(const struct target *target)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = (int)syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);

	(void)target;
	strcpy(address.sun_path + 1, "hostile");
	return fd < 0 ? -errno : outcome(syscall(SYS_bind, fd, &address, sizeof(sa_family_t) + 8));
}

/* A family and, 8 bits higher, a kind. */
static int open_socket(const struct target *target)
{
	return outcome(syscall(SYS_socket, target->number & 0xff, target->number >> 8, 0));
}

static int pair_sockets(const struct target *target)
{
	int fds[2];

	(void)target;
	return outcome(syscall(SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, fds));
}

static int attach_filter(const struct target *target)
{
	struct sock_filter pass = {BPF_RET | BPF_K, 0, 0, 0xffff};
	struct sock_fprog program = {1, &pass};
	int fd = (int)syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);

	(void)target;
	return fd < 0 ? -errno : outcome(syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));
}

static int set_tcp_option(const struct target *target)
{
	int result = outcome(syscall(SYS_setsockopt, 3, IPPROTO_TCP, target->number, "tls", 4));

	/* The descriptor is no TCP socket, and that was looked at. */
	return result == -EOPNOTSUPP || result == -ENOPROTOOPT ? 0 : result;
}

static int unpin_by_munmap(const struct target *target)
{
	(void)target;
	return outcome(syscall(SYS_munmap, PINNED, 4096));
}

static int unpin_from_below(const struct target *target)
{
	(void)target;
	return outcome(syscall(SYS_munmap, PINNED - 4096, 2 * 4096));
}

static int unpin_by_mprotect(const struct target *target)
{
	(void)target;
	return outcome(syscall(SYS_mprotect, PINNED, 4096, PROT_READ | PROT_WRITE));
}

static int unpin_by_mmap(const struct target *target)
{
	(void)target;
	return outcome(syscall(SYS_mmap, PINNED, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
}

static int unpin_by_moving(const struct target *target)
{
	(void)target;
	return outcome(syscall(SYS_mremap, PINNED, 4096, 8192, MREMAP_MAYMOVE, 0));
}

static int unpin_by_moving_over(const struct target *target)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)target;
	return outcome(syscall(SYS_mremap, page, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, PINNED));
}

static int unpin_by_madvise(const struct target *target)
{
	(void)target;
	return outcome(syscall(SYS_madvise, PINNED, 4096, MADV_DONTNEED));
}

static int unshare_some(const struct target *target)
{
	return outcome(syscall(SYS_unshare, target->number));
}

static int enter_namespace(const struct target *target)
{
	(void)target;
	return outcome(syscall(SYS_setns, 0, CLONE_NEWNET));
}

static int clone_with(unsigned long flags)
{
	long pid = syscall(SYS_clone, flags, 0, 0, 0, 0);

	if (pid == 0)
		syscall(SYS_exit_group, 0);
	return outcome(pid);
}

static int fork_once(const struct target *target)
{
	(void)target;
	return clone_with(SIGCHLD);
}

static int fork_into_user_namespace(const struct target *target)
{
	(void)target;
	return clone_with(CLONE_NEWUSER | SIGCHLD);
}

static int fork_by_clone3(const struct target *target)
{
	struct clone_args arguments = {.exit_signal = SIGCHLD};
	long pid = syscall(SYS_clone3, &arguments, sizeof(arguments));

	(void)target;
	if (pid == 0)
		syscall(SYS_exit_group, 0);
	return outcome(pid);
}

/* Its grandchild goes on when it has ended; the test knows it by its name. */
static int fork_twice(const struct target *target)
{
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0) {
		if (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0) {
			struct timespec long_time = {600, 0};

			syscall(SYS_prctl, PR_SET_NAME, target->text, 0, 0, 0);
			syscall(SYS_setsid);
			syscall(SYS_close_range, 0, ~0U, 0);
			syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &long_time, NULL);
		}
		syscall(SYS_exit_group, 0);
	}
	usleep(50000);
	return outcome(pid);
}

static void *do_nothing(void *argument)
{
	return argument;
}

static int start_thread(const struct target *target)
{
	pthread_t thread;

	(void)target;
	return -pthread_create(&thread, NULL, do_nothing, NULL);
}

/* Should it work, nothing is left that could say so: a program that says it is run in its place. */
static int execute(const struct target *target)
{
	char *arguments[] = {(char *)target->text, "-e", "fs.writeSync(3,'0\\n')", NULL}, *environment[] = {NULL};

	return outcome(syscall(SYS_execve, target->text, arguments, environment));
}

static int execute_at(const struct target *target)
{
	char *arguments[] = {(char *)target->text, "-e", "fs.writeSync(3,'0\\n')", NULL}, *environment[] = {NULL};

	return outcome(syscall(SYS_execveat, AT_FDCWD, target->text, arguments, environment, 0));
}

/* A call whose arguments are zero, by its number; that the arguments are wrong is as good as that it works. */
static int call(const struct target *target)
{
	char zeros[256] = {};
	int result = outcome(syscall(target->number, zeros, sizeof(zeros), 0, 0, 0, 0));

	return result == -EFAULT || result == -EINVAL || result == -EBADF || result == -ENOENT ? 0 : result;
}

static int type_into_terminal(const struct target *target)
{
	(void)target;
	return outcome(syscall(SYS_ioctl, 1, TIOCSTI, "x"));
}

static int handle_denials(const struct target *target)
{
	char ignore[64] = {1};

	(void)target;
	return outcome(syscall(SYS_rt_sigaction, SIGSYS, ignore, NULL, 8));
}

static int raise_limit(const struct target *target)
{
	struct rlimit limit = {100, 100};

	return outcome(setrlimit((unsigned int)target->number, &limit));
}

static int set_dumpable(const struct target *target)
{
	(void)target;
	return outcome(syscall(SYS_prctl, PR_SET_PTRACER, -1, 0, 0, 0));
}

static const struct {
	const char *name;
	int (*attempt)(const struct target *target);
} attempts[] = {
#define ATTEMPT(name) {#name, name}
	ATTEMPT(see_status), ATTEMPT(open_memory), ATTEMPT(read_environment), ATTEMPT(list_descriptors),
	ATTEMPT(open_own_memory), ATTEMPT(count_processes), ATTEMPT(signal_process), ATTEMPT(signal_thread), ATTEMPT(signal_all),
	ATTEMPT(queue_signal), ATTEMPT(trace_process), ATTEMPT(vm_read), ATTEMPT(vm_write), ATTEMPT(open_pidfd),
	ATTEMPT(limit_process), ATTEMPT(read_file), ATTEMPT(write_file), ATTEMPT(make_file), ATTEMPT(list_folder),
	ATTEMPT(remove_file), ATTEMPT(change_mode), ATTEMPT(connect_to), ATTEMPT(connect_agent), ATTEMPT(bind_socket),
	ATTEMPT(open_socket), ATTEMPT(pair_sockets), ATTEMPT(attach_filter), ATTEMPT(set_tcp_option), ATTEMPT(unpin_by_munmap),
	ATTEMPT(unpin_from_below), ATTEMPT(unpin_by_mprotect), ATTEMPT(unpin_by_mmap), ATTEMPT(unpin_by_moving),
	ATTEMPT(unpin_by_moving_over), ATTEMPT(unpin_by_madvise), ATTEMPT(unshare_some), ATTEMPT(enter_namespace),
	ATTEMPT(fork_once), ATTEMPT(fork_into_user_namespace), ATTEMPT(fork_by_clone3), ATTEMPT(fork_twice),
	ATTEMPT(start_thread), ATTEMPT(execute), ATTEMPT(execute_at), ATTEMPT(call), ATTEMPT(type_into_terminal),
	ATTEMPT(handle_denials), ATTEMPT(raise_limit), ATTEMPT(set_dumpable),
};

int attempt(const char *name, const char *text, int number);

int attempt(const char *name, const char *text, int number)
{
	const struct target target = {text, number};

	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
		if (strcmp(attempts[i].name, name) == 0)
			return attempts[i].attempt(&target);
	return -EDOM;
}

/* The number of a call is the machine's. */
int call_number(const char *name);

int call_number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} numbers[] = {
#define CALL(name) {#name, SYS_##name}
		CALL(io_uring_setup), CALL(bpf), CALL(perf_event_open), CALL(keyctl), CALL(add_key), CALL(request_key),
		CALL(userfaultfd), CALL(mount), CALL(umount2), CALL(pivot_root), CALL(chroot), CALL(init_module),
		CALL(finit_module), CALL(delete_module), CALL(kexec_load), CALL(open_by_handle_at), CALL(name_to_handle_at),
		CALL(fanotify_init), CALL(inotify_init1), CALL(memfd_create), CALL(personality), CALL(syslog), CALL(shmget),
		CALL(msgget), CALL(semget), CALL(mq_open), CALL(seccomp), CALL(setuid), CALL(process_madvise), CALL(kcmp),
		CALL(pidfd_getfd), CALL(open_tree), CALL(move_mount), CALL(fsopen), CALL(clone3), CALL(memfd_secret), CALL(timer_create),
		CALL(signalfd4), CALL(vmsplice), CALL(splice), CALL(remap_file_pages), CALL(setsid), CALL(sethostname),
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(numbers[i].name, name) == 0)
			return numbers[i].number;
	return -1;
}
