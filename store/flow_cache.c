/* SPDX-License-Identifier: Apache-2.0 */
#include "store/flow_cache.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"

/* ---- hosts ------------------------------------------------------------------- */

struct cached_host *flow_cache_find_host(struct flow_cache *cache, const char *name)
{
	uint32_t number;

	return intern_find(&cache->host_names, name, &number) ? &cache->hosts[number]
							      : NULL;
}

int flow_cache_set_addresses(
	struct flow_cache *cache, struct cached_host *host, const char *addresses)
{
	const char *copy = arena_strdup(&cache->host_names.arena, addresses);

	if (!copy)
		return store_no_memory(cache->store);
	host->addresses = copy;
	return 0;
}

struct cached_host *flow_cache_add_host(
	struct flow_cache *cache, const char *name, const struct cached_host *host)
{
	uint32_t number;
	struct cached_host *hosts = cache->hosts;

	if (intern_add(&cache->host_names, name, &number) < 0)
		goto no_memory;
	if (cache->hosts_capacity < cache->host_names.capacity) {
		hosts = reallocarray(hosts, cache->host_names.capacity, sizeof *hosts);
		if (!hosts)
			goto no_memory;
		cache->hosts = hosts;
		cache->hosts_capacity = cache->host_names.capacity;
	}
	hosts[number] = *host;
	if (flow_cache_set_addresses(cache, &hosts[number], host->addresses) < 0)
		return NULL;
	return &hosts[number];

no_memory:
	store_no_memory(cache->store);
	return NULL;
}

static int load_hosts(struct flow_cache *cache)
{
	struct sqlite3_stmt *rows;
	int rc = sql_prepare(cache->store,
		"SELECT id, group_names, addresses, name FROM host WHERE vantage = ?",
		&rows);

	if (rc < 0)
		return rc;
	SQL_BIND(rows, cache->vantage);
	while ((rc = sql_step(cache->store, rows)) > 0) {
		struct cached_host host = {
			.id = (uint32_t)sql_int(rows, 0),
			.groups = (uint32_t)sql_int(rows, 1),
			.addresses = sql_text(rows, 2),
		};
		if (!flow_cache_add_host(cache, sql_text(rows, 3), &host)) {
			rc = -ENOMEM;
			break;
		}
	}
	sql_free(rows);
	return rc;
}

/* ---- flows ------------------------------------------------------------------- */

static uint32_t first_slot(
	const struct flow_cache *cache, uint32_t host, uint32_t check)
{
	uint64_t key = (uint64_t)host << 32 | check;

	return (uint32_t)intern_mix(key ^ cache->seed) & (cache->n_slots - 1);
}

struct cached_flow *flow_cache_find(
	struct flow_cache *cache, uint32_t host, uint32_t check)
{
	uint32_t at;

	/* Rows mostly come in the order in which they were loaded. */
	if (cache->guess < cache->n_flows && cache->flows[cache->guess].host == host &&
		cache->flows[cache->guess].check == check)
		return &cache->flows[cache->guess++];
	if (!cache->n_slots)
		return NULL;
	for (at = first_slot(cache, host, check); cache->slots[at];
		at = (at + 1) & (cache->n_slots - 1)) {
		struct cached_flow *flow = &cache->flows[cache->slots[at] - 1];
		if (flow->host == host && flow->check == check) {
			cache->guess = cache->slots[at];
			return flow;
		}
	}
	return NULL;
}

static void place(struct flow_cache *cache, uint32_t index)
{
	const struct cached_flow *flow = &cache->flows[index];
	uint32_t at = first_slot(cache, flow->host, flow->check);

	while (cache->slots[at])
		at = (at + 1) & (cache->n_slots - 1);
	cache->slots[at] = index + 1;
}

/* Twice as many slots as there is room for flows. */
static int build_slots(struct flow_cache *cache)
{
	uint32_t *slots = calloc((size_t)cache->capacity * 2, sizeof *slots);

	if (!slots)
		return store_no_memory(cache->store);
	free(cache->slots);
	cache->slots = slots;
	cache->n_slots = cache->capacity * 2;
	for (uint32_t i = 0; i < cache->n_flows; i++)
		place(cache, i);
	return 0;
}

static int append(struct flow_cache *cache, const struct cached_flow *flow)
{
	struct cached_flow *flows = NULL;

	if (cache->n_flows <= FLOW_MAX_NUMBER)
		flows = array_grow(
			cache->flows, &cache->capacity, cache->n_flows, sizeof *flows);
	if (!flows)
		return store_no_memory(cache->store);
	cache->flows = flows;
	cache->flows[cache->n_flows++] = *flow;
	if (flow->number >= cache->next_number)
		cache->next_number = flow->number + 1;
	return 0;
}

struct cached_flow *flow_cache_add(
	struct flow_cache *cache, const struct cached_flow *flow)
{
	if (append(cache, flow) < 0)
		return NULL;
	if (cache->n_slots == cache->capacity * 2)
		place(cache, cache->n_flows - 1);
	else if (build_slots(cache) < 0)
		return NULL;
	return &cache->flows[cache->n_flows - 1];
}

static int load_flow(struct flow_cache *cache, struct sqlite3_stmt *row)
{
	int64_t number = sql_int(row, 2);
	bool present = sql_int(row, 6) != 0;
	struct cached_flow flow = {
		.host = (uint32_t)sql_int(row, 0),
		.check = (uint32_t)sql_int(row, 1),
		.number = (uint32_t)number & FLOW_MAX_NUMBER,
		.expect = (uint32_t)sql_int(row, 3),
		.verdict = (uint32_t)sql_int(row, 4),
		.rules = (uint32_t)sql_int(row, 5),
		.state = present ? (uint32_t)sql_int(row, 7) : 0,
		.reason = (uint32_t)sql_int(row, 8),
		.identity = (uint32_t)sql_int(row, 9),
		.gap_reason = (uint32_t)sql_int(row, 10),
		.question = (uint64_t)sql_int(row, 11),
		.proved = sql_int(row, 12) != 0,
		.reported = sql_int(row, 13) != 0,
	};

	if (number < 0 || number > FLOW_MAX_NUMBER)
		return store_damaged(
			cache->store, "a flow has the number %lld", (long long)number);
	return append(cache, &flow);
}

static int load_flows(struct flow_cache *cache)
{
	struct sqlite3_stmt *rows;
	int rc = sql_prepare(cache->store,
		"SELECT host, check_name, number, expect, verdict, rules, from_scan,"
		" state, reason, identity, gap_reason, question, proved,"
		" reported_state IS NOT NULL FROM flow WHERE vantage = ?",
		&rows);

	if (rc < 0)
		return rc;
	SQL_BIND(rows, cache->vantage);
	while ((rc = sql_step(cache->store, rows)) > 0) {
		rc = load_flow(cache, rows);
		if (rc < 0)
			break;
	}
	sql_free(rows);
	return rc < 0 || !cache->n_flows ? rc : build_slots(cache);
}

/* ---- both -------------------------------------------------------------------- */

int flow_cache_load(
	struct flow_cache *cache, struct store *store, int64_t vantage, uint64_t seed)
{
	int rc;

	*cache = (struct flow_cache){.store = store, .vantage = vantage, .seed = seed};
	intern_init(&cache->host_names, seed);
	rc = load_hosts(cache);
	return rc < 0 ? rc : load_flows(cache);
}

void flow_cache_fini(struct flow_cache *cache)
{
	intern_fini(&cache->host_names);
	free(cache->hosts);
	free(cache->flows);
	free(cache->slots);
}
