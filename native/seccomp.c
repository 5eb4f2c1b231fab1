/* SPDX-License-Identifier: Apache-2.0 */
/* The filters as programs for the kernel (seccomp(2)). Which calls are in them was found by running the test suite under them. */
#define _GNU_SOURCE
#include "seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/net.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the filters know x86-64 and arm64"
#endif

/* Calls that are newer than these lists do not exist for a worker, so that a newer C library takes the older way. */
#define NEWEST_KNOWN 462
#define FIRST_OF_X32 0x40000000U

/* Since Linux 5.17: names of mappings. */
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

#define DENY SECCOMP_RET_TRAP
#define FAIL(error) (SECCOMP_RET_ERRNO | (error))

/* Some are of one architecture alone. */
#define ABSENT UINT32_MAX

/* The kernel remembers which of these it may always allow (Linux 5.11). What a request needs comes first, for older ones. */
static const uint32_t allowed[] = {
	SYS_futex, SYS_epoll_pwait, SYS_read, SYS_write, SYS_accept4, SYS_recvfrom, SYS_sendto, SYS_close, SYS_shutdown,
	SYS_epoll_ctl, SYS_getsockopt, SYS_readv, SYS_writev, SYS_recvmsg, SYS_sendmsg, SYS_munmap, SYS_mprotect, SYS_madvise,
	SYS_fcntl, SYS_getsockname, SYS_getpeername, SYS_listen, SYS_connect, SYS_mmap, SYS_mremap, SYS_brk,
	/* time, and waiting */
	SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday, SYS_sched_yield, SYS_ppoll,
	SYS_pselect6, SYS_restart_syscall, SYS_epoll_create1, SYS_eventfd2, SYS_pipe2,
	/* threads and signals */
	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigtimedwait, SYS_sigaltstack, SYS_tgkill,
	SYS_set_robust_list, SYS_get_robust_list, SYS_set_tid_address, SYS_rseq, SYS_membarrier, SYS_sched_getaffinity,
	SYS_sched_getparam, SYS_sched_getscheduler, SYS_sched_setscheduler, SYS_sched_get_priority_max, SYS_sched_get_priority_min, SYS_getpriority,
	SYS_exit, SYS_exit_group,
	/* about itself */
	SYS_getpid, SYS_gettid, SYS_getppid, SYS_getpgid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_getresuid,
	SYS_getresgid, SYS_getgroups, SYS_capget, SYS_getrusage, SYS_times, SYS_setrlimit, SYS_getrlimit, SYS_uname, SYS_sysinfo,
	SYS_getrandom, SYS_getcwd, SYS_umask, SYS_mincore,
	/* files: the launcher decides which there are */
	SYS_openat, SYS_lseek, SYS_pread64, SYS_pwrite64, SYS_preadv, SYS_fstat, SYS_statx, SYS_statfs, SYS_fstatfs, SYS_readlinkat,
	SYS_faccessat, SYS_getdents64, SYS_dup, SYS_dup3, SYS_fadvise64,
#ifdef __x86_64__
	SYS_epoll_wait, SYS_poll, SYS_select, SYS_time, SYS_arch_prctl, SYS_open, SYS_stat, SYS_lstat, SYS_newfstatat, SYS_access,
	SYS_readlink, SYS_dup2, SYS_pipe, SYS_getpgrp,
#else
	SYS_newfstatat,
#endif
};

/* They are tried at a start and done without. */
static const uint32_t unavailable[] = {
	SYS_clone3,       /* its flags are in memory, which a filter cannot read; C libraries then use clone */
	SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
	SYS_pkey_alloc, SYS_pkey_free, SYS_pkey_mprotect,
};

/* Of prctl(2); others fail as they would on an older kernel. */
static const uint32_t prctl_options[] = {PR_SET_NAME, PR_GET_NAME, PR_SET_VMA, PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS,
					 PR_SET_NO_NEW_PRIVS, PR_CAPBSET_READ, PR_GET_THP_DISABLE, PR_SET_THP_DISABLE};

/* Not TIOCSTI and others that type into a terminal which the log may be. TCGETS2, because newer C libraries ask by it. */
static const uint32_t ioctl_requests[] = {FIONBIO, FIONREAD, FIOCLEX, FIONCLEX, TCGETS, 0x802c542a, TCSETS, TIOCGWINSZ};

/* Not those by which code gets into the kernel (SO_ATTACH_FILTER, TCP_ULP), or a socket to another device. */
static const uint32_t socket_options[] = {SO_REUSEADDR, SO_REUSEPORT, SO_KEEPALIVE, SO_LINGER, SO_SNDBUF, SO_RCVBUF,
					  SO_RCVTIMEO, SO_SNDTIMEO};
static const uint32_t tcp_options[] = {TCP_NODELAY, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_QUICKACK,
				       TCP_LINGER2, TCP_DEFER_ACCEPT, TCP_USER_TIMEOUT, TCP_SAVE_SYN, TCP_NOTSENT_LOWAT};

/* What names a file, or changes one: a worker that has started opens none. Not those that look at one, see SocketWatch. */
static const uint32_t of_paths[] = {
	SYS_openat, SYS_readlinkat, SYS_faccessat, SYS_getdents64, SYS_statfs, SYS_getcwd,
#ifdef __x86_64__
	SYS_open, SYS_access, SYS_readlink,
#endif
};

/* For a worker that has started. */
static const uint32_t no_more[] = {SYS_execve, SYS_seccomp, SYS_pwrite64, SYS_umask};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define FIELD(name) ((uint32_t)offsetof(struct seccomp_data, name))
/* Arguments are 64 bits, and a filter reads 32. */
#define LOW(argument) (FIELD(args) + 8U * (uint32_t)(argument))
#define HIGH(argument) (LOW(argument) + 4U)

static void put(struct seccomp_program *program, uint16_t code, uint32_t k, uint8_t if_true, uint8_t if_false)
{
	if (program->length == SECCOMP_RULES_MAX)
		abort();
	program->rules[program->length++] = (struct sock_filter){code, if_true, if_false, k};
}

static void load(struct seccomp_program *program, uint32_t offset)
{
	put(program, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static void answer(struct seccomp_program *program, uint32_t action)
{
	put(program, BPF_RET | BPF_K, action, 0, 0);
}

/* Where what was loaded equals `value`. */
static void answer_if(struct seccomp_program *program, uint32_t value, uint32_t action)
{
	put(program, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	answer(program, action);
}

static void answer_if_any(struct seccomp_program *program, const uint32_t *values, size_t count, uint32_t action)
{
	for (size_t i = 0; i < count; i++)
		answer_if(program, values[i], action);
}

/* What follows until end_call is about one call, and ends with an answer. */
static unsigned short begin_call(struct seccomp_program *program, uint32_t call)
{
	put(program, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 0);
	return program->length;
}

static void end_call(struct seccomp_program *program, unsigned short begin, uint32_t action)
{
	answer(program, action);
	if (program->length - begin > UINT8_MAX)
		abort();
	program->rules[begin - 1].jf = (uint8_t)(program->length - begin);
}

static void begin(struct seccomp_program *program)
{
	program->length = 0;
	load(program, FIELD(arch));
	put(program, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
	answer(program, SECCOMP_RET_KILL_PROCESS);
	load(program, FIELD(nr));
}

/* Answers unless the argument is this, in all of its 64 bits. */
static void answer_unless(struct seccomp_program *program, int argument, uint64_t value, uint32_t action)
{
	load(program, LOW(argument));
	put(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)value, 1, 0);
	answer(program, action);
	load(program, HIGH(argument));
	put(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value >> 32), 1, 0);
	answer(program, action);
}

static void add_arguments_of(struct seccomp_program *program, uint32_t call, int argument, const uint32_t *values, size_t count,
			     uint32_t otherwise)
{
	unsigned short at = begin_call(program, call);

	load(program, LOW(argument));
	answer_if_any(program, values, count, SECCOMP_RET_ALLOW);
	end_call(program, at, otherwise);
}

/* To the agent. A datagram socket would reach whatever its messages name. */
static void add_socket(struct seccomp_program *program)
{
	unsigned short at = begin_call(program, SYS_socket);

	answer_unless(program, 0, AF_UNIX, DENY);
	load(program, LOW(1));
	put(program, BPF_ALU | BPF_AND | BPF_K, 0xf, 0, 0);
	answer_if(program, SOCK_STREAM, SECCOMP_RET_ALLOW);
	end_call(program, at, DENY);
}

static void add_setsockopt(struct seccomp_program *program)
{
	unsigned short at = begin_call(program, SYS_setsockopt);

	load(program, LOW(1));
	put(program, BPF_JMP | BPF_JEQ | BPF_K, SOL_SOCKET, 0, 2 + 2 * COUNT(socket_options));
	load(program, LOW(2));
	answer_if_any(program, socket_options, COUNT(socket_options), SECCOMP_RET_ALLOW);
	answer(program, DENY);
	put(program, BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 1, 0);
	answer(program, DENY);
	load(program, LOW(2));
	answer_if_any(program, tcp_options, COUNT(tcp_options), SECCOMP_RET_ALLOW);
	end_call(program, at, DENY);
}

/* Threads of this process, in its namespaces. */
static void add_clone(struct seccomp_program *program)
{
	const uint32_t namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
				    CLONE_NEWNET;
	unsigned short at = begin_call(program, SYS_clone);

	load(program, LOW(0));
	put(program, BPF_JMP | BPF_JSET | BPF_K, namespaces, 0, 1);
	answer(program, DENY);
	put(program, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1);
	answer(program, SECCOMP_RET_ALLOW);
	end_call(program, at, DENY);
}

static void add_execve(struct seccomp_program *program, const struct exec_secret *secret)
{
	unsigned short at = begin_call(program, SYS_execve);

	answer_unless(program, 0, (uintptr_t)secret->path, DENY);
	answer_unless(program, 1, (uintptr_t)secret->argv, DENY);
	answer_unless(program, 2, (uintptr_t)secret->envp, DENY);
	end_call(program, at, SECCOMP_RET_ALLOW);
}

/* Limits of its own; that a process has been given is 0. */
static void add_prlimit(struct seccomp_program *program)
{
	static const uint32_t self[] = {0};

	add_arguments_of(program, SYS_prlimit64, 0, self, COUNT(self), DENY);
}

void seccomp_for_launch(struct seccomp_program *program, const struct exec_secret *secret)
{
	static const uint32_t filter[] = {SECCOMP_SET_MODE_FILTER};

	begin(program);
	answer_if_any(program, allowed, COUNT(allowed), SECCOMP_RET_ALLOW);
	add_socket(program);
	add_setsockopt(program);
	add_clone(program);
	add_prlimit(program);
	add_arguments_of(program, SYS_ioctl, 1, ioctl_requests, COUNT(ioctl_requests), FAIL(ENOTTY));
	add_arguments_of(program, SYS_prctl, 0, prctl_options, COUNT(prctl_options), FAIL(EINVAL));
	add_arguments_of(program, SYS_seccomp, 0, filter, COUNT(filter), DENY);
	add_execve(program, secret);
	answer_if_any(program, unavailable, COUNT(unavailable), FAIL(ENOSYS));
	put(program, BPF_JMP | BPF_JGE | BPF_K, FIRST_OF_X32, 1, 0);
	put(program, BPF_JMP | BPF_JGT | BPF_K, NEWEST_KNOWN, 1, 0);
	answer(program, DENY);
	answer(program, FAIL(ENOSYS));
}

/* A change of mappings that begins below the end of the pinned page could be one of that page. */
static void add_mapping(struct seccomp_program *program, uint32_t call, int argument)
{
	unsigned short at = begin_call(program, call);

	load(program, HIGH(argument));
	put(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	answer(program, SECCOMP_RET_ALLOW);
	load(program, LOW(argument));
	put(program, BPF_JMP | BPF_JGE | BPF_K, PINNED_ADDRESS + PINNED_BYTES, 1, 0);
	answer(program, DENY);
	end_call(program, at, SECCOMP_RET_ALLOW);
}

/* Without an address the kernel chooses a free place. */
static void add_mmap(struct seccomp_program *program)
{
	unsigned short at = begin_call(program, SYS_mmap);

	load(program, LOW(3));
	put(program, BPF_JMP | BPF_JSET | BPF_K, MAP_FIXED, 1, 0);
	answer(program, SECCOMP_RET_ALLOW);
	load(program, HIGH(0));
	put(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	answer(program, SECCOMP_RET_ALLOW);
	load(program, LOW(0));
	put(program, BPF_JMP | BPF_JGE | BPF_K, PINNED_ADDRESS + PINNED_BYTES, 1, 0);
	answer(program, DENY);
	end_call(program, at, SECCOMP_RET_ALLOW);
}

/* With MREMAP_FIXED the last argument says where the mapping comes to be. */
static void add_mremap(struct seccomp_program *program)
{
	unsigned short at = begin_call(program, SYS_mremap);

	load(program, LOW(3));
	put(program, BPF_JMP | BPF_JSET | BPF_K, MREMAP_FIXED, 0, 5);
	load(program, HIGH(4));
	put(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3);
	load(program, LOW(4));
	put(program, BPF_JMP | BPF_JGE | BPF_K, PINNED_ADDRESS + PINNED_BYTES, 1, 0);
	answer(program, DENY);
	load(program, HIGH(0));
	put(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	answer(program, SECCOMP_RET_ALLOW);
	load(program, LOW(0));
	put(program, BPF_JMP | BPF_JGE | BPF_K, PINNED_ADDRESS + PINNED_BYTES, 1, 0);
	answer(program, DENY);
	end_call(program, at, SECCOMP_RET_ALLOW);
}

static void add_connect(struct seccomp_program *program)
{
	unsigned short at = begin_call(program, SYS_connect);

	answer_unless(program, 1, PINNED_ADDRESS, DENY);
	answer_unless(program, 2, sizeof(struct sockaddr_un), DENY);
	end_call(program, at, SECCOMP_RET_ALLOW);
}

void seccomp_for_work(struct seccomp_program *program)
{
	static const uint32_t fatal[] = {SIGSYS, SIGABRT};
	static const uint32_t names[] = {PR_SET_NAME, PR_GET_NAME, PR_SET_VMA};
	unsigned short at;

	begin(program);
	add_connect(program);
	add_mmap(program);
	add_mapping(program, SYS_munmap, 0);
	add_mapping(program, SYS_mprotect, 0);
	add_mapping(program, SYS_madvise, 0);
	add_mremap(program);
	/* What reports a denied call stays. */
	at = begin_call(program, SYS_rt_sigaction);
	load(program, LOW(0));
	answer_if_any(program, fatal, COUNT(fatal), FAIL(EINVAL));
	end_call(program, at, SECCOMP_RET_ALLOW);
	add_arguments_of(program, SYS_prctl, 0, names, COUNT(names), FAIL(EINVAL));
	answer_if_any(program, of_paths, COUNT(of_paths), FAIL(EACCES));
	answer_if_any(program, no_more, COUNT(no_more), DENY);
	answer(program, SECCOMP_RET_ALLOW);
}

int seccomp_enter(const struct seccomp_program *program)
{
	const struct sock_fprog rules = {.len = program->length, .filter = (struct sock_filter *)program->rules};
	/* The code that runs under it is ours, so kernels before 5.16 need not slow it down as they would a browser's scripts. */
	const unsigned int flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	long thread = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &rules);

	if (thread < 0)
		return -errno;
	/* A thread that has another filter than this one had. */
	return thread > 0 ? -EBUSY : 0;
}
