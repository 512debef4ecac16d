/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that write, the hosts of a scan, and the recorder's life. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "store/recorder.h"

#define FLOW_KEY " WHERE vantage = ?1 AND host = ?2 AND check_name = ?3"

/* The first three parameters are the flow's key; KEEP moves what is open to the past.
 */
static const char *const statements[RECORDER_STATEMENTS] = {
	[ADD_HOST] = "INSERT INTO host (vantage, group_names, addresses, name)"
		     " VALUES (?1, ?2, ?3, ?4)",
	[SET_HOST] = "UPDATE host SET group_names = ?2, addresses = ?3 WHERE id = ?1",
	[ADD_FLOW] = "INSERT INTO flow (vantage, host, check_name, number, expect,"
		     " verdict, rules, from_scan, state, reason, phase, identity,"
		     " evidence, question, proved, reported_state, reported_reason,"
		     " reported_identity, reported_verdict, reported_incident)"
		     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
		     " nullif(?, 0), nullif(?, 0), nullif(?, 0), nullif(?, 0),"
		     " nullif(?, 0))",
	[SET_TERMS] = "UPDATE flow SET expect = ?4, verdict = ?5, rules = ?6,"
		      " question = ?7, proved = ?8" FLOW_KEY,
	[SET_FLOW] = "UPDATE flow SET expect = ?4, verdict = ?5, rules = ?6,"
		     " from_scan = ?7, state = ?8, reason = ?9, phase = ?10,"
		     " identity = ?11, evidence = ?12, question = ?13,"
		     " proved = ?14" FLOW_KEY,
	[SET_REPORTED] = "UPDATE flow SET reported_state = nullif(?4, 0),"
			 " reported_reason = nullif(?5, 0), reported_identity ="
			 " nullif(?6, 0), reported_verdict = nullif(?7, 0),"
			 " reported_incident = nullif(?8, 0)" FLOW_KEY
			 " AND (reported_state, reported_reason, reported_identity,"
			 " reported_verdict, reported_incident) IS NOT (nullif(?4, 0),"
			 " nullif(?5, 0), nullif(?6, 0), nullif(?7, 0), nullif(?8, 0))",
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

int recorder_host(struct recorder *r, const struct store_host *row)
{
	struct known_host *host = known_find_host(&r->known, row->name);
	struct known_host now = {
		.addresses = row->addresses ? row->addresses
			     : host         ? host->addresses
					    : "[]",
	};
	int rc =
		recorder_word(r, GROUPS, row->groups ? row->groups : "[]", &now.groups);

	if (rc < 0)
		return rc;
	return host ? update_host(r, host, &now) : add_host(r, row->name, &now);
}

/* ---- life ---------------------------------------------------------------------- */

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

int recorder_init(struct recorder *r, struct store *store, int64_t scan)
{
	uint64_t seed;
	int rc;

	*r = (struct recorder){.store = store, .scan = scan};
	sqlite3_randomness(sizeof seed, &seed);
	rc = words_init(&r->words, r->store, seed);
	for (int i = 0; i < RECORDER_STATEMENTS && rc == 0; i++)
		rc = sql_prepare(r->store, statements[i], &r->statements[i]);
	if (rc == 0)
		rc = find_scan(r);
	if (rc == 0)
		rc = known_load(&r->known, r->store, r->vantage, seed);
	if (rc == 0)
		rc = idle_load(r->store, r->vantage, r->previous, &r->idle, &r->n_idle);
	if (rc == 0)
		rc = recorder_word(r, STATE, "", &r->nothing);
	return rc;
}

void recorder_fini(struct recorder *r)
{
	for (int i = 0; i < RECORDER_STATEMENTS; i++)
		sql_free(r->statements[i]);
	words_fini(&r->words);
	known_fini(&r->known);
	free(r->times_us);
	free(r->idle);
}
