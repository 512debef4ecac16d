/* SPDX-License-Identifier: Apache-2.0 */
/* Recording a scan: what differs from the newest one is written, in one transaction. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "store/known.h"
#include "store/rtt.h"
#include "store/words.h"

#define FLOW_KEY " WHERE vantage = ?1 AND host = ?2 AND check_name = ?3"

enum statement {
	ADD_HOST,
	SET_HOST,
	ADD_FLOW,
	SET_TERMS,
	SET_STATE,
	KEEP_STATE,
	LEAVE,
	SET_GAP,
	KEEP_GAP,
	END_GAP,
	STATEMENTS
};

/* The first three parameters are the flow's key; KEEP moves what is open to the past.
 */
static const char *const statements[STATEMENTS] = {
	[ADD_HOST] = "INSERT INTO host (vantage, group_names, addresses, name)"
		     " VALUES (?1, ?2, ?3, ?4)",
	[SET_HOST] = "UPDATE host SET group_names = ?2, addresses = ?3 WHERE id = ?1",
	[ADD_FLOW] = "INSERT INTO flow (vantage, host, check_name, number, expect,"
		     " verdict, rules, from_scan, state, reason, phase, identity,"
		     " evidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[SET_TERMS] = "UPDATE flow SET expect = ?4, verdict = ?5, rules = ?6" FLOW_KEY,
	[SET_STATE] = "UPDATE flow SET from_scan = ?4, state = ?5, reason = ?6,"
		      " phase = ?7, identity = ?8, evidence = ?9" FLOW_KEY,
	[KEEP_STATE] = "INSERT INTO interval (vantage, host, check_name, from_scan,"
		       " to_scan, removed, state, reason, phase, identity, evidence)"
		       " SELECT vantage, host, check_name, from_scan, ?4, ?5, state,"
		       " reason, phase, identity, evidence FROM flow" FLOW_KEY,
	[LEAVE] = "UPDATE flow SET from_scan = NULL" FLOW_KEY,
	[SET_GAP] = "UPDATE flow SET gap_from = ?4, gap_reason = ?5" FLOW_KEY,
	[KEEP_GAP] = "INSERT INTO gap (vantage, host, check_name, from_scan, to_scan,"
		     " reason) SELECT vantage, host, check_name, gap_from, ?4,"
		     " gap_reason FROM flow" FLOW_KEY,
	[END_GAP] = "UPDATE flow SET gap_from = NULL, gap_reason = NULL" FLOW_KEY,
};

enum column {
	CHECK,
	EXPECT,
	VERDICT,
	RULES,
	STATE,
	REASON,
	PHASE,
	IDENTITY,
	EVIDENCE,
	GROUPS,
	COLUMNS
};

struct recorder {
	struct store *store;
	int64_t scan, vantage, started_us;
	int64_t previous; /* the newest complete scan of the vantage; 0: none */
	struct known known;
	struct words words;
	struct word_memo memos[COLUMNS];
	const char *host_name; /* of the last row: rows mostly come by host */
	uint32_t host_id;
	uint32_t *times_us; /* by flow number */
	size_t n_times;
	struct sqlite3_stmt *statements[STATEMENTS];
};

static int word(struct recorder *r, enum column column, const char *text, uint32_t *id)
{
	return words_id(&r->words, &r->memos[column], text, id);
}

/* ---- hosts ------------------------------------------------------------------- */

static int add_host(struct recorder *r, const char *name, struct known_host *host)
{
	struct sqlite3_stmt *add = r->statements[ADD_HOST];
	int rc;

	SQL_BIND(add, r->vantage, host->groups);
	sql_bind_text(add, 3, host->addresses);
	sql_bind_text(add, 4, name);
	rc = sql_run(r->store, add);
	if (rc < 0)
		return rc;
	host->id = (uint32_t)sql_inserted(r->store);
	return known_add_host(&r->known, name, host) ? 0 : -ENOMEM;
}

static int update_host(
	struct recorder *r, struct known_host *host, const struct known_host *now)
{
	struct sqlite3_stmt *set = r->statements[SET_HOST];
	int rc;

	if (host->groups == now->groups && !strcmp(host->addresses, now->addresses))
		return 0;
	SQL_BIND(set, host->id, now->groups);
	sql_bind_text(set, 3, now->addresses);
	rc = sql_run(r->store, set);
	if (rc < 0)
		return rc;
	host->groups = now->groups;
	return known_set_addresses(&r->known, host, now->addresses);
}

static int record_host(struct recorder *r, const struct store_host *row)
{
	struct known_host now = {.addresses = row->addresses ? row->addresses : "[]"};
	struct known_host *host = known_find_host(&r->known, row->name);
	int rc = word(r, GROUPS, row->groups ? row->groups : "[]", &now.groups);

	if (rc < 0)
		return rc;
	return host ? update_host(r, host, &now) : add_host(r, row->name, &now);
}

static int record_hosts(struct recorder *r, const struct store_record *record)
{
	struct store_host row;
	int rc = 0;

	while (rc == 0 && record->next_host &&
		record->next_host(record->next_host_data, &row))
		rc = record_host(r, &row);
	return rc;
}

static int host_of(struct recorder *r, const char *name, uint32_t *id)
{
	struct store_host fresh = {.name = name};
	uint32_t number;
	int rc = 0;

	if (!r->host_name || strcmp(r->host_name, name) != 0) {
		if (!names_find(&r->known.host_names, name, &number))
			rc = record_host(r, &fresh);
		if (rc < 0)
			return rc;
		names_find(&r->known.host_names, name, &number);
		r->host_name = r->known.host_names.texts[number];
		r->host_id = r->known.hosts[number].id;
	}
	*id = r->host_id;
	return 0;
}

/* ---- intervals and gaps ------------------------------------------------------ */

/* Binds the flow's key, then runs. */
#define RUN(r, name, flow, ...)                                                     \
	(SQL_BIND((r)->statements[name], (r)->vantage, (flow)->host, (flow)->check, \
		 ##__VA_ARGS__),                                                    \
		sql_run((r)->store, (r)->statements[name]))

static int end_gap(struct recorder *r, struct known_flow *flow)
{
	int rc;

	if (!flow->gap_reason)
		return 0;
	rc = RUN(r, KEEP_GAP, flow, r->previous);
	if (rc == 0)
		rc = RUN(r, END_GAP, flow);
	flow->gap_reason = 0;
	return rc;
}

static int begin_gap(struct recorder *r, struct known_flow *flow, uint32_t reason)
{
	int rc;

	if (flow->gap_reason == reason)
		return 0;
	rc = end_gap(r, flow);
	if (rc == 0)
		rc = RUN(r, SET_GAP, flow, r->scan, reason);
	flow->gap_reason = reason;
	return rc;
}

static int keep_state(struct recorder *r, const struct known_flow *flow, bool removed)
{
	return flow->state ? RUN(r, KEEP_STATE, flow, r->previous, removed) : 0;
}

static int remove_flow(struct recorder *r, struct known_flow *flow)
{
	int rc = keep_state(r, flow, true);

	if (rc == 0)
		rc = RUN(r, LEAVE, flow);
	flow->state = 0;
	return rc < 0 ? rc : end_gap(r, flow);
}

/* ---- rows -------------------------------------------------------------------- */

/* A row in words. */
struct seen {
	uint32_t host, check, expect, verdict, rules;
	uint32_t state, reason, phase, identity, evidence;
	uint32_t gap_reason; /* 0: measured */
};

static int read_terms(
	struct recorder *r, const struct store_row *row, struct seen *seen)
{
	int rc = host_of(r, row->host, &seen->host);

	if (rc == 0)
		rc = word(r, CHECK, row->check, &seen->check);
	if (rc == 0)
		rc = word(r, EXPECT, row->expect, &seen->expect);
	if (rc == 0)
		rc = word(r, VERDICT, row->verdict, &seen->verdict);
	if (rc == 0)
		rc = word(r, RULES, row->rules, &seen->rules);
	return rc;
}

static int read_state(
	struct recorder *r, const struct store_row *row, struct seen *seen)
{
	int rc = word(r, REASON, row->reason, &seen->reason);

	if (rc == 0)
		rc = word(r, STATE, row->measured ? row->state : "", &seen->state);
	if (rc == 0)
		rc = word(r, IDENTITY, row->measured ? row->identity : "",
			&seen->identity);
	seen->gap_reason = row->measured ? 0 : seen->reason;
	return rc;
}

/* What only a new interval needs. */
static int read_detail(
	struct recorder *r, const struct store_row *row, struct seen *seen)
{
	int rc = word(r, PHASE, row->phase, &seen->phase);

	return rc < 0 ? rc : word(r, EVIDENCE, row->evidence, &seen->evidence);
}

static int add_flow(
	struct recorder *r, const struct seen *seen, struct known_flow **out)
{
	struct known_flow flow = {
		.host = seen->host,
		.check = seen->check,
		.expect = seen->expect,
		.verdict = seen->verdict,
		.rules = seen->rules,
		.state = seen->state,
		.reason = seen->reason,
		.identity = seen->identity,
		.number = r->known.next_number & INT32_MAX,
	};
	int rc = RUN(r, ADD_FLOW, &flow, flow.number, seen->expect, seen->verdict,
		seen->rules, r->scan, seen->state, seen->reason, seen->phase,
		seen->identity, seen->evidence);

	if (rc < 0)
		return rc;
	*out = known_add_flow(&r->known, &flow);
	return *out ? 0 : -ENOMEM;
}

static int update_terms(
	struct recorder *r, struct known_flow *flow, const struct seen *seen)
{
	if (flow->expect == seen->expect && flow->verdict == seen->verdict &&
		flow->rules == seen->rules)
		return 0;
	flow->expect = seen->expect;
	flow->verdict = seen->verdict;
	flow->rules = seen->rules;
	return RUN(r, SET_TERMS, flow, seen->expect, seen->verdict, seen->rules);
}

static int begin_interval(
	struct recorder *r, struct known_flow *flow, const struct seen *seen)
{
	int rc = keep_state(r, flow, false);

	if (rc == 0)
		rc = RUN(r, SET_STATE, flow, r->scan, seen->state, seen->reason,
			seen->phase, seen->identity, seen->evidence);
	flow->state = seen->state;
	flow->reason = seen->reason;
	flow->identity = seen->identity;
	return rc;
}

/* Whether the open interval ends with this row. */
static bool differs(const struct known_flow *flow, const struct seen *seen)
{
	if (!flow->state)
		return true;
	return !seen->gap_reason &&
	       (flow->state != seen->state || flow->reason != seen->reason ||
		       flow->identity != seen->identity);
}

static int keep_time(struct recorder *r, const struct known_flow *flow, uint32_t rtt_us)
{
	if (!rtt_us)
		return 0;
	if (flow->number >= r->n_times) {
		size_t grown = (size_t)flow->number * 2 + 64;
		uint32_t *times = reallocarray(r->times_us, grown, sizeof *times);
		if (!times)
			return store_no_memory(r->store);
		memset(times + r->n_times, 0, (grown - r->n_times) * sizeof *times);
		r->times_us = times;
		r->n_times = grown;
	}
	r->times_us[flow->number] = rtt_us;
	return 0;
}

static int refuse_twice(struct recorder *r, const struct store_row *row)
{
	return store_refuse(
		r->store, -EINVAL, "%s %s was seen twice", row->host, row->check);
}

static int update_flow(struct recorder *r, struct known_flow *flow,
	const struct store_row *row, struct seen *seen)
{
	int rc = update_terms(r, flow, seen);

	if (rc < 0 || !differs(flow, seen))
		return rc;
	rc = read_detail(r, row, seen);
	return rc < 0 ? rc : begin_interval(r, flow, seen);
}

static int record_row(struct recorder *r, const struct store_row *row)
{
	struct seen seen;
	struct known_flow *flow;
	int rc = read_terms(r, row, &seen);

	if (rc == 0)
		rc = read_state(r, row, &seen);
	if (rc < 0)
		return rc;
	flow = known_find_flow(&r->known, seen.host, seen.check);
	if (flow && flow->seen)
		return refuse_twice(r, row);
	if (flow) {
		rc = update_flow(r, flow, row, &seen);
	} else {
		rc = read_detail(r, row, &seen);
		if (rc == 0)
			rc = add_flow(r, &seen, &flow);
	}
	if (rc < 0)
		return rc;
	flow->seen = true;
	if (seen.gap_reason)
		return begin_gap(r, flow, seen.gap_reason);
	rc = end_gap(r, flow);
	return rc < 0 ? rc : keep_time(r, flow, row->rtt_us);
}

static int record_rows(struct recorder *r, const struct store_record *record)
{
	struct store_row row;
	int rc = 0;

	while (rc == 0 && record->next(record->next_data, &row))
		rc = record_row(r, &row);
	return rc;
}

static int record_removed(struct recorder *r)
{
	int rc = 0;

	for (uint32_t i = 0; i < r->known.n_flows && rc == 0; i++) {
		struct known_flow *flow = &r->known.flows[i];
		if (!flow->seen && flow->state)
			rc = remove_flow(r, flow);
	}
	return rc;
}

/* ---- the scan ---------------------------------------------------------------- */

/* The scan must run, and be newer than every complete one of its vantage. */
static int find_scan(struct recorder *r)
{
	struct sqlite3_stmt *row;
	int rc = sql_prepare(r->store,
		"SELECT vantage, started_us, (SELECT max(id) FROM scan AS old"
		" WHERE old.vantage = scan.vantage AND old.status = 'complete')"
		" FROM scan WHERE id = ? AND status = 'running'",
		&row);

	if (rc < 0)
		return rc;
	SQL_BIND(row, r->scan);
	rc = sql_step(r->store, row);
	if (rc > 0) {
		r->vantage = sql_int(row, 0);
		r->started_us = sql_int(row, 1);
		r->previous = sql_int(row, 2);
	}
	sql_free(row);
	if (rc < 0)
		return rc;
	if (rc == 0 || r->previous > r->scan)
		return store_refuse(r->store, -EINVAL,
			"scan %lld is not running, or a newer one is complete",
			(long long)r->scan);
	return 0;
}

static int complete_scan(struct recorder *r, const struct store_scan *totals)
{
	struct sqlite3_stmt *set;
	int rc = sql_prepare(r->store,
		"UPDATE scan SET status = 'complete', finished_us = ?2, duration_us = ?3,"
		" flows = ?4, pass = ?5, fail = ?6, inconclusive = ?7, changes = ?8,"
		" degraded = ?9, scope = ?10 WHERE id = ?1",
		&set);

	if (rc < 0)
		return rc;
	SQL_BIND(set, r->scan, totals->finished_us, (int64_t)totals->duration_us,
		(int64_t)totals->flows, (int64_t)totals->pass, (int64_t)totals->fail,
		(int64_t)totals->inconclusive, (int64_t)totals->changes,
		totals->degraded, (int64_t)totals->scope);
	rc = sql_run(r->store, set);
	sql_free(set);
	return rc;
}

static int prepare(struct recorder *r)
{
	uint64_t seed;
	int rc;

	sqlite3_randomness(sizeof seed, &seed);
	rc = words_init(&r->words, r->store, seed);
	for (int i = 0; i < STATEMENTS && rc == 0; i++)
		rc = sql_prepare(r->store, statements[i], &r->statements[i]);
	if (rc == 0)
		rc = find_scan(r);
	if (rc == 0)
		rc = known_load(&r->known, r->store, r->vantage, seed);
	return rc;
}

static void clean_up(struct recorder *r)
{
	for (int i = 0; i < STATEMENTS; i++)
		sql_free(r->statements[i]);
	words_fini(&r->words);
	known_fini(&r->known);
	free(r->times_us);
}

static int record_all(struct recorder *r, const struct store_record *record)
{
	int rc = prepare(r);

	if (rc == 0)
		rc = record_hosts(r, record);
	if (rc == 0)
		rc = record_rows(r, record);
	if (rc == 0)
		rc = record_removed(r);
	if (rc == 0)
		rc = rtt_record(r->store, r->vantage, r->started_us / RTT_HOUR_US,
			r->times_us, r->n_times);
	if (rc == 0)
		rc = complete_scan(r, &record->totals);
	clean_up(r);
	return rc;
}

int store_scan_record(struct store *store, const struct store_record *record)
{
	struct recorder r = {.store = store, .scan = record->scan};
	int rc = store_need_writer(store);

	if (rc == 0)
		rc = sql_exec(store, "BEGIN IMMEDIATE");
	if (rc == 0)
		rc = sql_end_write(store, record_all(&r, record));
	if (rc < 0)
		store_note(store, "scan %lld was not stored", (long long)record->scan);
	return rc;
}
