/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One DNS server, asked through a c-ares channel of its own on a libuv loop: so each
 * server has its own sockets and time limits, and its own failures.
 */
#ifndef PROBES_DNS_CHANNEL_H
#define PROBES_DNS_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/address.h"
#include "probes/reason.h"

/*
 * So many fresh queries wait for one server's answers at once; more wait their turn,
 * for a burst that overflows a server's receive buffer, or ours, makes the server look
 * silent: 212992 bytes, the usual size, hold some 160 datagrams. A query stays fresh
 * for four times the server's usual round trip (50 ms at least, one timeout at most).
 * So a slow server is not flooded, and a silent one holds up nobody.
 */
#define DNS_CHANNEL_WINDOW 128

/* Fresh or not; query IDs have 16 bits, and c-ares' lists should stay short. */
#define DNS_CHANNEL_MAX 8192

struct dns_channel;
struct dns_query;

struct dns_channel_options {
	struct net_address address;
	uint16_t port;
	uint32_t
		timeout_ms; /* of the first try; each further one waits twice as long */
	uint32_t attempts;  /* tries, at least 1 */
	bool own; /* this machine's own service: a closed port is local trouble */
};

struct dns_reply {
	/*
	 * none: `bytes` is an answer to the question asked, whatever it says.
	 * dns-timeout: silence, or an ICMP error, or a reset (`error` tells).
	 * nxdomain: the name is none that a query could carry.
	 * Local trouble: nothing was asked.
	 */
	enum probe_reason reason;
	int error;            /* libuv code that explains the reason; 0: none */
	const uint8_t *bytes; /* valid in the callback */
	size_t size;
	uint32_t elapsed_us; /* since the first try was sent */
};

typedef void (*dns_reply_fn)(void *data, const struct dns_reply *reply);

/* 0, or a negative libuv code. Opens no socket yet. */
int dns_channel_open(uv_loop_t *loop, const struct dns_channel_options *options,
	struct dns_channel **out);

/*
 * Asks for the records of one type; truncated answers are asked for again over TCP. The
 * callback runs once, from the loop, never inside this call. *query is the caller's to
 * detach until then. 0; -ENOMEM, -ECANCELED (closing) and no call.
 */
int dns_channel_query(struct dns_channel *channel, const char *name, uint16_t type,
	dns_reply_fn done, void *data, struct dns_query **query);

/* The caller loses interest: no callback. What is on the wire owns its memory. */
void dns_query_detach(struct dns_query *query);

/* True while the query is held back by the limits above: nothing was sent. */
bool dns_query_is_held(const struct dns_query *query);

/* Reads the answers that have come in and that the loop has not seen yet. */
void dns_channel_catch_up(struct dns_channel *channel);

/*
 * Queries in flight are called back with the reason cancelled before this returns;
 * `closed` runs from the loop when the channel is gone. May be called from a reply.
 */
void dns_channel_close(
	struct dns_channel *channel, void (*closed)(void *data), void *data);

#endif
