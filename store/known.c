/* SPDX-License-Identifier: Apache-2.0 */
#include "store/known.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"

/* ---- hosts ------------------------------------------------------------------- */

struct known_host *known_find_host(struct known *known, const char *name)
{
	uint32_t number;

	return intern_find(&known->host_names, name, &number) ? &known->hosts[number]
							      : NULL;
}

int known_set_addresses(
	struct known *known, struct known_host *host, const char *addresses)
{
	const char *copy = arena_strdup(&known->host_names.arena, addresses);

	if (!copy)
		return store_no_memory(known->store);
	host->addresses = copy;
	return 0;
}

struct known_host *known_add_host(
	struct known *known, const char *name, const struct known_host *host)
{
	uint32_t number;
	struct known_host *hosts = known->hosts;

	if (intern_add(&known->host_names, name, &number) < 0)
		goto no_memory;
	if (known->hosts_capacity < known->host_names.capacity) {
		hosts = reallocarray(hosts, known->host_names.capacity, sizeof *hosts);
		if (!hosts)
			goto no_memory;
		known->hosts = hosts;
		known->hosts_capacity = known->host_names.capacity;
	}
	hosts[number] = *host;
	if (known_set_addresses(known, &hosts[number], host->addresses) < 0)
		return NULL;
	return &hosts[number];

no_memory:
	store_no_memory(known->store);
	return NULL;
}

static int load_hosts(struct known *known)
{
	struct sqlite3_stmt *rows;
	int rc = sql_prepare(known->store,
		"SELECT id, group_names, addresses, name FROM host WHERE vantage = ?",
		&rows);

	if (rc < 0)
		return rc;
	SQL_BIND(rows, known->vantage);
	while ((rc = sql_step(known->store, rows)) > 0) {
		struct known_host host = {
			.id = (uint32_t)sql_int(rows, 0),
			.groups = (uint32_t)sql_int(rows, 1),
			.addresses = sql_text(rows, 2),
		};
		if (!known_add_host(known, sql_text(rows, 3), &host)) {
			rc = -ENOMEM;
			break;
		}
	}
	sql_free(rows);
	return rc;
}

/* ---- flows ------------------------------------------------------------------- */

static uint32_t first_slot(const struct known *known, uint32_t host, uint32_t check)
{
	uint64_t key = (uint64_t)host << 32 | check;

	return (uint32_t)intern_mix(key ^ known->seed) & (known->n_slots - 1);
}

struct known_flow *known_find_flow(struct known *known, uint32_t host, uint32_t check)
{
	uint32_t at;

	/* Rows mostly come in the order in which they were loaded. */
	if (known->guess < known->n_flows && known->flows[known->guess].host == host &&
		known->flows[known->guess].check == check)
		return &known->flows[known->guess++];
	if (!known->n_slots)
		return NULL;
	for (at = first_slot(known, host, check); known->slots[at];
		at = (at + 1) & (known->n_slots - 1)) {
		struct known_flow *flow = &known->flows[known->slots[at] - 1];
		if (flow->host == host && flow->check == check) {
			known->guess = known->slots[at];
			return flow;
		}
	}
	return NULL;
}

static void place(struct known *known, uint32_t index)
{
	const struct known_flow *flow = &known->flows[index];
	uint32_t at = first_slot(known, flow->host, flow->check);

	while (known->slots[at])
		at = (at + 1) & (known->n_slots - 1);
	known->slots[at] = index + 1;
}

/* Twice as many slots as there is room for flows. */
static int build_slots(struct known *known)
{
	uint32_t *slots = calloc((size_t)known->capacity * 2, sizeof *slots);

	if (!slots)
		return store_no_memory(known->store);
	free(known->slots);
	known->slots = slots;
	known->n_slots = known->capacity * 2;
	for (uint32_t i = 0; i < known->n_flows; i++)
		place(known, i);
	return 0;
}

static int append(struct known *known, const struct known_flow *flow)
{
	struct known_flow *flows = NULL;

	if (known->n_flows <= KNOWN_MAX_NUMBER)
		flows = array_grow(
			known->flows, &known->capacity, known->n_flows, sizeof *flows);
	if (!flows)
		return store_no_memory(known->store);
	known->flows = flows;
	known->flows[known->n_flows++] = *flow;
	if (flow->number >= known->next_number)
		known->next_number = flow->number + 1;
	return 0;
}

struct known_flow *known_add_flow(struct known *known, const struct known_flow *flow)
{
	if (append(known, flow) < 0)
		return NULL;
	if (known->n_slots == known->capacity * 2)
		place(known, known->n_flows - 1);
	else if (build_slots(known) < 0)
		return NULL;
	return &known->flows[known->n_flows - 1];
}

static int load_flow(struct known *known, struct sqlite3_stmt *row)
{
	int64_t number = sql_int(row, 2);
	bool present = sql_int(row, 6) != 0;
	struct known_flow flow = {
		.host = (uint32_t)sql_int(row, 0),
		.check = (uint32_t)sql_int(row, 1),
		.number = (uint32_t)number & KNOWN_MAX_NUMBER,
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

	if (number < 0 || number > KNOWN_MAX_NUMBER)
		return store_damaged(
			known->store, "a flow has the number %lld", (long long)number);
	return append(known, &flow);
}

static int load_flows(struct known *known)
{
	struct sqlite3_stmt *rows;
	int rc = sql_prepare(known->store,
		"SELECT host, check_name, number, expect, verdict, rules, from_scan,"
		" state, reason, identity, gap_reason, question, proved,"
		" reported_state IS NOT NULL FROM flow WHERE vantage = ?",
		&rows);

	if (rc < 0)
		return rc;
	SQL_BIND(rows, known->vantage);
	while ((rc = sql_step(known->store, rows)) > 0) {
		rc = load_flow(known, rows);
		if (rc < 0)
			break;
	}
	sql_free(rows);
	return rc < 0 || !known->n_flows ? rc : build_slots(known);
}

/* ---- both -------------------------------------------------------------------- */

int known_load(struct known *known, struct store *store, int64_t vantage, uint64_t seed)
{
	int rc;

	*known = (struct known){.store = store, .vantage = vantage, .seed = seed};
	intern_init(&known->host_names, seed);
	rc = load_hosts(known);
	return rc < 0 ? rc : load_flows(known);
}

void known_fini(struct known *known)
{
	intern_fini(&known->host_names);
	free(known->hosts);
	free(known->flows);
	free(known->slots);
}
