/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of scans. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/horizon.h"

#define SCAN_COLUMNS                                                               \
	"scan.id, vantage.name, status, started_us, finished_us,"                  \
	" duration_us, flows, pass, fail, inconclusive, changes, degraded, scope," \
	" degraded_why, carried, unmeasured"
#define SCAN_TABLES " FROM scan JOIN vantage ON vantage.id = scan.vantage"

/* ---- writing ----------------------------------------------------------------- */

static int insert_scan(
	struct store *store, const char *vantage, int64_t started_us, int64_t *id)
{
	struct sqlite3_stmt *statement;
	int rc = sql_prepare(
		store, "INSERT OR IGNORE INTO vantage (name) VALUES (?)", &statement);

	if (rc < 0)
		return rc;
	sql_bind_text(statement, 1, vantage);
	rc = sql_run(store, statement);
	sql_free(statement);
	if (rc == 0)
		rc = sql_prepare(store,
			"INSERT INTO scan (vantage, status, started_us)"
			" SELECT id, 'running', ?1 FROM vantage WHERE name = ?2",
			&statement);
	if (rc < 0)
		return rc;
	SQL_BIND(statement, started_us);
	sql_bind_text(statement, 2, vantage);
	rc = sql_run(store, statement);
	sql_free(statement);
	*id = sql_inserted(store);
	return rc;
}

int store_scan_begin(
	struct store *store, const char *vantage, int64_t started_us, int64_t *id)
{
	int rc = store_need_writer(store);

	if (rc == 0)
		rc = sql_exec(store, "BEGIN IMMEDIATE");
	if (rc < 0)
		return rc;
	return sql_end_write(store, insert_scan(store, vantage, started_us, id));
}

static int refuse_status(struct store *store, int64_t id)
{
	struct store_scan scan = {0};
	int rc = store_scan_get(store, id, &scan);

	if (rc < 0 || scan.status == STORE_SCAN_INTERRUPTED)
		return rc;
	return store_refuse(store, -EINVAL,
		"scan %lld is complete and can't be interrupted", (long long)id);
}

int store_scan_interrupt(struct store *store, int64_t id)
{
	struct sqlite3_stmt *statement = NULL;
	int64_t changed;
	int rc = store_need_writer(store);

	if (rc == 0)
		rc = sql_prepare(store,
			"UPDATE scan SET status = 'interrupted'"
			" WHERE id = ? AND status = 'running'",
			&statement);
	if (rc < 0)
		return rc;
	SQL_BIND(statement, id);
	rc = sql_run(store, statement);
	changed = sql_changed(store);
	sql_free(statement);
	if (rc < 0 || changed > 0)
		return rc;
	return refuse_status(store, id);
}

/* ---- reading ----------------------------------------------------------------- */

static enum store_scan_status status_of(const char *word)
{
	if (strcmp(word, "complete") == 0)
		return STORE_SCAN_COMPLETE;
	return strcmp(word, "running") == 0 ? STORE_SCAN_RUNNING
					    : STORE_SCAN_INTERRUPTED;
}

/* Text is the statement's. */
static void read_scan(struct sqlite3_stmt *row, struct store_scan *scan)
{
	*scan = (struct store_scan){
		.id = sql_int(row, 0),
		.vantage = sql_text(row, 1),
		.status = status_of(sql_text(row, 2)),
		.started_us = sql_int(row, 3),
		.finished_us = sql_int(row, 4),
		.duration_us = (uint64_t)sql_int(row, 5),
		.flows = (uint64_t)sql_int(row, 6),
		.pass = (uint64_t)sql_int(row, 7),
		.fail = (uint64_t)sql_int(row, 8),
		.inconclusive = (uint64_t)sql_int(row, 9),
		.changes = (uint64_t)sql_int(row, 10),
		.degraded = sql_int(row, 11) != 0,
		.scope = (uint64_t)sql_int(row, 12),
		.carried = (uint64_t)sql_int(row, 14),
		.unmeasured = (uint64_t)sql_int(row, 15),
	};
	snprintf(
		scan->degraded_why, sizeof scan->degraded_why, "%s", sql_text(row, 13));
}

static int keep_vantage(struct store *store, struct store_scan *scan)
{
	char *copy = strdup(scan->vantage);

	if (!copy)
		return store_no_memory(store);
	free(store->scan_vantage);
	store->scan_vantage = copy;
	scan->vantage = copy;
	return 0;
}

/* The first row of a bound statement, which it frees; 0 when there is none, else 1. */
static int first_scan(
	struct store *store, struct sqlite3_stmt *rows, struct store_scan *scan)
{
	int rc = sql_step(store, rows);

	if (rc > 0) {
		read_scan(rows, scan);
		if (keep_vantage(store, scan) < 0)
			rc = -ENOMEM;
	}
	sql_free(rows);
	return rc;
}

int store_scan_get(struct store *store, int64_t id, struct store_scan *scan)
{
	struct sqlite3_stmt *rows;
	int rc = sql_prepare(store,
		"SELECT " SCAN_COLUMNS SCAN_TABLES
		" WHERE scan.id = ? AND " HORIZON_KEPT,
		&rows);

	if (rc < 0)
		return rc;
	SQL_BIND(rows, id);
	rc = first_scan(store, rows, scan);
	if (rc == 0)
		return horizon_refuse(store, id);
	return rc < 0 ? rc : 0;
}

/* The highest number counts as the newest: the wall clock may have been set back. */
static int newest(struct store *store, const char *vantage, int64_t wall_us,
	struct store_scan *scan)
{
	struct sqlite3_stmt *rows;
	const char *text =
		vantage ? "SELECT " SCAN_COLUMNS SCAN_TABLES
			  " WHERE status = 'complete' AND finished_us <= ?1"
			  " AND " HORIZON_KEPT
			  " AND vantage.name = ?2 ORDER BY scan.id DESC LIMIT 1"
			: "SELECT " SCAN_COLUMNS SCAN_TABLES
			  " WHERE status = 'complete' AND finished_us <= ?1"
			  " AND " HORIZON_KEPT " ORDER BY scan.id DESC LIMIT 1";
	int rc = sql_prepare(store, text, &rows);

	if (rc < 0)
		return rc;
	SQL_BIND(rows, wall_us);
	if (vantage)
		sql_bind_text(rows, 2, vantage);
	return first_scan(store, rows, scan);
}

static int refuse_none(struct store *store, const char *vantage, const char *when)
{
	if (!vantage)
		return store_refuse(
			store, -ENOENT, "there is no complete scan%s", when);
	return store_refuse(store, -ENOENT, "there is no complete scan of vantage %s%s",
		vantage, when);
}

int store_scan_last(struct store *store, const char *vantage, struct store_scan *scan)
{
	int rc = newest(store, vantage, INT64_MAX, scan);

	if (rc == 0)
		return refuse_none(store, vantage, "");
	return rc < 0 ? rc : 0;
}

/* Whether scans around `id` (0: before all others) are gone: one of them may have been
 * the newest at a time. 1, 0 or a negative errno. */
static int is_pruned(struct store *store, int64_t id, const char *vantage)
{
	struct sqlite3_stmt *row;
	int rc = sql_prepare(store,
		"SELECT 1 FROM vantage WHERE pruned > 0 AND pruned >= ?1"
		" AND (name = ?2 OR ?2 = '') LIMIT 1",
		&row);

	if (rc < 0)
		return rc;
	SQL_BIND(row, id);
	sql_bind_text(row, 2, vantage);
	rc = sql_step(store, row);
	sql_free(row);
	return rc;
}

int store_scan_at(struct store *store, const char *vantage, int64_t wall_us,
	struct store_scan *scan)
{
	int rc = newest(store, vantage, wall_us, scan);
	int pruned;

	if (rc < 0)
		return rc;
	pruned = rc > 0 ? is_pruned(store, scan->id, scan->vantage)
			: is_pruned(store, 0, vantage);
	if (pruned > 0)
		return store_refuse(store, -ENODATA,
			"scans of that time were pruned: 'retention: history' "
			"keeps no scan that old");
	if (pruned < 0 || rc > 0)
		return pruned;
	return refuse_none(store, vantage, " that early");
}

int store_scan_list(struct store *store, unsigned limit,
	bool (*each)(void *data, const struct store_scan *scan), void *data)
{
	struct sqlite3_stmt *rows;
	struct store_scan scan;
	int rc = sql_prepare(store,
		"SELECT " SCAN_COLUMNS SCAN_TABLES " WHERE " HORIZON_KEPT
		" ORDER BY scan.id DESC LIMIT ?",
		&rows);

	if (rc < 0)
		return rc;
	SQL_BIND(rows, (int64_t)limit);
	while ((rc = sql_step(store, rows)) > 0) {
		read_scan(rows, &scan);
		if (!each(data, &scan))
			break;
	}
	sql_free(rows);
	return rc < 0 ? rc : 0;
}
