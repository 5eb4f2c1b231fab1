/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often each client asked, counted by all workers in memory they share: a client's requests may come to any of them.
 *
 * A window is a sliding one, as haproxy's (contract.md 1.3): what was counted in the period before weighs as much as
 * that period still overlaps the last `length` milliseconds. It is one 64-bit word, changed by compare-and-exchange, so
 * a worker that is killed leaves nothing locked.
 *
 * A worker that was taken over can write anything there at any time. It can make counts wrong, and no more: the memory is sealed
 * against another size, how many slots there are follows from that size, and each word is read once and of any value.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

/* Slots a client may be in, from the one its hash names on. When all are taken, the one idle for longest is taken over. */
#define PROBES 16

/* Its size stays, and nobody adds a seal that would keep the next worker out. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* So often a count is tried that others change meanwhile; one who does nothing else must not hold anybody up. */
#define TRIES 1000

enum window_name { BASE, BURST, WINDOWS };

struct slot {
	_Atomic(__u64) client; /* its hash; 0: free */
	_Atomic(__u64) windows[WINDOWS];
};

/* The memory. */
struct shared {
	__u64 secret[2]; /* of the hash, so that no tenant can choose whose slot it shares */
	__u64 slot_count; /* a power of two; for versions before 0.1.1, which believe it */
	struct slot slots[];
};

_Static_assert(MS_RATE_LIMIT_MAX == UINT16_MAX, "a window counts up to the highest limit, in 16 bits");

/* What a process that uses it keeps for itself: nobody else can change this. */
struct table {
	struct shared *shared; /* NULL: none is used */
	__u64 bytes;
	__u64 secret[2];
	__u64 slot_count; /* as its size says */
};

static struct table opened;

/* --- SipHash-2-4 of Aumasson and Bernstein --- */

struct sip {
	__u64 v0, v1, v2, v3;
};

static __u64 rotate(__u64 value, int bits)
{
	return (value << bits) | (value >> (64 - bits));
}

static void sip_rounds(struct sip *sip, int count)
{
	while (count-- > 0) {
		sip->v0 += sip->v1;
		sip->v2 += sip->v3;
		sip->v1 = rotate(sip->v1, 13) ^ sip->v0;
		sip->v3 = rotate(sip->v3, 16) ^ sip->v2;
		sip->v0 = rotate(sip->v0, 32);
		sip->v2 += sip->v1;
		sip->v0 += sip->v3;
		sip->v1 = rotate(sip->v1, 17) ^ sip->v2;
		sip->v3 = rotate(sip->v3, 21) ^ sip->v0;
		sip->v2 = rotate(sip->v2, 32);
	}
}

static void sip_word(struct sip *sip, __u64 word)
{
	sip->v3 ^= word;
	sip_rounds(sip, 2);
	sip->v0 ^= word;
}

static __u64 hash(const __u64 *secret, const __u8 *bytes, __u32 length)
{
	struct sip sip = {
		.v0 = secret[0] ^ 0x736f6d6570736575ULL,
		.v1 = secret[1] ^ 0x646f72616e646f6dULL,
		.v2 = secret[0] ^ 0x6c7967656e657261ULL,
		.v3 = secret[1] ^ 0x7465646279746573ULL,
	};
	__u64 word = 0;
	__u32 at;

	for (at = 0; at + 8 <= length; at += 8) {
		memcpy(&word, bytes + at, 8);
		sip_word(&sip, word);
	}
	word = 0;
	memcpy(&word, bytes + at, length - at);
	sip_word(&sip, word | (__u64)length << 56);
	sip.v2 ^= 0xff;
	sip_rounds(&sip, 4);
	return sip.v0 ^ sip.v1 ^ sip.v2 ^ sip.v3;
}

/* --- windows --- */

struct window {
	__u32 started_ms;
	__u16 before; /* requests in the period before this one */
	__u16 now;
};

static struct window unpack(__u64 word)
{
	return (struct window){.started_ms = (__u32)(word >> 32), .before = (__u16)(word >> 16), .now = (__u16)word};
}

static __u64 pack(struct window window)
{
	return (__u64)window.started_ms << 32 | (__u64)window.before << 16 | window.now;
}

/* Brings a window up to the present. Times are compared as differences, which wrap around with them. */
static struct window advance(struct window window, __u32 now_ms, __u32 length_ms)
{
	__u32 age = now_ms - window.started_ms;

	if (age < length_ms)
		return window;
	if (age < 2 * length_ms)
		return (struct window){.started_ms = window.started_ms + length_ms, .before = window.now};
	return (struct window){.started_ms = now_ms};
}

/* Requests in the last `length_ms`. */
static __u32 count_in(struct window window, __u32 now_ms, __u32 length_ms)
{
	__u32 overlap = length_ms - (now_ms - window.started_ms);

	return window.now + (__u32)((__u64)window.before * overlap / length_ms);
}

/*
 * Until one more request is within the limit, if none comes meanwhile. `earlier` requests weigh no more than `room` once
 * less than this much of their period overlaps.
 */
static __u32 overlap_with_room(__u32 earlier, __u32 room, __u32 length_ms)
{
	__u64 overlap = earlier ? ((__u64)length_ms * (room + 1) - 1) / earlier : length_ms;

	return overlap < length_ms ? (__u32)overlap : length_ms;
}

static __u32 wait_for(struct window window, __u32 now_ms, __u32 length_ms, __u32 limit)
{
	__u32 left = length_ms - (now_ms - window.started_ms);

	if (window.now < limit)
		return left - overlap_with_room(window.before, limit - 1 - window.now, length_ms);
	return left + length_ms - overlap_with_room(window.now, limit - 1, length_ms);
}

/* Counts one request in a window if `counts` says so for it; returns how long to wait, 0 for not at all. */
static __u32 take(_Atomic(__u64) *word, __u32 now_ms, __u32 length_ms, __u32 limit, bool is_refused, bool count_refused)
{
	__u64 seen = atomic_load(word), wanted;
	struct window window;
	int tries = TRIES;
	bool over;

	do {
		window = advance(unpack(seen), now_ms, length_ms);
		over = count_in(window, now_ms, length_ms) + 1 > limit;
		if (window.now < UINT16_MAX && (count_refused || !(over || is_refused)))
			window.now++;
		wanted = pack(window);
	} while (wanted != seen && !atomic_compare_exchange_weak(word, &seen, wanted) && --tries > 0);
	if (!over)
		return 0;
	return wait_for(window, now_ms, length_ms, limit);
}

static bool would_refuse(const _Atomic(__u64) *word, __u32 now_ms, __u32 length_ms, __u32 limit)
{
	struct window window = advance(unpack(atomic_load(word)), now_ms, length_ms);

	return count_in(window, now_ms, length_ms) + 1 > limit;
}

/* --- the table --- */

static struct slot *begin(struct slot *slot, __u32 now_ms)
{
	for (int i = 0; i < WINDOWS; i++)
		atomic_store(&slot->windows[i], pack((struct window){.started_ms = now_ms}));
	return slot;
}

/* The slot of a client; one is made where it has none. */
static struct slot *find_slot(const struct table *table, __u64 client, __u32 now_ms)
{
	struct slot *oldest = NULL;
	__u32 oldest_age = 0;
	__u64 held;

	for (__u64 i = 0; i < PROBES; i++) {
		struct slot *slot = &table->shared->slots[(client + i) & (table->slot_count - 1)];
		__u32 age = now_ms - unpack(atomic_load(&slot->windows[BASE])).started_ms;

		held = 0;
		if (atomic_load(&slot->client) == client)
			return slot;
		if (atomic_compare_exchange_strong(&slot->client, &held, client))
			return begin(slot, now_ms);
		if (held == client)
			return slot;
		if (!oldest || age > oldest_age) {
			oldest = slot;
			oldest_age = age;
		}
	}
	atomic_store(&oldest->client, client);
	return begin(oldest, now_ms);
}

int ms_rates_create(__u32 clients, __s32 *rates_fd)
{
	OWNED_FD fd = memfd_create("metasteer-rates", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct shared header = {.slot_count = PROBES};

	while (header.slot_count < clients)
		header.slot_count *= 2;
	if (fd < 0 || getrandom(header.secret, sizeof(header.secret), 0) != sizeof(header.secret))
		return -errno;
	if (ftruncate(fd, (off_t)(sizeof(header) + header.slot_count * sizeof(struct slot))) ||
	    pwrite(fd, &header, sizeof(header), 0) != sizeof(header) || fcntl(fd, F_ADD_SEALS, SEALS))
		return -errno;
	*rates_fd = TAKE_FD(fd);
	return 0;
}

/* How large a table is. What stands in it is not asked: a worker may have written it. */
static int measure(int fd, struct table *table)
{
	__u64 bytes, slots;
	int error = sealed_size(fd, SEALS, &bytes);

	if (error)
		return error;
	if (bytes < sizeof(struct shared) || (bytes - sizeof(struct shared)) % sizeof(struct slot))
		return -EINVAL;
	slots = (bytes - sizeof(struct shared)) / sizeof(struct slot);
	if (slots < PROBES || slots & (slots - 1))
		return -EINVAL;
	table->bytes = bytes;
	table->slot_count = slots;
	return 0;
}

int ms_rates_check(__s32 rates_fd)
{
	struct table table;

	return measure(rates_fd, &table);
}

int ms_rates_open(__s32 rates_fd)
{
	struct table table;
	void *memory;
	int error = measure(rates_fd, &table);

	if (error)
		return error;
	memory = mmap(NULL, table.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, rates_fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	table.shared = memory;
	memcpy(table.secret, table.shared->secret, sizeof(table.secret));
	if (opened.shared)
		munmap(opened.shared, opened.bytes);
	opened = table;
	return 0;
}

int ms_rates_take(const __u8 *client, __u32 client_len, const struct ms_rate_windows *windows, __u32 now_ms,
		  __u32 *wait_ms)
{
	__u64 name;
	struct slot *slot;
	__u32 base, burst;
	bool refused;

	if (!opened.shared)
		return -EBADF;
	if (!windows->base_ms || !windows->base_limit || !windows->burst_ms || !windows->burst_limit)
		return -EINVAL;
	name = hash(opened.secret, client, client_len);
	slot = find_slot(&opened, name ? name : 1, now_ms);
	/* A request that one window refuses must not count in the other. */
	refused = would_refuse(&slot->windows[BASE], now_ms, windows->base_ms, windows->base_limit) ||
		  would_refuse(&slot->windows[BURST], now_ms, windows->burst_ms, windows->burst_limit);
	base = take(&slot->windows[BASE], now_ms, windows->base_ms, windows->base_limit, refused,
		    windows->count_refused);
	burst = take(&slot->windows[BURST], now_ms, windows->burst_ms, windows->burst_limit, refused,
		     windows->count_refused);
	*wait_ms = base > burst ? base : burst;
	return 0;
}
