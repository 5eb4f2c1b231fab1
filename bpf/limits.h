/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a SYN must not exceed. Asked by ms_steer, which then takes what it lets through, and by ms_guard, which only asks. */
#pragma once

#include "maps.h"

#include <stdbool.h>

static __always_inline __u64 bucket_after(__u64 busy_until_ns, __u64 now_ns, const struct ms_rate *rate)
{
	return (busy_until_ns > now_ns ? busy_until_ns : now_ns) + rate->interval_ns;
}

/* Two CPUs may take the last token together: a limit can be exceeded by the number of CPUs, no more. */
static __always_inline void bucket_take(__u64 *busy_until_ns, __u64 now_ns, const struct ms_rate *rate)
{
	*busy_until_ns = bucket_after(*busy_until_ns, now_ns, rate);
}

static __always_inline bool bucket_has_room(__u64 busy_until_ns, __u64 now_ns, const struct ms_rate *rate,
					    __u64 burst_ns)
{
	return rate->interval_ns == 0 || bucket_after(busy_until_ns, now_ns, rate) - now_ns <= burst_ns;
}

/*
 * Half of what a port may have, at once or open, is for addresses that are known to be real, so that a flood from forged
 * ones, whose connections stay half-open, does not shut them out. One may always come.
 */
static __always_inline __u64 port_share(__u64 all, __u64 one, const struct ms_neighbour *known)
{
	if (known && known->confirmed)
		return all;
	return all / 2 > one ? all / 2 : one;
}

/* Neighbours that were never confirmed. The two counts are not read at one moment. */
static __always_inline __u32 port_unconfirmed(const struct ms_port *port)
{
	__u32 all = port->neighbours, confirmed = port->confirmed;

	return all > confirmed ? all - confirmed : 0;
}

/* Whether a port has as many neighbours as it may have, or as many that are not confirmed as may be. */
static __always_inline bool port_is_full(const struct ms_port *port, const struct ms_settings *settings)
{
	return port->neighbours >= settings->neighbours_per_port_max ||
	       (settings->neighbours_per_port_max &&
		port_unconfirmed(port) >= port_share(settings->neighbours_per_port_max, 1, NULL));
}

/* Nearly: early enough that room is made before anybody is refused. */
static __always_inline bool port_is_crowded(const struct ms_port *port, const struct ms_settings *settings)
{
	__u64 max = settings->neighbours_per_port_max;

	return port->neighbours * 8ULL >= max * 7 || port_unconfirmed(port) * 8ULL >= port_share(max, 1, NULL) * 7;
}

/*
 * The limit a SYN is over, as the verdict to drop it with; MS_STEER_SYN when it is over none.
 *
 * `known` is the neighbour it is charged to, by address and MAC: NULL for an address that is new, or has a new MAC.
 * `is_new` says whether it needs an entry in `neighbours`.
 */
static __always_inline enum ms_verdict limits_check(const struct ms_port *port, const struct ms_neighbour *known,
						    bool is_new, bool is_new_flow, __u64 now_ns,
						    const struct ms_settings *settings)
{
	const struct ms_rate *port_rate = &settings->port_rate;
	const struct ms_rate *source_rate = &settings->source_rate;

	if (known && !bucket_has_room(known->busy_until_ns, now_ns, source_rate, source_rate->burst_ns))
		return MS_DROP_SOURCE_RATE;
	if (!bucket_has_room(port->busy_until_ns, now_ns, port_rate,
			     port_share(port_rate->burst_ns, port_rate->interval_ns, known)))
		return MS_DROP_PORT_RATE;
	if (is_new_flow && known && known->open >= settings->source_open_max)
		return MS_DROP_SOURCE_OPEN;
	if (is_new_flow && port->open >= port_share(settings->port_open_max, 1, known))
		return MS_DROP_PORT_OPEN;
	if (is_new && port_is_full(port, settings))
		return MS_DROP_NEIGHBOUR_QUOTA;
	return MS_STEER_SYN;
}

/* The same for what another interface of the router has handed over: all of it together counts as one address. */
static __always_inline enum ms_verdict limits_check_handed_over(const struct ms_port *port, bool is_new_flow, __u64 now_ns,
								const struct ms_settings *settings)
{
	const struct ms_rate *source_rate = &settings->source_rate;

	if (!bucket_has_room(port->handed_busy_until_ns, now_ns, source_rate, source_rate->burst_ns))
		return MS_DROP_SOURCE_RATE;
	if (is_new_flow && port->handed_open >= settings->source_open_max)
		return MS_DROP_SOURCE_OPEN;
	if (is_new_flow && port->open >= port_share(settings->port_open_max, 1, NULL))
		return MS_DROP_PORT_OPEN;
	return MS_STEER_SYN;
}
