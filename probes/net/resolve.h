/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names to addresses and single DNS queries on c-ares and libuv: one c-ares channel per
 * configured server, so that every server can be asked on its own; or the system's
 * configuration (resolv.conf, hosts file, search list) where none is configured.
 */
#ifndef PROBES_RESOLVE_H
#define PROBES_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/address.h"
#include "probes/net/dns_channel.h"
#include "probes/reason.h"

#define RESOLVER_MAX_SERVERS 16

struct resolver_server {
	struct net_address address;
	uint16_t port;
};

struct resolver_options {
	const struct resolver_server *servers; /* copied */
	size_t n_servers;        /* at most RESOLVER_MAX_SERVERS; 0: the system's */
	uint32_t timeout_ms;     /* of the first try; the next waits twice as long */
	uint32_t attempts;       /* tries per server, at least 1 */
	uint8_t family;          /* of lookups: 4 or 6, the other is not even asked
				    for; 0: both */
	const char *resolv_conf; /* NULL: /etc/resolv.conf; outlives the resolver */
	const char *hosts_file;  /* NULL: /etc/hosts; likewise */
	uint16_t system_port;    /* of the system's servers; 0: 53 */
};

#define RESOLVER_MAX_ADDRESSES 32 /* more are cut, the lowest are kept */

struct resolver_addresses {
	enum probe_state state;   /* open; unresolved; error */
	enum probe_reason reason; /* resolved; nxdomain, ...; local trouble */
	/*
	 * Sorted, no duplicates; valid in the callback. Where the state is not open
	 * these are what is known all the same: one family answered and the other did
	 * not, so there may be more.
	 */
	const struct net_address *items;
	size_t count;
	uint32_t elapsed_us;
	bool by_server; /* DNS servers were asked: the hosts file did not know it */
};

struct resolver;

/*
 * 0, or a negative libuv code. Reads resolv.conf where no servers are given; sends
 * nothing.
 */
int resolver_open(
	uv_loop_t *loop, const struct resolver_options *options, struct resolver **out);

/*
 * All addresses of a name, A and AAAA, as the probes will dial them: those of the
 * resolver's family, where it has one. A name that is an
 * address is its own answer. Without configured servers: the hosts file, then the
 * search list. Then the servers in order until one answers both questions (those that
 * left the last three lookups without an answer come last); "no such
 * name" and "no such record" are answers; silence, SERVFAIL, REFUSED and nonsense are
 * not, and neither is half an answer, for it could hide an address. When no server
 * answers, the state is unresolved with the reason that tells most, or error where all
 * the trouble is this machine's or something ran short here.
 *
 * The callback runs exactly once, from the loop, never inside this call. 0, or -ENOMEM
 * or -ECANCELED (closing) and no call.
 */
int resolver_lookup(struct resolver *resolver, const char *name,
	void (*done)(void *data, const struct resolver_addresses *answer), void *data);

/* The servers, configured or the system's: 1 to RESOLVER_MAX_SERVERS, or 0 of none. */
size_t resolver_server_count(const struct resolver *resolver);

/* "10.0.0.53", with ":PORT" where it is not 53. Lives as long as the resolver. */
const char *resolver_server_text(const struct resolver *resolver, size_t server);

#define RESOLVER_NAME_TEXT 512

/*
 * The name to ask DNS for at `index`, from 0: with configured servers the name itself
 * alone, else what the search list makes of it. False when there are no more.
 */
bool resolver_candidate(const struct resolver *resolver, const char *name, size_t index,
	char out[RESOLVER_NAME_TEXT]);

/* One question to one server; see dns_channel_query(). */
int resolver_query(struct resolver *resolver, size_t server, const char *name,
	uint16_t type, dns_reply_fn done, void *data, struct dns_query **query);

/* Reads the answers that have come in and that the loop has not seen yet. */
void resolver_catch_up(struct resolver *resolver);

/*
 * Cancels what is in flight (those callbacks run as error/cancelled before this
 * returns) and closes; `closed` (may be NULL) runs from the loop when nothing of it is
 * left.
 */
void resolver_close(struct resolver *resolver, void (*closed)(void *data), void *data);

#endif
