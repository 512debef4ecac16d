/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All flows at one scan. The flow's own row tells it for every flow that has not
 * changed since; only for the others is the past asked.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "store/facts.h"
#include "store/idle.h"

/* A scan's gap that has ended since, by host and check. */
struct old_gap {
	int64_t host, check, reason, after;
};

struct walk {
	struct facts facts;
	int64_t scan;
	bool is_newest; /* of its vantage */
	struct sqlite3_stmt *flows, *past;
	struct old_gap *gaps;
	uint32_t n_gaps, gaps_capacity;
	uint32_t gap_at; /* gaps and flows come in the same order */
	struct idle_rules *idle;
	size_t n_idle, idle_at; /* neighbours often have the same rules */
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

static int add_gap(struct walk *walk, struct sqlite3_stmt *row)
{
	struct old_gap *gaps = array_grow(
		walk->gaps, &walk->gaps_capacity, walk->n_gaps, sizeof *gaps);

	if (!gaps)
		return store_no_memory(walk->facts.store);
	walk->gaps = gaps;
	walk->gaps[walk->n_gaps++] = (struct old_gap){
		.host = sql_int(row, 0),
		.check = sql_int(row, 1),
		.reason = sql_int(row, 2),
		.after = sql_int(row, 3),
	};
	return 0;
}

static int load_gaps(struct walk *walk, int64_t vantage)
{
	struct sqlite3_stmt *rows;
	int rc = sql_prepare(walk->facts.store, gaps_sql, &rows);

	if (rc < 0)
		return rc;
	SQL_BIND(rows, vantage, walk->scan);
	while ((rc = sql_step(walk->facts.store, rows)) > 0) {
		rc = add_gap(walk, rows);
		if (rc < 0)
			break;
	}
	sql_free(rows);
	return rc;
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

/* ---- scans that asked last --------------------------------------------------- */

static void fill_asked(struct walk *walk, struct store_flow *flow)
{
	int64_t rules = sql_int(walk->flows, RULES);

	for (size_t i = 0; i < walk->n_idle; i++) {
		size_t at = (walk->idle_at + i) % walk->n_idle;
		if (walk->idle[at].rules != rules)
			continue;
		flow->asked_scan = walk->idle[at].scan;
		flow->asked_us = walk->idle[at].started_us;
		walk->idle_at = at;
		return;
	}
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
	rc = sql_step(walk->facts.store, walk->past);
	return rc > 0 ? sql_int(walk->past, 0) != 0 : rc;
}

/* What the flow's row says of the newest scan alone. */
static void fill_newest(struct walk *walk, struct store_flow *flow)
{
	struct facts *facts = &walk->facts;
	struct sqlite3_stmt *row = walk->flows;
	int64_t state = sql_int(row, REPORTED_STATE);

	flow->question = (uint64_t)sql_int(row, QUESTION);
	flow->proved = sql_int(row, PROVED) != 0;
	flow->is_reported = state != 0;
	if (!state)
		return;
	flow->reported = (struct store_reported){
		.state = facts_word(facts, state),
		.reason = facts_word(facts, sql_int(row, REPORTED_REASON)),
		.identity = facts_word(facts, sql_int(row, REPORTED_IDENTITY)),
		.verdict = facts_word(facts, sql_int(row, REPORTED_VERDICT)),
		.incident = sql_int(row, REPORTED_INCIDENT),
	};
}

static void fill_flow(struct walk *walk, struct sqlite3_stmt *row, int first,
	int64_t gap, int64_t after, struct store_flow *flow)
{
	struct facts *facts = &walk->facts;
	struct sqlite3_stmt *own = walk->flows;
	int shift = first - PRESENT;
	int64_t from = sql_int(row, FROM + shift);

	facts_host(facts, sql_int(own, HOST));
	*flow = (struct store_flow){
		.vantage = facts->vantage,
		.host = facts->host_name,
		.check = facts_word(facts, sql_int(own, CHECK)),
		.state = facts_word(facts, sql_int(row, STATE + shift)),
		.reason = facts_word(facts, sql_int(row, REASON + shift)),
		.phase = facts_word(facts, sql_int(row, PHASE + shift)),
		.identity = facts_word(facts, sql_int(row, IDENTITY + shift)),
		.evidence = facts_word(facts, sql_int(row, EVIDENCE + shift)),
		.expect = facts_word(facts, sql_int(own, EXPECT)),
		.verdict = facts_word(facts, sql_int(own, VERDICT)),
		.rules = facts_word(facts, sql_int(own, RULES)),
		.groups = facts->groups,
		.addresses = facts->addresses,
		.since_scan = from,
		.since_us = facts_scan_us(facts, from),
		.gap = gap != 0,
		.gap_reason = gap ? facts_word(facts, gap) : "",
		.measured_scan = after,
		.measured_us = after ? facts_past_us(facts, after) : 0,
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

	while ((rc = sql_step(walk->facts.store, walk->flows)) > 0) {
		int64_t after, gap = gap_of(walk, &after);
		rc = interval_at(walk, vantage, &row, &first);
		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		fill_flow(walk, row, first, gap, after, &flow);
		fill_asked(walk, &flow);
		rc = facts_failure(&walk->facts);
		if (rc < 0 || !each(data, &flow))
			return rc;
	}
	return rc;
}

static int prepare(struct walk *walk, int64_t vantage)
{
	struct store *store = walk->facts.store;
	int64_t newest;
	int rc = SQL_ASK(store, &newest,
		"SELECT max(id) FROM scan WHERE vantage = ?1 AND status = 'complete'",
		vantage);

	walk->is_newest = rc == 0 && newest == walk->scan;
	if (rc == 0)
		rc = sql_prepare(store, flows_sql, &walk->flows);

	if (rc == 0)
		rc = sql_prepare(store, past_sql, &walk->past);
	if (rc == 0)
		rc = load_gaps(walk, vantage);
	if (rc == 0)
		rc = idle_load(store, vantage, walk->scan, &walk->idle, &walk->n_idle);
	if (rc == 0)
		SQL_BIND(walk->flows, vantage);
	return rc;
}

int store_flows_at(struct store *store, int64_t id,
	bool (*each)(void *data, const struct store_flow *flow), void *data)
{
	struct walk walk = {.scan = id};
	int64_t vantage;
	int rc = facts_init(&walk.facts, store);

	if (rc == 0)
		rc = facts_scan(&walk.facts, id, &vantage);
	if (rc == 0)
		rc = prepare(&walk, vantage);
	if (rc == 0)
		rc = walk_flows(&walk, vantage, each, data);
	sql_free(walk.flows);
	sql_free(walk.past);
	free(walk.gaps);
	free(walk.idle);
	facts_fini(&walk.facts);
	return rc;
}
