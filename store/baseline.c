/* SPDX-License-Identifier: Apache-2.0 */
/* Scans with a name, to compare with later. */
#include <errno.h>
#include <stdlib.h>

#include "store/horizon.h"

static int refuse_missing(struct store *store, const char *name)
{
	return store_refuse(store, -ENOENT,
		"there is no baseline %s: `reachd baseline list` shows them all", name);
}

static int check_complete(struct store *store, int64_t scan)
{
	struct store_scan found;
	int rc = store_scan_get(store, scan, &found);

	if (rc == 0 && found.status != STORE_SCAN_COMPLETE)
		return store_refuse(store, -EINVAL,
			"scan %lld was not completed: choose one that was",
			(long long)scan);
	return rc;
}

static int put(struct store *store, const char *name, int64_t scan, int64_t wall_us,
	bool replace)
{
	struct sqlite3_stmt *statement = NULL;
	int64_t changed;
	int rc = check_complete(store, scan);

	if (rc == 0 && replace)
		rc = horizon_release(store, name);
	if (rc == 0)
		rc = sql_prepare(store,
			replace ? "INSERT OR REPLACE INTO baseline (scan, saved_us, name)"
				  " VALUES (?, ?, ?)"
				: "INSERT OR IGNORE INTO baseline (scan, saved_us, name)"
				  " VALUES (?, ?, ?)",
			&statement);
	if (rc < 0)
		return rc;
	SQL_BIND(statement, scan, wall_us);
	sql_bind_text(statement, 3, name);
	rc = sql_run(store, statement);
	changed = sql_changed(store);
	sql_free(statement);
	if (rc == 0 && changed == 0)
		return store_refuse(
			store, -EEXIST, "there is a baseline %s already", name);
	return rc;
}

int store_baseline_save(struct store *store, const char *name, int64_t scan,
	int64_t wall_us, bool replace)
{
	int rc = store_need_notes(store);

	/* In one transaction: the scan must not be pruned in between. */
	if (rc == 0)
		rc = sql_exec(store, "BEGIN IMMEDIATE");
	if (rc < 0)
		return rc;
	return sql_end_write(store, put(store, name, scan, wall_us, replace));
}

int store_baseline_get(
	struct store *store, const char *name, struct store_baseline *baseline)
{
	struct sqlite3_stmt *row;
	int rc = sql_prepare(
		store, "SELECT scan, saved_us FROM baseline WHERE name = ?", &row);

	if (rc < 0)
		return rc;
	sql_bind_text(row, 1, name);
	rc = sql_step(store, row);
	if (rc > 0)
		*baseline = (struct store_baseline){
			.name = name,
			.scan = sql_int(row, 0),
			.saved_us = sql_int(row, 1),
		};
	sql_free(row);
	if (rc == 0)
		return refuse_missing(store, name);
	return rc < 0 ? rc : 0;
}

static int drop(struct store *store, const char *name)
{
	struct sqlite3_stmt *statement = NULL;
	int64_t changed;
	int rc = horizon_release(store, name);

	if (rc == 0)
		rc = sql_prepare(
			store, "DELETE FROM baseline WHERE name = ?", &statement);
	if (rc < 0)
		return rc;
	sql_bind_text(statement, 1, name);
	rc = sql_run(store, statement);
	changed = sql_changed(store);
	sql_free(statement);
	return rc == 0 && changed == 0 ? refuse_missing(store, name) : rc;
}

int store_baseline_remove(struct store *store, const char *name)
{
	int rc = store_need_notes(store);

	if (rc == 0)
		rc = sql_exec(store, "BEGIN IMMEDIATE");
	return rc < 0 ? rc : sql_end_write(store, drop(store, name));
}

int store_baseline_list(struct store *store,
	bool (*each)(void *data, const struct store_baseline *baseline), void *data)
{
	struct sqlite3_stmt *rows;
	int rc = sql_prepare(store,
		"SELECT name, scan, saved_us FROM baseline ORDER BY saved_us, name",
		&rows);

	if (rc < 0)
		return rc;
	while ((rc = sql_step(store, rows)) > 0) {
		struct store_baseline baseline = {
			.name = sql_text(rows, 0),
			.scan = sql_int(rows, 1),
			.saved_us = sql_int(rows, 2),
		};
		rc = 0;
		if (!each(data, &baseline))
			break;
	}
	sql_free(rows);
	return rc;
}
