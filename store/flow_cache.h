/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store knows of a vantage's newest scan, in memory while the next one is
 * recorded: some 56 bytes a flow, found by host and check.
 */
#ifndef STORE_FLOW_CACHE_H
#define STORE_FLOW_CACHE_H

#include "base/intern.h"
#include "store/sql.h"

enum {
	FLOW_MAX_NUMBER = (1 << 29) - 1 /* of a flow */
};

/* All numbers of 32 bits are ids of words or hosts; 0: none. */
struct cached_flow {
	uint32_t host, check;
	uint32_t expect, verdict, rules;
	uint32_t state, reason, identity; /* state 0: not in the inventory */
	uint32_t gap_reason;              /* 0: the newest scan measured it */
	uint32_t number : 29;
	bool seen : 1; /* among the rows of the scan being recorded */
	bool proved : 1;
	bool reported : 1; /* something is */
	uint64_t question;
};

struct cached_host {
	uint32_t id;
	uint32_t groups;
	const char *addresses;
};

struct flow_cache {
	struct store *store;
	int64_t vantage;
	struct intern host_names;
	struct cached_host *hosts; /* by number in host_names */
	uint32_t hosts_capacity;
	struct cached_flow *flows;
	uint32_t n_flows, capacity;
	uint32_t next_number; /* above every flow's */
	uint32_t *slots;      /* index of a flow + 1, or 0; a power of two of them */
	uint32_t n_slots;
	uint32_t guess; /* the flow after the one found last */
	uint64_t seed;
};

/* Reads it all. 0 or a negative errno; flow_cache_fini() it either way. */
int flow_cache_load(
	struct flow_cache *cache, struct store *store, int64_t vantage, uint64_t seed);
void flow_cache_fini(struct flow_cache *cache);

/* NULL when there is none. Pointers are good until the next addition. */
struct cached_host *flow_cache_find_host(struct flow_cache *cache, const char *name);
struct cached_flow *flow_cache_find(
	struct flow_cache *cache, uint32_t host, uint32_t check);

/* Adds what is not there yet. NULL, with the failure remembered, without memory. */
struct cached_host *flow_cache_add_host(
	struct flow_cache *cache, const char *name, const struct cached_host *host);
struct cached_flow *flow_cache_add(
	struct flow_cache *cache, const struct cached_flow *flow);

/* Replaces the addresses; the text is copied. 0 or -ENOMEM. */
int flow_cache_set_addresses(
	struct flow_cache *cache, struct cached_host *host, const char *addresses);

#endif
