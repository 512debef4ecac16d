/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All flows at one scan. The flow's own row tells it for every flow that has not
 * changed since; only for the others is the past asked.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "store/not_due.h"
#include "store/row_cache.h"

/* A scan's gap that has ended since, by host and check. */
struct old_gap {
	int64_t host, check, reason, after;
};

struct walk {
	struct row_cache cache;
	int64_t scan;
	bool is_newest; /* of its vantage */
	struct sqlite3_stmt *flows, *past;
	struct old_gap *gaps;
	uint32_t n_gaps, gaps_capacity;
	uint32_t gap_at; /* gaps and flows come in the same order */
	struct not_due_list not_due;
};

enum flow_column {
	HOST,
	CHECK,
	EXPECT,
	VERDICT,
	RULES,
	GAP_FROM,
	GAP_REASON,
	GAP_AFTER,
	QUESTION,
	PROVED,
	REPORTED_STATE,
	REPORTED_REASON,
	REPORTED_IDENTITY,
	REPORTED_VERDICT,
	REPORTED_INCIDENT,
	PRESENT, /* the columns from here on are those of an interval */
	FROM,
	STATE,
	REASON,
	PHASE,
	IDENTITY,
	EVIDENCE
};

static const char flows_sql[] =
	"SELECT host, check_name, expect, verdict, rules, gap_from, gap_reason,"
	" gap_after, question, proved, reported_state, reported_reason,"
	" reported_identity, reported_verdict, reported_incident, from_scan IS NOT NULL, from_scan, state, reason, phase, identity, evidence"
	" FROM flow WHERE vantage = ? ORDER BY vantage, host, check_name";

static const char past_sql[] =
	"SELECT to_scan >= ?4, from_scan, state, reason, phase, identity, evidence"
	" FROM interval WHERE vantage = ?1 AND host = ?2 AND check_name = ?3"
	" AND from_scan <= ?4 ORDER BY from_scan DESC LIMIT 1";

static const char gaps_sql[] =
	"SELECT host, check_name, reason, after_scan FROM gap INDEXED BY gap_to"
	" WHERE vantage = ?1 AND to_scan >= ?2 AND from_scan <= ?2"
	" ORDER BY host, check_name";

/* ---- gaps -------------------------------------------------------------------- */

static int load_gaps(struct walk *walk, int64_t vantage)
{
	struct store *store = walk->cache.store;
	struct sql_rows rows = SQL_ROWS(store, gaps_sql, num(vantage), num(walk->scan));

	while (sql_next(&rows)) {
		struct old_gap *gaps = array_grow(
			walk->gaps, &walk->gaps_capacity, walk->n_gaps, sizeof *gaps);
		if (!gaps) {
			rows.rc = store_no_memory(store);
			break;
		}
		walk->gaps = gaps;
		gaps[walk->n_gaps++] = (struct old_gap){
			.host = sql_int(rows.row, 0),
			.check = sql_int(rows.row, 1),
			.reason = sql_int(rows.row, 2),
			.after = sql_int(rows.row, 3),
		};
	}
	return sql_close(&rows);
}

/* The reason's word, and which scan measured it last; 0 when the scan measured it. */
static int64_t gap_of(struct walk *walk, int64_t *after)
{
	int64_t host = sql_int(walk->flows, HOST);
	int64_t check = sql_int(walk->flows, CHECK);
	int64_t from = sql_int(walk->flows, GAP_FROM);

	*after = sql_int(walk->flows, GAP_AFTER);
	if (from && from <= walk->scan)
		return sql_int(walk->flows, GAP_REASON);
	*after = 0;
	for (; walk->gap_at < walk->n_gaps; walk->gap_at++) {
		const struct old_gap *gap = &walk->gaps[walk->gap_at];
		if (gap->host > host || (gap->host == host && gap->check > check))
			return 0;
		if (gap->host == host && gap->check == check) {
			*after = gap->after;
			return gap->reason;
		}
	}
	return 0;
}

/* ---- flows ------------------------------------------------------------------- */

/* 1 with the row and column of the interval that held at the scan; 0: none did. */
static int interval_at(
	struct walk *walk, int64_t vantage, struct sqlite3_stmt **row, int *first)
{
	int64_t from = sql_int(walk->flows, FROM);
	int rc;

	*row = walk->flows;
	*first = PRESENT;
	if (from && from <= walk->scan)
		return 1;
	*row = walk->past;
	*first = 0;
	sql_reset(walk->past);
	SQL_BIND(walk->past, vantage, sql_int(walk->flows, HOST),
		sql_int(walk->flows, CHECK), walk->scan);
	rc = sql_step(walk->cache.store, walk->past);
	return rc > 0 ? sql_int(walk->past, 0) != 0 : rc;
}

/* What the flow's row says of the newest scan alone. */
static void fill_newest(struct walk *walk, struct store_flow *flow)
{
	struct row_cache *cache = &walk->cache;
	struct sqlite3_stmt *row = walk->flows;
	int64_t state = sql_int(row, REPORTED_STATE);
	const struct not_due *not_due =
		not_due_find(&walk->not_due, sql_int(row, RULES));

	if (not_due) {
		flow->asked_scan = not_due->scan;
		flow->asked_us = not_due->started_us;
	}
	flow->question = (uint64_t)sql_int(row, QUESTION);
	flow->proved = sql_int(row, PROVED) != 0;
	flow->is_reported = state != 0;
	if (!state)
		return;
	flow->reported = (struct store_reported){
		.state = row_cache_word(cache, state),
		.reason = row_cache_word(cache, sql_int(row, REPORTED_REASON)),
		.identity = row_cache_word(cache, sql_int(row, REPORTED_IDENTITY)),
		.verdict = row_cache_word(cache, sql_int(row, REPORTED_VERDICT)),
		.incident = sql_int(row, REPORTED_INCIDENT),
	};
}

static void fill_flow(struct walk *walk, struct sqlite3_stmt *row, int first,
	int64_t gap, int64_t after, struct store_flow *flow)
{
	struct row_cache *cache = &walk->cache;
	struct sqlite3_stmt *own = walk->flows;
	int shift = first - PRESENT;
	int64_t from = sql_int(row, FROM + shift);

	row_cache_host(cache, sql_int(own, HOST));
	*flow = (struct store_flow){
		.vantage = cache->vantage,
		.host = cache->host_name,
		.check = row_cache_word(cache, sql_int(own, CHECK)),
		.state = row_cache_word(cache, sql_int(row, STATE + shift)),
		.reason = row_cache_word(cache, sql_int(row, REASON + shift)),
		.phase = row_cache_word(cache, sql_int(row, PHASE + shift)),
		.identity = row_cache_word(cache, sql_int(row, IDENTITY + shift)),
		.evidence = row_cache_word(cache, sql_int(row, EVIDENCE + shift)),
		.expect = row_cache_word(cache, sql_int(own, EXPECT)),
		.verdict = row_cache_word(cache, sql_int(own, VERDICT)),
		.rules = row_cache_word(cache, sql_int(own, RULES)),
		.groups = cache->groups,
		.addresses = cache->addresses,
		.since_scan = from,
		.since_us = row_cache_scan_us(cache, from),
		.gap = gap != 0,
		.gap_reason = gap ? row_cache_word(cache, gap) : "",
		.measured_scan = after,
		.measured_us = after ? row_cache_past_us(cache, after) : 0,
	};
	if (walk->is_newest)
		fill_newest(walk, flow);
}

static int walk_flows(struct walk *walk, int64_t vantage,
	bool (*each)(void *data, const struct store_flow *flow), void *data)
{
	struct store_flow flow;
	struct sqlite3_stmt *row;
	int first, rc;

	while ((rc = sql_step(walk->cache.store, walk->flows)) > 0) {
		int64_t after, gap = gap_of(walk, &after);
		rc = interval_at(walk, vantage, &row, &first);
		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		fill_flow(walk, row, first, gap, after, &flow);
		rc = row_cache_failure(&walk->cache);
		if (rc < 0 || !each(data, &flow))
			return rc;
	}
	return rc;
}

static int prepare(struct walk *walk, int64_t vantage)
{
	struct store *store = walk->cache.store;
	int64_t newest;
	int rc = SQL_ASK(store, &newest,
		"SELECT max(id) FROM scan WHERE vantage = ?1 AND status = 'complete'",
		num(vantage));

	walk->is_newest = rc == 0 && newest == walk->scan;
	if (rc == 0)
		rc = sql_prepare(store, flows_sql, &walk->flows);

	if (rc == 0)
		rc = sql_prepare(store, past_sql, &walk->past);
	if (rc == 0)
		rc = load_gaps(walk, vantage);
	if (rc == 0)
		rc = not_due_load(store, vantage, walk->scan, &walk->not_due);
	if (rc == 0)
		SQL_BIND(walk->flows, vantage);
	return rc;
}

int store_flows_at(struct store *store, int64_t id,
	bool (*each)(void *data, const struct store_flow *flow), void *data)
{
	struct walk walk = {.scan = id};
	int64_t vantage;
	int rc = row_cache_init(&walk.cache, store);

	if (rc == 0)
		rc = row_cache_scan(&walk.cache, id, &vantage);
	if (rc == 0)
		rc = prepare(&walk, vantage);
	if (rc == 0)
		rc = walk_flows(&walk, vantage, each, data);
	sql_free(walk.flows);
	sql_free(walk.past);
	free(walk.gaps);
	free(walk.not_due.items);
	row_cache_fini(&walk.cache);
	return rc;
}
