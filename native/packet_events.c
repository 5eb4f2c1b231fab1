/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the programs report of packets, as a stream of records that Node can read. The ring buffer is mapped memory and
 * is waited for with epoll, so a thread of ours reads it; it ends when the other end of the stream is closed.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <bpf/libbpf.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

struct reader {
	struct ring_buffer *ring;
	int stream_fd;
};

/* Waits for nobody: a log that is not read must not hold up the ring buffer. What does not fit is lost. */
static int forward_record(void *context, void *record, size_t size)
{
	const struct reader *reader = context;

	if (size == sizeof(struct ms_packet_event))
		(void)!send(reader->stream_fd, record, size, MSG_NOSIGNAL | MSG_DONTWAIT);
	return 0;
}

static void *read_ring(void *argument)
{
	struct reader *reader = argument;
	int error = 0;

	while (!error) {
		struct pollfd polled[2] = {{.fd = ring_buffer__epoll_fd(reader->ring), .events = POLLIN},
					   {.fd = reader->stream_fd, .events = 0}};

		if (poll(polled, 2, -1) < 0)
			error = errno == EINTR ? 0 : -errno;
		else if (polled[1].revents)
			error = -EPIPE;
		else if (ring_buffer__consume(reader->ring) < 0)
			error = -EIO;
	}
	ring_buffer__free(reader->ring);
	close(reader->stream_fd);
	free(reader);
	return NULL;
}

static int start_reader(int packet_events_fd, int stream_fd)
{
	struct reader *reader = malloc(sizeof(*reader));
	pthread_t thread;
	int error;

	if (!reader)
		return -ENOMEM;
	reader->stream_fd = stream_fd;
	reader->ring = ring_buffer__new(packet_events_fd, forward_record, reader, NULL);
	if (!reader->ring) {
		error = -errno;
		free(reader);
		return error;
	}
	error = pthread_create(&thread, NULL, read_ring, reader);
	if (error) {
		ring_buffer__free(reader->ring);
		free(reader);
		return -error;
	}
	pthread_detach(thread);
	return 0;
}

int ms_packet_events_open(__s32 packet_events_fd, __s32 *stream_fd)
{
	int pair[2], error;

	/* Records stay whole, also when some are lost. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	error = start_reader(packet_events_fd, pair[1]);
	if (error) {
		close(pair[0]);
		close(pair[1]);
		return error;
	}
	*stream_fd = pair[0];
	return 0;
}
