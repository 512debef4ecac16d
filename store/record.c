/* SPDX-License-Identifier: Apache-2.0 */
/* Recording a scan, in one transaction: what differs from the newest scan is written.
 */
#include "store/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "store/flow_cache.h"
#include "store/not_due.h"
#include "store/rtt.h"
#include "store/string_table.h"

/* ---- statements -------------------------------------------------------------- */

enum statement {
	ADD_HOST,
	SET_HOST,
	ADD_FLOW,
	SET_TERMS,
	SET_FLOW,
	SET_REPORTED,
	KEEP_STATE,
	LEAVE,
	SET_GAP,
	KEEP_GAP,
	END_GAP,
	STATEMENTS
};

#define FLOW_KEY " WHERE vantage = ?1 AND host = ?2 AND check_name = ?3"

/* The first three parameters are the flow's key; KEEP moves what is open to the past.
 */
static const char *const statements[STATEMENTS] = {
	[ADD_HOST] = "INSERT INTO host (vantage, group_names, addresses, name)"
		     " VALUES (?1, ?2, ?3, ?4)",
	[SET_HOST] = "UPDATE host SET group_names = ?2, addresses = ?3 WHERE id = ?1",
	[ADD_FLOW] = "INSERT INTO flow (vantage, host, check_name, number, expect,"
		     " verdict, rules, from_scan, state, reason, phase, identity,"
		     " evidence, question, proved, reported_state, reported_reason,"
		     " reported_identity, reported_verdict, reported_incident)"
		     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
		     " ?, ?)",
	[SET_TERMS] = "UPDATE flow SET expect = ?4, verdict = ?5, rules = ?6,"
		      " question = ?7, proved = ?8" FLOW_KEY,
	[SET_FLOW] = "UPDATE flow SET expect = ?4, verdict = ?5, rules = ?6,"
		     " from_scan = ?7, state = ?8, reason = ?9, phase = ?10,"
		     " identity = ?11, evidence = ?12, question = ?13,"
		     " proved = ?14" FLOW_KEY,
	[SET_REPORTED] = "UPDATE flow SET reported_state = ?4, reported_reason = ?5,"
			 " reported_identity = ?6, reported_verdict = ?7,"
			 " reported_incident = ?8" FLOW_KEY
			 " AND (reported_state, reported_reason, reported_identity,"
			 " reported_verdict, reported_incident) IS NOT"
			 " (?4, ?5, ?6, ?7, ?8)",
	[KEEP_STATE] = "INSERT INTO interval (vantage, host, check_name, from_scan,"
		       " to_scan, removed, state, reason, phase, identity, evidence)"
		       " SELECT vantage, host, check_name, from_scan, ?4, ?5, state,"
		       " reason, phase, identity, evidence FROM flow" FLOW_KEY,
	[LEAVE] = "UPDATE flow SET from_scan = NULL, reported_state = NULL,"
		  " reported_reason = NULL, reported_identity = NULL,"
		  " reported_verdict = NULL, reported_incident = NULL" FLOW_KEY,
	[SET_GAP] = "UPDATE flow SET gap_from = ?4, gap_reason = ?5,"
		    " gap_after = coalesce(gap_after, nullif(?6, 0))" FLOW_KEY,
	[KEEP_GAP] = "INSERT INTO gap (vantage, host, check_name, from_scan, to_scan,"
		     " reason, after_scan) SELECT vantage, host, check_name, gap_from,"
		     " ?4, gap_reason, gap_after FROM flow" FLOW_KEY,
	[END_GAP] = "UPDATE flow SET gap_from = NULL, gap_reason = NULL,"
		    " gap_after = NULL" FLOW_KEY,
};

/* Where to remember the last word: neighbours mostly have the same. */
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
	REPORTED_STATE,
	REPORTED_REASON,
	REPORTED_IDENTITY,
	REPORTED_VERDICT,
	COLUMNS
};

struct recorder {
	struct store *store;
	struct record_of of;
	int64_t started_us;
	int64_t previous; /* the newest complete scan of the vantage; 0: none */
	struct flow_cache cache;
	struct string_ids words;
	struct string_memo memos[COLUMNS];
	uint32_t nothing;      /* the word "" */
	const char *host_name; /* of the last row: rows mostly come by host */
	uint32_t host_id;
	struct not_due_list not_due; /* by the previous scan */
	int64_t incident;            /* the last one that was found to be open */
	uint32_t *times_us;          /* by flow number */
	size_t n_times;
	struct sqlite3_stmt *statements[STATEMENTS];
};

static int word(struct recorder *r, enum column column, const char *text, uint32_t *id)
{
	return string_id(&r->words, &r->memos[column], text, id);
}

/* Binds the flow's key and what else there is, then runs. */
#define RUN(r, name, flow, ...)                                                        \
	(SQL_BIND((r)->statements[name], (r)->of.vantage, (flow)->host, (flow)->check, \
		 ##__VA_ARGS__),                                                       \
		sql_run((r)->store, (r)->statements[name]))

/* ---- hosts ------------------------------------------------------------------- */

static int record_host(struct recorder *r, const struct store_host *row)
{
	struct cached_host *host = flow_cache_find_host(&r->cache, row->name);
	const char *addresses = row->addresses ? row->addresses
				: host         ? host->addresses
					       : "[]";
	struct sqlite3_stmt *set = r->statements[host ? SET_HOST : ADD_HOST];
	uint32_t groups;
	int rc = word(r, GROUPS, row->groups ? row->groups : "[]", &groups);

	if (rc < 0 || (host && host->groups == groups &&
			      strcmp(host->addresses, addresses) == 0))
		return rc;
	SQL_BIND(set, host ? host->id : r->of.vantage, groups);
	sql_bind_text(set, 3, addresses);
	if (!host)
		sql_bind_text(set, 4, row->name);
	rc = sql_run(r->store, set);
	if (rc < 0)
		return rc;
	if (host) {
		host->groups = groups;
		return flow_cache_set_addresses(&r->cache, host, addresses);
	}
	return flow_cache_add_host(&r->cache, row->name,
		       &(struct cached_host){.id = (uint32_t)sql_inserted(r->store),
			       .groups = groups,
			       .addresses = addresses})
		       ? 0
		       : -ENOMEM;
}

static int find_or_add_host(struct recorder *r, const char *name, uint32_t *id)
{
	struct cached_host *host;
	uint32_t number;
	int rc = 0;

	if (!r->host_name || strcmp(r->host_name, name) != 0) {
		host = flow_cache_find_host(&r->cache, name);
		if (!host)
			rc = record_host(r, &(struct store_host){.name = name});
		if (rc < 0)
			return rc;
		intern_find(&r->cache.host_names, name, &number);
		r->host_name = r->cache.host_names.texts[number];
		r->host_id = r->cache.hosts[number].id;
	}
	*id = r->host_id;
	return 0;
}

/* ---- rows in words ----------------------------------------------------------- */

struct seen {
	uint32_t host, check, expect, verdict, rules;
	uint32_t state, reason, phase, identity, evidence;
	uint32_t gap_reason;  /* 0: measured */
	uint32_t reported[4]; /* state, reason, identity, verdict; 0: nothing is */
	int64_t incident;
	uint64_t question;
	bool proved;
};

static int read_terms(
	struct recorder *r, const struct store_row *row, struct seen *seen)
{
	int rc = find_or_add_host(r, row->host, &seen->host);

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

static int read_reported(
	struct recorder *r, const struct store_reported *reported, struct seen *seen)
{
	int rc;

	seen->incident = reported->incident;
	if (seen->incident && seen->incident != r->incident) {
		rc = incident_check_open(r->store, r->of, seen->incident);
		if (rc < 0)
			return rc;
		r->incident = seen->incident;
	}
	rc = word(r, REPORTED_STATE, reported->state, &seen->reported[0]);
	if (rc == 0)
		rc = word(r, REPORTED_REASON, reported->reason, &seen->reported[1]);
	if (rc == 0)
		rc = word(r, REPORTED_IDENTITY, reported->identity, &seen->reported[2]);
	if (rc == 0)
		rc = word(r, REPORTED_VERDICT, reported->verdict, &seen->reported[3]);
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
	seen->question = row->question;
	seen->proved = row->measured && row->proved;
	return rc;
}

/* What only a new interval needs. */
static int read_detail(
	struct recorder *r, const struct store_row *row, struct seen *seen)
{
	int rc = word(r, PHASE, row->phase, &seen->phase);

	return rc < 0 ? rc : word(r, EVIDENCE, row->evidence, &seen->evidence);
}

/* ---- gaps -------------------------------------------------------------------- */

static int end_gap(struct recorder *r, const struct cached_flow *flow)
{
	int rc;

	if (!flow->gap_reason)
		return 0;
	rc = RUN(r, KEEP_GAP, flow, r->previous);
	if (rc == 0)
		rc = RUN(r, END_GAP, flow);
	return rc;
}

/* The scan that measured a flow last whose gap is about to begin; 0: none did. */
static int64_t measured_last(struct recorder *r, const struct cached_flow *flow)
{
	const struct not_due *not_due;

	if (!flow->state || flow->state == r->nothing)
		return 0;
	not_due = not_due_find(&r->not_due, flow->rules);
	return not_due ? not_due->scan : r->previous;
}

/* A gap for another reason goes on from the same measurement. */
static int begin_gap(struct recorder *r, const struct cached_flow *flow,
	uint32_t reason, int64_t after)
{
	int rc = 0;

	if (flow->gap_reason == reason)
		return 0;
	if (flow->gap_reason)
		rc = RUN(r, KEEP_GAP, flow, r->previous);
	if (rc == 0)
		rc = RUN(r, SET_GAP, flow, r->of.scan, reason, after);
	return rc;
}

/* ---- flows ------------------------------------------------------------------- */

static void bind_reported(
	struct sqlite3_stmt *statement, int at, const struct seen *seen)
{
	for (int i = 0; i < 4; i++)
		sql_bind_id(statement, at + i, seen->reported[i]);
	sql_bind_id(statement, at + 4, seen->incident);
}

static int add_flow(
	struct recorder *r, const struct seen *seen, struct cached_flow **out)
{
	struct sqlite3_stmt *add = r->statements[ADD_FLOW];
	struct cached_flow flow = {
		.host = seen->host,
		.check = seen->check,
		.expect = seen->expect,
		.verdict = seen->verdict,
		.rules = seen->rules,
		.state = seen->state,
		.reason = seen->reason,
		.identity = seen->identity,
		.number = r->cache.next_number & FLOW_MAX_NUMBER,
		.question = seen->question,
		.proved = seen->proved,
	};
	int rc;

	SQL_BIND(add, r->of.vantage, flow.host, flow.check, flow.number, seen->expect,
		seen->verdict, seen->rules, r->of.scan, seen->state, seen->reason,
		seen->phase, seen->identity, seen->evidence, (int64_t)seen->question,
		seen->proved);
	bind_reported(add, 16, seen);
	rc = sql_run(r->store, add);
	if (rc < 0)
		return rc;
	*out = flow_cache_add(&r->cache, &flow);
	return *out ? 0 : -ENOMEM;
}

/* In a gap the flow shows the state that it had before, and the verdict stays that of
 * this state, unless its rule wants something else now. */
static int update_terms(
	struct recorder *r, const struct cached_flow *flow, struct seen *seen)
{
	if (seen->gap_reason && flow->state != r->nothing &&
		flow->expect == seen->expect) {
		seen->verdict = flow->verdict;
		seen->proved = flow->proved;
	}
	if (flow->expect == seen->expect && flow->verdict == seen->verdict &&
		flow->rules == seen->rules && flow->question == seen->question &&
		flow->proved == seen->proved)
		return 0;
	return RUN(r, SET_TERMS, flow, seen->expect, seen->verdict, seen->rules,
		(int64_t)seen->question, seen->proved);
}

static int update_reported(struct recorder *r, const struct cached_flow *flow,
	const struct store_row *row, const struct seen *seen)
{
	struct sqlite3_stmt *set = r->statements[SET_REPORTED];

	if (!row->reported && !(row->forget_reported && flow->reported))
		return 0;
	SQL_BIND(set, r->of.vantage, flow->host, flow->check);
	bind_reported(set, 4, seen);
	return sql_run(r->store, set);
}

static int keep_state(struct recorder *r, const struct cached_flow *flow, bool removed)
{
	return flow->state ? RUN(r, KEEP_STATE, flow, r->previous, removed) : 0;
}

/* Whether the open interval ends with this row. */
static bool differs(const struct cached_flow *flow, const struct seen *seen)
{
	if (!flow->state)
		return true;
	return !seen->gap_reason &&
	       (flow->state != seen->state || flow->reason != seen->reason ||
		       flow->identity != seen->identity);
}

static int update_flow(struct recorder *r, const struct cached_flow *flow,
	const struct store_row *row, struct seen *seen)
{
	int rc;

	if (!differs(flow, seen))
		return update_terms(r, flow, seen);
	rc = read_detail(r, row, seen);
	if (rc == 0)
		rc = keep_state(r, flow, false);
	if (rc == 0)
		rc = RUN(r, SET_FLOW, flow, seen->expect, seen->verdict, seen->rules,
			r->of.scan, seen->state, seen->reason, seen->phase,
			seen->identity, seen->evidence, (int64_t)seen->question,
			seen->proved);
	return rc;
}

/* Its interval and its gap, if there is one, go on. */
static int carry_flow(
	struct recorder *r, const struct cached_flow *flow, struct seen *seen)
{
	seen->gap_reason = flow->gap_reason;
	seen->question = flow->question;
	seen->proved = flow->proved;
	return update_terms(r, flow, seen);
}

static int keep_time(
	struct recorder *r, const struct cached_flow *flow, uint32_t rtt_us)
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

static int record_row(struct recorder *r, const struct store_row *row)
{
	struct seen seen = {0};
	struct cached_flow *flow;
	int64_t measured = 0;
	int rc = read_terms(r, row, &seen);

	if (rc == 0 && row->reported)
		rc = read_reported(r, row->reported, &seen);
	if (rc < 0)
		return rc;
	flow = flow_cache_find(&r->cache, seen.host, seen.check);
	if (flow && flow->seen)
		return store_refuse(r->store, -EINVAL, "%s %s was seen twice",
			row->host, row->check);
	if (flow && flow->state && row->carried) {
		flow->seen = true;
		rc = carry_flow(r, flow, &seen);
		return rc < 0 ? rc : update_reported(r, flow, row, &seen);
	}
	rc = read_state(r, row, &seen);
	if (rc < 0)
		return rc;
	if (flow) {
		measured = measured_last(r, flow);
		rc = update_flow(r, flow, row, &seen);
		if (rc == 0)
			rc = update_reported(r, flow, row, &seen);
	} else {
		rc = read_detail(r, row, &seen);
		if (rc < 0)
			return rc;
		rc = add_flow(r, &seen, &flow);
	}
	if (rc < 0)
		return rc;
	flow->seen = true;
	if (seen.gap_reason)
		return begin_gap(r, flow, seen.gap_reason, measured);
	rc = end_gap(r, flow);
	return rc < 0 ? rc : keep_time(r, flow, row->rtt_us);
}

static int remove_rest(struct recorder *r)
{
	int rc = 0;

	for (uint32_t i = 0; i < r->cache.n_flows && rc == 0; i++) {
		struct cached_flow *flow = &r->cache.flows[i];
		if (flow->seen || !flow->state)
			continue;
		rc = keep_state(r, flow, true);
		if (rc == 0)
			rc = RUN(r, LEAVE, flow);
		if (rc == 0)
			rc = end_gap(r, flow);
	}
	return rc;
}

/* ---- the scan ---------------------------------------------------------------- */

/* It must run, and be newer than every complete one of its vantage. */
static int find_scan(struct recorder *r)
{
	struct sql_rows rows = SQL_ROWS(r->store,
		"SELECT vantage, started_us, (SELECT max(id) FROM scan AS old"
		" WHERE old.vantage = scan.vantage AND old.status = 'complete')"
		" FROM scan WHERE id = ? AND status = 'running'",
		num(r->of.scan));
	bool found = sql_next(&rows);
	int rc;

	if (found) {
		r->of.vantage = sql_int(rows.row, 0);
		r->started_us = sql_int(rows.row, 1);
		r->previous = sql_int(rows.row, 2);
	}
	rc = sql_close(&rows);
	if (rc == 0 && (!found || r->previous > r->of.scan))
		return store_refuse(r->store, -EINVAL,
			"scan %lld is not running, or a newer one is complete",
			(long long)r->of.scan);
	return rc;
}

static int init(
	struct recorder *r, struct store *store, const struct store_record *what)
{
	uint64_t seed;
	int rc;

	*r = (struct recorder){.store = store,
		.of = {.scan = what->scan, .now_us = what->totals.finished_us}};
	sqlite3_randomness(sizeof seed, &seed);
	rc = string_ids_init(&r->words, store, seed);
	for (int i = 0; i < STATEMENTS && rc == 0; i++)
		rc = sql_prepare(store, statements[i], &r->statements[i]);
	if (rc == 0)
		rc = find_scan(r);
	if (rc == 0)
		rc = flow_cache_load(&r->cache, store, r->of.vantage, seed);
	if (rc == 0)
		rc = not_due_load(store, r->of.vantage, r->previous, &r->not_due);
	return rc < 0 ? rc : word(r, STATE, "", &r->nothing);
}

static void fini(struct recorder *r)
{
	for (int i = 0; i < STATEMENTS; i++)
		sql_free(r->statements[i]);
	string_ids_fini(&r->words);
	flow_cache_fini(&r->cache);
	free(r->not_due.items);
	free(r->times_us);
}

static int record_inventory(struct recorder *r, const struct store_record *record)
{
	struct store_host host;
	struct store_row row;
	int rc = 0, got = 0;

	while (rc == 0 && record->next_host &&
		(got = record->next_host(record->next_host_data, &host)) > 0)
		rc = record_host(r, &host);
	if (rc < 0 || got < 0)
		return rc < 0 ? rc : got;
	while (rc == 0 && (got = record->next(record->next_data, &row)) > 0)
		rc = record_row(r, &row);
	if (rc < 0 || got < 0)
		return rc < 0 ? rc : got;
	return remove_rest(r);
}

static int record_not_due(struct recorder *r, const struct store_record *record)
{
	uint32_t rules;
	int rc = 0;

	for (size_t i = 0; i < record->n_idle && rc == 0; i++) {
		rc = word(r, RULES, record->idle[i], &rules);
		if (rc == 0)
			rc = not_due_keep(r->store, r->of.vantage, r->previous,
				r->of.scan, rules);
	}
	return rc < 0 ? rc : not_due_drop(r->store, r->of.vantage, r->of.scan);
}

static int complete_scan(struct recorder *r, const struct store_scan *totals)
{
	return SQL_DO(r->store,
		"UPDATE scan SET status = 'complete', finished_us = ?2, duration_us = ?3,"
		" flows = ?4, pass = ?5, fail = ?6, inconclusive = ?7, changes = ?8,"
		" degraded = ?9, scope = ?10, carried = ?11, unmeasured = ?12,"
		" degraded_why = ?13"
		" WHERE id = ?1",
		num(r->of.scan), num(totals->finished_us),
		num((int64_t)totals->duration_us), num((int64_t)totals->flows),
		num((int64_t)totals->pass), num((int64_t)totals->fail),
		num((int64_t)totals->inconclusive), num((int64_t)totals->changes),
		num(totals->degraded), num((int64_t)totals->scope),
		num((int64_t)totals->carried), num((int64_t)totals->unmeasured),
		txt(totals->degraded_why));
}

static int record_all(struct store *store, const struct store_record *record)
{
	struct recorder r;
	int rc = init(&r, store, record);

	if (rc == 0)
		rc = incident_open_all(store, r.of, record->opened, record->n_opened);
	if (rc == 0)
		rc = record_inventory(&r, record);
	if (rc == 0)
		rc = incident_update_all(
			store, r.of, record->updates, record->n_updates);
	if (rc == 0)
		rc = record_not_due(&r, record);
	if (rc == 0)
		rc = rtt_record(store, r.of.vantage, r.started_us / RTT_HOUR_US,
			r.times_us, r.n_times);
	if (rc == 0 && record->outbox)
		rc = outbox_put(store, r.of, record->outbox);
	if (rc == 0)
		rc = complete_scan(&r, &record->totals);
	fini(&r);
	return rc;
}

int store_scan_record(struct store *store, const struct store_record *record)
{
	int rc = store_need_writer(store);

	if (rc == 0)
		rc = sql_begin_write(store, false);
	if (rc == 0)
		rc = sql_end_write(store, record_all(store, record));
	if (rc < 0)
		store_note(store, "scan %lld was not stored", (long long)record->scan);
	return rc;
}
