/* SPDX-License-Identifier: Apache-2.0 */
#include "store/horizon.h"

#include <errno.h>

enum {
	SCANS_THAT_STAY = 10 /* the newest ones, whatever the clock says */
};

/* ---- what is gone ------------------------------------------------------------ */

/* Numbers are given out one by one and never twice. */
int horizon_refuse(struct store *store, int64_t id)
{
	int64_t last;
	int rc = sql_number(
		store, "SELECT seq FROM sqlite_sequence WHERE name = 'scan'", &last);

	if (rc < 0)
		return rc;
	if (id > 0 && id <= last)
		return store_refuse(store, -ENODATA,
			"scan %lld was pruned: 'retention: history' keeps a scan that "
			"old only with a baseline",
			(long long)id);
	return store_refuse(store, -ENOENT, "there is no scan %lld", (long long)id);
}

int store_pruned(struct store *store, const char *vantage, int64_t *scan)
{
	struct sqlite3_stmt *row;
	int rc = sql_prepare(store, "SELECT pruned FROM vantage WHERE name = ?1", &row);

	*scan = 0;
	if (rc < 0)
		return rc;
	sql_bind_text(row, 1, vantage);
	rc = sql_step(store, row);
	if (rc > 0)
		*scan = sql_int(row, 0);
	sql_free(row);
	return rc < 0 ? rc : 0;
}

int horizon_release(struct store *store, const char *baseline)
{
	struct sqlite3_stmt *set;
	int rc = sql_prepare(store,
		"UPDATE vantage SET swept = min(swept, scan.id - 1)"
		" FROM scan JOIN baseline ON baseline.scan = scan.id"
		" WHERE vantage.id = scan.vantage AND baseline.name = ?1",
		&set);

	if (rc < 0)
		return rc;
	sql_bind_text(set, 1, baseline);
	rc = sql_run(store, set);
	sql_free(set);
	return rc;
}

/* ---- what is to go ----------------------------------------------------------- */

/* The oldest of the scans that stay. */
struct edge {
	int64_t scan, finished_us;
	int64_t pruned; /* scans up to this one are gone */
};

/* 1; 0: there are too few scans for any to go. */
static int find_edge(struct store *store, int64_t vantage, struct edge *edge)
{
	struct sqlite3_stmt *row;
	int rc = sql_prepare(store,
		"SELECT scan.id, scan.finished_us, vantage.pruned FROM scan"
		" JOIN vantage ON vantage.id = scan.vantage"
		" WHERE scan.vantage = ?1 AND status = 'complete'"
		" ORDER BY scan.id DESC LIMIT 1 OFFSET ?2",
		&row);

	if (rc < 0)
		return rc;
	SQL_BIND(row, vantage, SCANS_THAT_STAY - 1);
	rc = sql_step(store, row);
	if (rc > 0)
		*edge = (struct edge){
			sql_int(row, 0), sql_int(row, 1), sql_int(row, 2)};
	sql_free(row);
	return rc;
}

/*
 * The newest scan that is too old, of those before the first one that is not. Times
 * need not rise: a clock may have been wrong. A scan of the future is neither old nor
 * young, so it goes with its neighbours and holds nothing up; one that seems old among
 * young ones takes nothing with it.
 */
static int find_last(struct store *store, int64_t vantage, const struct edge *edge,
	int64_t oldest_us, int64_t now_us, int64_t *last)
{
	struct sqlite3_stmt *row;
	int rc = sql_prepare(store,
		"SELECT max(id) FROM scan WHERE vantage = ?1 AND status = 'complete'"
		" AND finished_us < ?4 AND id > ?2 AND id < coalesce("
		"  (SELECT id FROM scan WHERE vantage = ?1 AND status = 'complete'"
		"   AND finished_us BETWEEN ?4 AND ?5 AND id BETWEEN ?2 + 1 AND ?3"
		"   ORDER BY id LIMIT 1), ?3)",
		&row);

	if (rc < 0)
		return rc;
	SQL_BIND(row, vantage, edge->pruned, edge->scan, oldest_us, now_us);
	rc = sql_step(store, row);
	*last = rc > 0 ? sql_int(row, 0) : 0;
	sql_free(row);
	if (*last < edge->pruned)
		*last = edge->pruned;
	return rc < 0 ? rc : 0;
}

static int declare_gone(struct store *store, int64_t vantage, int64_t last)
{
	struct sqlite3_stmt *set;
	int rc = sql_prepare(
		store, "UPDATE vantage SET pruned = ?2 WHERE id = ?1", &set);

	if (rc < 0)
		return rc;
	SQL_BIND(set, vantage, last);
	rc = sql_run(store, set);
	sql_free(set);
	return rc;
}

int horizon_advance(struct store *store, int64_t vantage,
	const struct store_retention *keep, int64_t *last, int64_t *now_us)
{
	struct edge edge;
	int64_t oldest_us;
	int rc = find_edge(store, vantage, &edge);

	*last = *now_us = 0;
	if (rc <= 0)
		return rc;
	*now_us = edge.finished_us < keep->now_us ? edge.finished_us : keep->now_us;
	oldest_us = *now_us - (int64_t)keep->history_us;
	rc = find_last(store, vantage, &edge, oldest_us, *now_us, last);
	if (rc < 0 || *last == edge.pruned)
		return rc;
	return declare_gone(store, vantage, *last);
}
