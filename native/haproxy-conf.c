/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells a haproxy configuration of Neutron's from any other: contract.md 1.1 and 1.3 list what its agents write. A line
 * that is not in here is somebody's wish that we would not fulfil, so the real haproxy gets the file then.
 */
#define _GNU_SOURCE
#include "haproxy-conf.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX 16

/* What a line tells us beside being known. */
enum meaning {
	NOTHING,
	PIDFILE,
	DAEMON,
	TAG,    /* names the owner */
	HEADER, /* names the owner, and says that requests are answered for it */
	BIND,
	SERVER,
	MEANINGS,
};

struct known {
	const char *section;
	const char *line;
	enum meaning meaning;
};

/* In a line `#` stands for digits, `@` for the owner, and `*` for the rest of a word. A name alone is a section. */
static const struct known known_lines[] = {
	{"global", "log /dev/log local0 *", NOTHING},
	{"global", "log-tag haproxy-metadata-proxy-@", TAG},
	{"global", "user *", NOTHING},
	{"global", "group *", NOTHING},
	{"global", "maxconn #", NOTHING},
	{"global", "nbthread #", NOTHING},
	{"global", "pidfile /*", PIDFILE},
	{"global", "daemon", DAEMON},
	{"defaults", "log global", NOTHING},
	{"defaults", "mode http", NOTHING},
	{"defaults", "option httplog", NOTHING},
	{"defaults", "option dontlognull", NOTHING},
	{"defaults", "option http-server-close", NOTHING},
	{"defaults", "option forwardfor", NOTHING},
	{"defaults", "retries #", NOTHING},
	{"defaults", "timeout http-request #s", NOTHING},
	{"defaults", "timeout connect #s", NOTHING},
	{"defaults", "timeout client #s", NOTHING},
	{"defaults", "timeout server #s", NOTHING},
	{"defaults", "timeout http-keep-alive #s", NOTHING},
	{"backend base_rate_limiter", "stick-table type ip size 10k expire #s store http_req_rate(#s)", NOTHING},
	{"backend base_rate_limiter", "stick-table type ipv6 size 10k expire #s store http_req_rate(#s)", NOTHING},
	{"backend burst_rate_limiter", "stick-table type ip size 10k expire #s store http_req_rate(#s)", NOTHING},
	{"backend burst_rate_limiter", "stick-table type ipv6 size 10k expire #s store http_req_rate(#s)", NOTHING},
	{"listen listener", "bind *", BIND},
	{"listen listener", "bind * interface *", NOTHING},
	{"listen listener", "server metadata /*", SERVER},
	{"listen listener", "http-request track-sc0 src table base_rate_limiter", NOTHING},
	{"listen listener", "http-request track-sc1 src table burst_rate_limiter", NOTHING},
	{"listen listener", "http-request deny deny_status 429 if { src_http_req_rate(base_rate_limiter) gt # }", NOTHING},
	{"listen listener", "http-request deny deny_status 429 if { src_http_req_rate(burst_rate_limiter) gt # }", NOTHING},
	{"listen listener", "http-request deny deny_status 429 if { sc_http_req_rate(0) gt # }", NOTHING},
	{"listen listener", "http-request deny deny_status 429 if { sc_http_req_rate(1) gt # }", NOTHING},
	{"listen listener", "http-request del-header X-Neutron-Network-ID", NOTHING},
	{"listen listener", "http-request del-header X-Neutron-Router-ID", NOTHING},
	{"listen listener", "http-request set-header X-Neutron-Router-ID @", HEADER},
	{"listen listener", "http-request set-header X-Neutron-Network-ID @", HEADER},
	{"listen listener", "http-request add-header X-OVN-Network-ID @", HEADER},
};

#define LINES (sizeof(known_lines) / sizeof(known_lines[0]))

/* The C library's takes no `char` that is negative. */
static bool is_digit(char character)
{
	return character >= '0' && character <= '9';
}

static bool is_uuid(const char *text)
{
	for (int i = 0; i < UUID_LENGTH; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !is_digit(text[i]) && !(text[i] >= 'a' && text[i] <= 'f'))
			return false;
	}
	return true;
}

/* Whether a word is as the pattern says. `*owner` is where it names the owner, else untouched. */
static bool word_matches(const char *pattern, size_t length, const char *word, const char **owner)
{
	for (const char *end = pattern + length; pattern < end; pattern++) {
		if (*pattern == '*')
			return *word != '\0';
		if (*pattern == '#') {
			if (!is_digit(*word))
				return false;
			while (is_digit(*word))
				word++;
		} else if (*pattern == '@') {
			if (!is_uuid(word))
				return false;
			*owner = word;
			word += UUID_LENGTH;
		} else if (*pattern != *word++) {
			return false;
		}
	}
	return *word == '\0';
}

static bool line_matches(const char *pattern, char *const *words, int count, const char **owner)
{
	for (int i = 0; i < count; i++) {
		size_t length = strcspn(pattern, " ");

		if (length == 0 || !word_matches(pattern, length, words[i], owner))
			return false;
		pattern += length;
		pattern += *pattern == ' ';
	}
	return *pattern == '\0';
}

static int split(char *line, char **words)
{
	int count = 0;
	char *rest = NULL;

	for (char *word = strtok_r(line, " \t\r\n", &rest); word; word = strtok_r(NULL, " \t\r\n", &rest)) {
		if (count == WORDS_MAX)
			return -EINVAL;
		words[count++] = word;
	}
	return count;
}

/* The section that a line begins, else NULL. */
static const char *section_of(char *const *words, int count)
{
	const char *nobody;

	for (size_t i = 0; i < LINES; i++)
		if (line_matches(known_lines[i].section, words, count, &nobody))
			return known_lines[i].section;
	return NULL;
}

static const struct known *find(const char *section, char *const *words, int count, const char **owner)
{
	for (size_t i = 0; i < LINES; i++) {
		*owner = NULL;
		if (section && strcmp(section, known_lines[i].section) == 0)
			if (line_matches(known_lines[i].line, words, count, owner))
				return &known_lines[i];
	}
	return NULL;
}

struct reading {
	struct haproxy_conf conf;
	const char *section;
	int seen[MEANINGS];
};

/* Returns why the line is none of Neutron's, NULL when it is. */
static const char *take(struct reading *reading, char *const *words, int count)
{
	const char *section = section_of(words, count), *owner;
	const struct known *known;

	if (section) {
		reading->section = section;
		return NULL;
	}
	known = find(reading->section, words, count, &owner);
	if (!known)
		return "Neutron writes no such line there";
	if (known->meaning != NOTHING && reading->seen[known->meaning]++)
		return "Neutron writes such a line once";
	if (owner && reading->conf.owner[0] && memcmp(reading->conf.owner, owner, UUID_LENGTH) != 0)
		return "another router or network was named before";
	if (owner)
		memcpy(reading->conf.owner, owner, UUID_LENGTH);
	if (known->meaning == PIDFILE && strlen(words[1]) >= sizeof(reading->conf.pidfile))
		return "the path is too long";
	if (known->meaning == PIDFILE)
		strcpy(reading->conf.pidfile, words[1]);
	return NULL;
}

/* Reads a line up to its end. Returns why it is none of Neutron's, NULL when it may be; `*is_last` when nothing follows. */
static const char *read_line(FILE *file, char *line, size_t room, bool *is_last)
{
	size_t length = 0;
	int character;

	while ((character = getc_unlocked(file)) != EOF && character != '\n') {
		/* What follows would be hidden from us, and perhaps not from haproxy. */
		if (character == '\0')
			return "it is no text";
		if (length + 1 == room)
			return "the line is too long";
		line[length++] = (char)character;
	}
	line[length] = '\0';
	*is_last = character == EOF;
	return ferror(file) ? "the file cannot be read" : NULL;
}

static int read_lines(FILE *file, struct reading *reading, char *why, unsigned int why_len)
{
	char line[8192], *words[WORDS_MAX] = {};
	bool is_last = false;

	for (int number = 1; !is_last; number++) {
		const char *problem = read_line(file, line, sizeof(line), &is_last);
		int count = problem ? 0 : split(line, words);

		if (count < 0)
			problem = "the line is too long";
		else if (count > 0)
			problem = take(reading, words, count);
		if (problem) {
			snprintf(why, why_len, "line %d: %s", number, problem);
			return -EINVAL;
		}
	}
	for (int meaning = NOTHING + 1; meaning < MEANINGS; meaning++) {
		if (!reading->seen[meaning]) {
			snprintf(why, why_len, "a line that Neutron always writes is missing");
			return -EINVAL;
		}
	}
	return 0;
}

int haproxy_conf_read(const char *path, struct haproxy_conf *conf, char *why, unsigned int why_len)
{
	struct reading reading = {};
	FILE *file = fopen(path, "re");
	int error;

	if (!file) {
		error = -errno;
		snprintf(why, why_len, "%s", strerror(-error));
		return error;
	}
	error = read_lines(file, &reading, why, why_len);
	fclose(file);
	if (!error)
		*conf = reading.conf;
	return error;
}
