/* SPDX-License-Identifier: Apache-2.0 */
/* What Neutron's agents write for haproxy, as far as the shim needs to know it. */
#pragma once

#define UUID_LENGTH 36

struct haproxy_conf {
	char owner[UUID_LENGTH + 1]; /* the router or network */
	char pidfile[4096];
};

/*
 * Reads a configuration that Neutron wrote: every line must be one of those it writes, and name one owner throughout.
 * Returns 0, or a negative errno with the reason in `why`; -EINVAL is a file that somebody else wrote.
 */
int haproxy_conf_read(const char *path, struct haproxy_conf *conf, char *why, unsigned int why_len);
