/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds out for the programs what a router's neighbour table says of an address, where they cannot read it themselves or it
 * says nothing yet. A thread of its own: the answer is worth most before the client's next packet, a few hundred
 * microseconds after the question, and Node may be busy for milliseconds.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define QUESTIONS_MAX 1024
#define QUESTIONS_PER_PORT 256  /* one port's forged addresses leave room for the others' */
#define FIRST_WAIT_MS 1         /* from asking the kernel to looking again; doubled each time, … */
#define LAST_WAIT_MS 512        /* … and after this one an address that does not answer is given up */
#define DOUBT_MS 12000          /* longer than the kernel takes to give up one that it doubts: 5 s, and three probes */
#define SOCKETS_MAX 16          /* namespaces that are asked again without entering them, … */
#define SOCKETS_MS 1000         /* … for so long after the last question */
#define PORTS_MAX MS_PORTS_MAX

struct place {
	char *netns;
	__u32 ifindex;
};

/* Where the ports are: written by the daemon's threads, read by the resolver's. */
static struct place places[PORTS_MAX];
static pthread_mutex_t places_lock = PTHREAD_MUTEX_INITIALIZER;

struct question {
	struct ms_ask asked;
	__u32 wait_ms;
	__u64 doubted_until_ms;
	__u64 due_ms;
};

struct route_socket {
	__u32 port_id;
	__u32 ifindex;
	char *netns;
	struct mnl_socket *netlink; /* NULL: the place is free */
};

struct resolver {
	struct ring_buffer *ring;
	int answer_fd;
	int stream_fd;
	struct question questions[QUESTIONS_MAX];
	__u32 count;
	struct route_socket sockets[SOCKETS_MAX];
	__u32 next_socket;
};

static __u64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (__u64)now.tv_sec * 1000 + (__u64)now.tv_nsec / 1000000;
}

int ms_resolver_port(__u32 port_id, const char *netns, __u32 ifindex)
{
	char *copy = *netns ? strdup(netns) : NULL;

	if (port_id >= PORTS_MAX || (*netns && !copy)) {
		free(copy);
		return port_id >= PORTS_MAX ? -EINVAL : -ENOMEM;
	}
	pthread_mutex_lock(&places_lock);
	free(places[port_id].netns);
	places[port_id] = (struct place){.netns = copy, .ifindex = ifindex};
	pthread_mutex_unlock(&places_lock);
	return 0;
}

/* --- sockets in routers' namespaces --- */

static int open_socket(void *argument)
{
	struct mnl_socket **opened = argument;
	struct timeval patience = {.tv_sec = 1};

	*opened = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!*opened)
		return -errno;
	setsockopt(mnl_socket_get_fd(*opened), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (mnl_socket_bind(*opened, 0, MNL_SOCKET_AUTOPID) == 0)
		return 0;
	mnl_socket_close(*opened);
	*opened = NULL;
	return -errno;
}

static void close_socket(struct route_socket *socket)
{
	if (!socket->netlink)
		return;
	mnl_socket_close(socket->netlink);
	free(socket->netns);
	*socket = (struct route_socket){};
}

/* A socket where a port's router is; NULL when that has gone. The oldest one makes room. */
static struct route_socket *socket_of(struct resolver *resolver, __u32 port_id)
{
	struct route_socket *socket;
	struct place place;

	if (port_id >= PORTS_MAX)
		return NULL;
	pthread_mutex_lock(&places_lock);
	place = places[port_id];
	place.netns = place.netns ? strdup(place.netns) : NULL;
	pthread_mutex_unlock(&places_lock);
	if (!place.netns)
		return NULL;
	for (__u32 i = 0; i < SOCKETS_MAX; i++) {
		socket = &resolver->sockets[i];
		if (!socket->netlink || socket->port_id != port_id)
			continue;
		if (socket->ifindex == place.ifindex && strcmp(socket->netns, place.netns) == 0) {
			free(place.netns);
			return socket;
		}
		close_socket(socket);
	}
	socket = &resolver->sockets[resolver->next_socket++ % SOCKETS_MAX];
	close_socket(socket);
	if (netns_call(place.netns, open_socket, &socket->netlink)) {
		free(place.netns);
		socket->netlink = NULL;
		return NULL;
	}
	socket->port_id = port_id;
	socket->ifindex = place.ifindex;
	socket->netns = place.netns;
	return socket;
}

/* --- the neighbour table --- */

struct found {
	__u8 mac[ETH_ALEN];
	int is_valid;
	int is_doubted; /* by the kernel: it was not heard of lately */
};

static int read_neighbour(const struct nlmsghdr *answer, void *argument)
{
	const struct ndmsg *message = mnl_nlmsg_get_payload(answer);
	const __u16 valid = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY;
	const struct nlattr *attribute;
	struct found *found = argument;

	if (!message_has(answer, sizeof(*message)))
		return refuse_message();
	if (answer->nlmsg_type != RTM_NEWNEIGH || !(message->ndm_state & valid))
		return MNL_CB_OK;
	each_attribute(attribute, answer, sizeof(*message)) {
		if (mnl_attr_get_type(attribute) != NDA_LLADDR || mnl_attr_get_payload_len(attribute) != ETH_ALEN)
			continue;
		memcpy(found->mac, mnl_attr_get_payload(attribute), ETH_ALEN);
		found->is_valid = 1;
		found->is_doubted = (message->ndm_state & (NUD_STALE | NUD_DELAY | NUD_PROBE)) != 0;
	}
	return MNL_CB_OK;
}

static int is_ipv4(const __u8 *address)
{
	static const __u8 mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(address, mapped, sizeof(mapped)) == 0;
}

/* Asks for an entry (RTM_GETNEIGH), or has the kernel use one, which makes it find out the MAC (RTM_NEWNEIGH, NTF_USE). */
static int exchange(struct route_socket *socket, const __u8 *address, __u16 type, struct found *found)
{
	static __u32 sequence;
	char buffer[NETLINK_REQUEST_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ndmsg *message = mnl_nlmsg_put_extra_header(request, sizeof(*message));

	request->nlmsg_type = type;
	request->nlmsg_seq = ++sequence;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | (type == RTM_NEWNEIGH ? NLM_F_CREATE : 0);
	message->ndm_family = is_ipv4(address) ? AF_INET : AF_INET6;
	message->ndm_ifindex = (int)socket->ifindex;
	if (type == RTM_NEWNEIGH)
		message->ndm_flags = NTF_USE;
	mnl_attr_put(request, NDA_DST, is_ipv4(address) ? 4 : 16, address + (is_ipv4(address) ? 12 : 0));
	if (mnl_socket_sendto(socket->netlink, request, request->nlmsg_len) < 0)
		return -errno;
	return netlink_answer(socket->netlink, request->nlmsg_seq, read_neighbour, found);
}

static void write_answer(const struct resolver *resolver, const struct ms_neighbour_key *key, const struct found *found)
{
	struct {
		struct ethhdr eth;
		struct ms_answer told;
	} __attribute__((packed)) frame = {.told = {.key = *key}};
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = &frame, .data_size_in = sizeof(frame), .repeat = 1);

	if (found->is_valid)
		memcpy(frame.told.mac, found->mac, ETH_ALEN);
	bpf_prog_test_run_opts(resolver->answer_fd, &options);
}

/*
 * Looks once. True when there is nothing more to be done about it.
 *
 * The kernel is asked to use an entry that it doubts, as it does itself for a packet that it sends: it probes it then, and
 * gives it up when nobody answers. Whose address came from another MAC is followed until then, so that the next SYN of
 * who has it now finds it known.
 */
static int is_settled(struct resolver *resolver, struct question *question)
{
	const struct ms_neighbour_key *key = &question->asked.key;
	struct route_socket *socket = socket_of(resolver, key->port_id);
	struct found found = {}, used = {};
	__u64 now = now_ms();
	int error;

	if (!socket)
		return 1;
	error = exchange(socket, question->asked.next_hop, RTM_GETNEIGH, &found);
	if (error && error != -ENOENT) {
		/* The interface or its namespace may have gone; what is asked next opens another socket. */
		close_socket(socket);
		return 1;
	}
	/* Each time: the table may have been full (-ENOBUFS), and what is being found out already is not asked for twice. */
	if (!found.is_valid || found.is_doubted)
		exchange(socket, question->asked.next_hop, RTM_NEWNEIGH, &used);
	if (found.is_valid) {
		write_answer(resolver, key, &found);
		if (!question->asked.is_doubted || !found.is_doubted || now >= question->doubted_until_ms)
			return 1;
		question->due_ms = now + LAST_WAIT_MS;
		return 0;
	}
	if (question->wait_ms > LAST_WAIT_MS) {
		write_answer(resolver, key, &found);
		return 1;
	}
	question->due_ms = now + question->wait_ms;
	question->wait_ms *= 2;
	return 0;
}

/* --- the thread --- */

static int take_question(void *context, void *record, size_t size)
{
	struct resolver *resolver = context;
	struct question question = {.wait_ms = FIRST_WAIT_MS, .doubted_until_ms = now_ms() + DOUBT_MS};
	const struct ms_neighbour_key *key = &question.asked.key, *other;
	__u32 of_port = 0;

	if (size != sizeof(question.asked))
		return 0;
	memcpy(&question.asked, record, sizeof(question.asked));
	for (__u32 i = 0; i < resolver->count; i++) {
		other = &resolver->questions[i].asked.key;
		if (memcmp(other, key, sizeof(*key)) == 0)
			return 0;
		of_port += other->port_id == key->port_id;
	}
	/* What finds no room is asked again by the next SYN. */
	if (!is_settled(resolver, &question) && of_port < QUESTIONS_PER_PORT && resolver->count < QUESTIONS_MAX)
		resolver->questions[resolver->count++] = question;
	return 0;
}

/* Returns the time after which idle sockets are closed, -1 when there are none. */
static int idle_wait(const struct resolver *resolver)
{
	for (__u32 i = 0; i < SOCKETS_MAX; i++)
		if (resolver->sockets[i].netlink)
			return SOCKETS_MS;
	return -1;
}

static void close_sockets(struct resolver *resolver)
{
	for (__u32 i = 0; i < SOCKETS_MAX; i++)
		close_socket(&resolver->sockets[i]);
}

/* Looks again at what is due. Returns the time to the next, or after which nothing has been asked for a while. */
static int look_again(struct resolver *resolver)
{
	__u64 now = now_ms(), next = 0;

	for (__u32 i = 0; i < resolver->count;) {
		struct question *question = &resolver->questions[i];

		if (question->due_ms <= now && is_settled(resolver, question)) {
			*question = resolver->questions[--resolver->count];
			continue;
		}
		if (!next || question->due_ms < next)
			next = question->due_ms;
		i++;
	}
	return !next ? idle_wait(resolver) : next > now ? (int)(next - now) : 0;
}

static void *resolve(void *argument)
{
	struct resolver *resolver = argument;
	int error = 0, wait_ms = -1;

	while (!error) {
		struct pollfd polled[2] = {{.fd = ring_buffer__epoll_fd(resolver->ring), .events = POLLIN},
					   {.fd = resolver->stream_fd, .events = 0}};

		int ready = poll(polled, 2, wait_ms);

		if (ready < 0)
			error = errno == EINTR ? 0 : -errno;
		else if (ready == 0 && resolver->count == 0)
			close_sockets(resolver);
		else if (polled[1].revents)
			error = -EPIPE;
		else if (ring_buffer__consume(resolver->ring) < 0)
			error = -EIO;
		wait_ms = look_again(resolver);
	}
	close_sockets(resolver);
	ring_buffer__free(resolver->ring);
	close(resolver->answer_fd);
	close(resolver->stream_fd);
	free(resolver);
	return NULL;
}

/* The program stays loaded for the thread, whatever becomes of the caller's descriptor. */
static int start(int asks_fd, int answer_fd, int stream_fd)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	pthread_t thread;
	int error;

	if (!resolver)
		return -ENOMEM;
	resolver->stream_fd = stream_fd;
	resolver->answer_fd = dup(answer_fd);
	resolver->ring = ring_buffer__new(asks_fd, take_question, resolver, NULL);
	if (!resolver->ring || resolver->answer_fd < 0) {
		error = -ENOMEM;
	} else {
		error = -pthread_create(&thread, NULL, resolve, resolver);
		if (!error) {
			pthread_detach(thread);
			return 0;
		}
	}
	ring_buffer__free(resolver->ring);
	close_fd(&resolver->answer_fd);
	free(resolver);
	return error;
}

int ms_resolver_open(__s32 asks_fd, __s32 answer_fd, __s32 *stream_fd)
{
	int pair[2], error;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	error = start(asks_fd, answer_fd, pair[1]);
	if (error) {
		close(pair[0]);
		close(pair[1]);
		return error;
	}
	*stream_fd = pair[0];
	return 0;
}
