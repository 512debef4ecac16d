/* SPDX-License-Identifier: Apache-2.0 */
/* How this machine is told to ask DNS: servers and search list of resolv.conf(5). */
#ifndef PROBES_DNS_SYSTEM_H
#define PROBES_DNS_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>

#include "probes/net/resolve.h"

struct dns_system {
	struct net_address servers[RESOLVER_MAX_SERVERS]; /* no duplicates */
	size_t n_servers;
	char **domains; /* the search list */
	size_t n_domains;
	unsigned n_dots; /* a name with as many dots is tried as it is first */
};

/*
 * Reads the configuration as c-ares understands it: the file (NULL: /etc/resolv.conf),
 * LOCALDOMAIN and RES_OPTIONS. 0, or a negative libuv code. Blocks on the disk.
 */
int dns_system_read(const char *path, struct dns_system *out);

/*
 * Writes the name to try at `index`, which starts at 0: the name itself, and under each
 * domain of the search list; a name with a trailing dot has only itself. False when
 * there are no more. Names too long are tried as they are, for DNS to refuse.
 */
bool dns_system_candidate(const struct dns_system *system, const char *name,
	size_t index, char out[RESOLVER_NAME_TEXT]);

void dns_system_fini(struct dns_system *system);

#endif
