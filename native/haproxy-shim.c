/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metasteer-haproxy: stands in for the haproxy that Neutron insists on starting in every namespace.
 *
 *   haproxy -f CONF       inside the namespace, as Neutron's agents start it (contract.md 1.4)
 *
 * Where CONF is one that Neutron wrote and the daemon serves its owner, a process is left in the background that does
 * nothing but be what Neutron looks for: alive, with the owner's UUID in its command line and its number in the pid file.
 * It ends on SIGTERM, and by itself when the daemon has gone and none has come in its place; Neutron then starts it again,
 * and as there is no daemon, what it starts is the real haproxy. In every other case, and for any other arguments, this
 * program becomes the real haproxy at once.
 *
 * Linked statically: what a thousand of them share is the file, and what is their own is a stack and a page of data.
 */
#define _GNU_SOURCE
#include "haproxy-conf.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SETTINGS_FILE "/etc/metasteer/haproxy-shim.conf"
#define ANSWER_SECONDS 2 /* as long as the programs steer for a daemon that is stuck (steering.stale_after) */
#define GRACE_SECONDS_MAX 3600
/* The daemon answers, but not for this owner. Neither socket(7) nor unix(7) has this error. */
#define NOT_SERVED (-EADDRNOTAVAIL)
#define USERS "/etc/passwd"
#define OWN_USER "metasteer-haproxy:"
/* Where there is no such user: neither Debian nor systemd ever gives this number out. Workers may run as nobody (65534). */
#define OWN_UID 65533

struct settings {
	char admin_socket[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char haproxy[4096];
	unsigned int grace_seconds; /* how long to wait for another daemon when this one has gone */
};

static void say(const char *format, const char *what, const char *why)
{
	fprintf(stderr, "metasteer-haproxy: ");
	fprintf(stderr, format, what, why);
	fputc('\n', stderr);
}

static bool set_text(char *value, size_t room, const char *text)
{
	return text[0] == '/' && (size_t)snprintf(value, room, "%s", text) < room;
}

static bool set_grace(struct settings *settings, const char *text)
{
	char *end;
	unsigned long seconds = strtoul(text, &end, 10);

	if (end == text || *end != '\0' || seconds > GRACE_SECONDS_MAX)
		return false;
	settings->grace_seconds = (unsigned int)seconds;
	return true;
}

/* One `key value` a line. What is wrong in it is said and left out: Neutron must get a haproxy in any case. */
static void read_settings(struct settings *settings)
{
	char line[8192], key[32], value[4096], more;
	FILE *file = fopen(SETTINGS_FILE, "re");

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		int count = sscanf(line, "%31s %4095s %c", key, value, &more);
		bool good = false;

		if (count < 1 || key[0] == '#')
			continue;
		if (count == 2 && strcmp(key, "admin_socket") == 0)
			good = set_text(settings->admin_socket, sizeof(settings->admin_socket), value);
		else if (count == 2 && strcmp(key, "haproxy") == 0)
			good = set_text(settings->haproxy, sizeof(settings->haproxy), value);
		else if (count == 2 && strcmp(key, "grace") == 0)
			good = set_grace(settings, value);
		if (!good)
			say("%s: cannot use the line of %s", SETTINGS_FILE, key);
	}
	fclose(file);
}

/* Connects to the daemon. Returns the socket, or a negative errno. */
static int connect_daemon(const struct settings *settings)
{
	struct timeval patience = {.tv_sec = ANSWER_SECONDS};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

	if (fd < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", settings->admin_socket);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

/* Reads the answer to its end or to what fits. */
static int receive(int fd, char *answer, size_t room)
{
	size_t length = 0;
	ssize_t more;

	while ((more = recv(fd, answer + length, room - 1 - length, 0)) > 0)
		length += (size_t)more;
	answer[length] = '\0';
	return more < 0 ? -errno : 0;
}

/* A descriptor of a process, or -1 for one in a pid namespace that we do not see. -ESRCH when it has ended. */
static int open_process(pid_t pid, int *process)
{
	int fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	if (fd < 0 && pid > 0)
		return -errno;
	*process = fd;
	return 0;
}

/*
 * Asks the daemon whether it serves an owner. Returns 0 with what open_process gives for the daemon; a negative errno when
 * it does not answer, or has ended since; NOT_SERVED when it does not serve the owner.
 */
static int ask_daemon(const struct settings *settings, const char *owner, int *daemon)
{
	char question[128], answer[4096];
	struct ucred peer = {};
	socklen_t length = sizeof(peer);
	int fd = connect_daemon(settings), error = 0;

	if (fd < 0)
		return fd;
	snprintf(question, sizeof(question), "GET /v1/owners/%s HTTP/1.0\r\n\r\n", owner);
	if (send(fd, question, strlen(question), MSG_NOSIGNAL) < 0)
		error = -errno;
	if (!error)
		error = receive(fd, answer, sizeof(answer));
	if (!error && strncmp(answer, "HTTP/1.1 200 ", 13) != 0)
		error = -EPROTO;
	if (!error && !strstr(answer, "\"serves\":true"))
		error = NOT_SERVED;
	if (!error && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length))
		error = -errno;
	close(fd);
	return error ? error : open_process(peer.pid, daemon);
}

/* Neutron deletes the pid file before it starts us; a link somebody has put there since is not followed. */
static int write_pidfile(const char *path, pid_t pid)
{
	int fd = -1, error = 0;

	if (unlink(path) && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	if (dprintf(fd, "%d\n", (int)pid) < 0)
		error = -errno;
	if (close(fd) && !error)
		error = -errno;
	return error;
}

/* A static program reads the users itself: none of the C library's other ways can be linked in. */
static uid_t own_user(void)
{
	char line[1024];
	unsigned int uid, found = OWN_UID;
	FILE *users = fopen(USERS, "re");

	while (users && fgets(line, sizeof(line), users))
		if (strncmp(line, OWN_USER, strlen(OWN_USER)) == 0 && sscanf(line, "%*[^:]:%*[^:]:%u:", &uid) == 1 && uid != 0)
			found = uid;
	if (users)
		fclose(users);
	return found;
}

/* From here on nothing may be done but to ask the daemon again, for which its socket's group is kept. */
static int give_up_privileges(const struct settings *settings, uid_t user)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
	struct stat socket;

	if (stat(settings->admin_socket, &socket))
		return -errno;
	for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
		if (prctl(PR_CAPBSET_DROP, capability))
			return -errno;
	if (setgroups(0, NULL) || setgid(socket.st_gid) || setuid(user) || syscall(SYS_capset, &header, none) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return 0;
}

static void detach(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	close(null);
	if (chdir("/"))
		_exit(1);
}

/* Waits for the next daemon. The pauses differ, because a thousand of us wait for the same one. */
static int await_daemon(const struct settings *settings, const char *owner, int *daemon)
{
	struct timespec pause = {.tv_sec = 1, .tv_nsec = (getpid() % 1000) * 1000000L};
	time_t since = time(NULL);
	int error;

	while ((error = ask_daemon(settings, owner, daemon)) && error != NOT_SERVED) {
		if (time(NULL) - since >= (time_t)settings->grace_seconds)
			return error;
		nanosleep(&pause, NULL);
	}
	return error;
}

/* All that is left to do: be there while a daemon is. */
static void stay(const struct settings *settings, const char *owner, int daemon)
{
	for (;;) {
		struct pollfd gone = {.fd = daemon, .events = POLLIN};

		if (poll(&gone, 1, -1) < 0)
			continue;
		close(daemon);
		if (await_daemon(settings, owner, &daemon))
			_exit(1);
	}
}

/* What SIGTERM does without a handler is right; what others would do is not. */
static void set_signals(void)
{
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
}

/* Leaves the process in the background. The child says over a pipe that it is as it has to be. */
static int leave_behind(const struct settings *settings, const struct haproxy_conf *conf, int daemon)
{
	int ready[2], error = -EPIPE;
	/* Here, so that the process that stays need not have the code for it in memory. */
	uid_t user = own_user();
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		detach();
		set_signals();
		error = give_up_privileges(settings, user);
		if (write(ready[1], &error, sizeof(error)) != sizeof(error) || error)
			_exit(1);
		close(ready[0]);
		close(ready[1]);
		stay(settings, conf->owner, daemon);
	}
	close(ready[1]);
	if (read(ready[0], &error, sizeof(error)) != sizeof(error))
		error = -EPIPE;
	close(ready[0]);
	if (!error)
		error = write_pidfile(conf->pidfile, pid);
	if (error)
		kill(pid, SIGKILL);
	return error;
}

static void become_haproxy(const struct settings *settings, char **argv)
{
	execv(settings->haproxy, argv);
	say("%s cannot be started: %s", settings->haproxy, strerror(errno));
	exit(1);
}

int main(int argc, char **argv)
{
	struct settings settings = {
		.admin_socket = "/run/metasteer/admin.sock",
		.haproxy = "/usr/sbin/haproxy.real",
		.grace_seconds = 30,
	};
	static struct haproxy_conf conf;
	char why[256];
	int daemon = -1, error;

	read_settings(&settings);
	if (argc != 3 || strcmp(argv[1], "-f") != 0)
		become_haproxy(&settings, argv);
	if (haproxy_conf_read(argv[2], &conf, why, sizeof(why))) {
		say("%s is not Neutron's (%s): starting the real haproxy", argv[2], why);
		become_haproxy(&settings, argv);
	}
	/* Neutron knows us by this. */
	if (!strstr(argv[2], conf.owner)) {
		say("%s does not have the name Neutron gives it, with %s: starting the real haproxy", argv[2], conf.owner);
		become_haproxy(&settings, argv);
	}
	error = ask_daemon(&settings, conf.owner, &daemon);
	if (!error)
		error = leave_behind(&settings, &conf, daemon);
	if (error) {
		say("metasteer does not serve %s (%s): starting the real haproxy", conf.owner,
		    error == NOT_SERVED ? "left out, or its port failed" : strerror(-error));
		become_haproxy(&settings, argv);
	}
	return 0;
}
