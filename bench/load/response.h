/* SPDX-License-Identifier: Apache-2.0 */
/* Reads HTTP/1.1 responses as far as a client must that wants to know their status and where they end. */
#ifndef RESPONSE_H
#define RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEAD_MAX 4096

struct response {
	size_t head_length; /* bytes in head */
	bool in_body;
	bool until_close; /* no Content-Length: the end of the connection is the end of the body */
	bool closes;	  /* the server said that it closes */
	size_t body_left;
	int status;
	int retry_after; /* seconds; -1: the response does not say */
	char head[HEAD_MAX + 1];
};

enum progress { MORE, COMPLETE, MALFORMED };

static inline void reset_response(struct response *response)
{
	memset(response, 0, offsetof(struct response, head));
	response->retry_after = -1;
}

static inline enum progress read_head(struct response *response)
{
	char *line = response->head;

	if (strncmp(line, "HTTP/1.", 7) != 0)
		return MALFORMED;
	response->status = atoi(line + 9);
	if (response->status < 100 || response->status > 599)
		return MALFORMED;
	response->until_close = true;
	while ((line = strchr(line, '\n')) != NULL) {
		line++;
		if (strncasecmp(line, "content-length:", 15) == 0) {
			response->body_left = strtoul(line + 15, NULL, 10);
			response->until_close = false;
		} else if (strncasecmp(line, "connection: close", 17) == 0) {
			response->closes = true;
		} else if (strncasecmp(line, "retry-after:", 12) == 0) {
			response->retry_after = atoi(line + 12);
		}
	}
	response->in_body = true;
	return MORE;
}

static inline enum progress take_body(struct response *response, size_t length)
{
	if (response->until_close)
		return MORE;
	if (length > response->body_left)
		return MALFORMED;
	response->body_left -= length;
	return response->body_left == 0 ? COMPLETE : MORE;
}

/* Takes what came in; whatever comes behind the end of the response is malformed, as nothing more was asked for. */
static inline enum progress take_bytes(struct response *response, const char *bytes, size_t length)
{
	size_t before = response->head_length;
	size_t room = HEAD_MAX - before;
	size_t taken = length < room ? length : room;
	char *end;

	if (response->in_body)
		return take_body(response, length);
	memcpy(response->head + before, bytes, taken);
	response->head_length += taken;
	response->head[response->head_length] = '\0';
	end = strstr(response->head, "\r\n\r\n");
	if (end == NULL)
		return response->head_length == HEAD_MAX ? MALFORMED : MORE;
	end[2] = '\0';
	if (read_head(response) == MALFORMED)
		return MALFORMED;
	return take_body(response, length - ((size_t)(end + 4 - response->head) - before));
}

#endif
