/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names to addresses and single DNS queries on c-ares and libuv: one c-ares channel per
 * configured server, so that every server can be asked on its own; or the system's
 * configuration (resolv.conf, hosts file, search list) where none is configured.
 */
#ifndef PROBES_RESOLVE_H
#define PROBES_RESOLVE_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/address.h"
#include "probes/reason.h"

struct resolver_server {
	struct net_address address;
	uint16_t port;
};

struct resolver_options {
	const struct resolver_server *servers; /* copied */
	size_t n_servers;                      /* 0: the system's */
	uint32_t timeout_ms;                   /* of one try */
	uint32_t attempts;                     /* tries per server, at least 1 */
};

#define RESOLVER_MAX_ADDRESSES 32 /* more are cut, the lowest are kept */

struct resolver_addresses {
	enum probe_state state;   /* open; unresolved; error */
	enum probe_reason reason; /* resolved; nxdomain, ...; local trouble */
	const struct net_address
		*items; /* sorted, no duplicates; valid in the callback */
	size_t count;
	uint32_t elapsed_us;
};

struct resolver;

/* 0, or a negative libuv code. Does not block. */
int resolver_open(
	uv_loop_t *loop, const struct resolver_options *options, struct resolver **out);

/*
 * All addresses of a name, A and AAAA, as the probes will dial them: the hosts file
 * where no servers are configured, then the servers in order until one answers. The
 * callback runs exactly once, from the loop, never inside this call. 0, or -ENOMEM and
 * no call.
 */
int resolver_lookup(struct resolver *resolver, const char *name,
	void (*done)(void *data, const struct resolver_addresses *answer), void *data);

/*
 * Cancels what is in flight (those callbacks run as error/cancelled before this
 * returns) and closes; `closed` runs from the loop when nothing of it is left.
 */
void resolver_close(struct resolver *resolver, void (*closed)(void *data), void *data);

#endif
