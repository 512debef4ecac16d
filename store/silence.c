/* SPDX-License-Identifier: Apache-2.0 */
/* What people asked not to be told of, and for how long. */
#include <errno.h>
#include <stddef.h>

#include "store/sql.h"

int store_silence_add(
	struct store *store, const struct store_silence *silence, int64_t *id)
{
	struct sqlite3_stmt *statement = NULL;
	int rc = store_need_notes(store);

	if (rc == 0)
		rc = sql_prepare(store,
			"INSERT INTO silence (from_us, until_us, vantage, host,"
			" group_name, rule, check_name, why, after_scan)"
			" VALUES (?, ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(id), 0)"
			" FROM scan WHERE status = 'complete'))",
			&statement);
	if (rc < 0)
		return rc;
	SQL_BIND(statement, silence->from_us, silence->until_us);
	sql_bind_text(statement, 3, silence->vantage);
	sql_bind_text(statement, 4, silence->host);
	sql_bind_text(statement, 5, silence->group);
	sql_bind_text(statement, 6, silence->rule);
	sql_bind_text(statement, 7, silence->check);
	sql_bind_text(statement, 8, silence->why);
	rc = sql_run(store, statement);
	*id = sql_inserted(store);
	sql_free(statement);
	return rc;
}

/* Why nothing was ended. */
static int refuse_end(struct store *store, int64_t id)
{
	struct sqlite3_stmt *row;
	int rc = sql_prepare(store, "SELECT 1 FROM silence WHERE id = ?", &row);

	if (rc < 0)
		return rc;
	SQL_BIND(row, id);
	rc = sql_step(store, row);
	sql_free(row);
	if (rc < 0)
		return rc;
	return rc ? store_refuse(
			    store, -EINVAL, "silence %lld has ended", (long long)id)
		  : store_refuse(store, -ENOENT,
			    "unknown silence %lld: 'reachd silence list' lists them",
			    (long long)id);
}

int store_silence_end(struct store *store, int64_t id, int64_t wall_us)
{
	struct sqlite3_stmt *statement = NULL;
	int64_t changed;
	int rc = store_need_notes(store);

	if (rc == 0)
		rc = sql_prepare(store,
			"UPDATE silence SET ended_us = ?1"
			" WHERE id = ?2 AND ended_us = 0 AND until_us > ?1",
			&statement);
	if (rc < 0)
		return rc;
	SQL_BIND(statement, wall_us, id);
	rc = sql_run(store, statement);
	changed = sql_changed(store);
	sql_free(statement);
	return rc < 0 || changed > 0 ? rc : refuse_end(store, id);
}

int store_silence_list(struct store *store,
	bool (*each)(void *data, const struct store_silence *silence), void *data)
{
	struct sqlite3_stmt *rows;
	int rc = sql_prepare(store,
		"SELECT id, vantage, host, group_name, rule, check_name, from_us,"
		" until_us, ended_us, why, after_scan FROM silence ORDER BY id",
		&rows);

	if (rc < 0)
		return rc;
	while ((rc = sql_step(store, rows)) > 0) {
		struct store_silence silence = {
			.id = sql_int(rows, 0),
			.vantage = sql_text(rows, 1),
			.host = sql_text(rows, 2),
			.group = sql_text(rows, 3),
			.rule = sql_text(rows, 4),
			.check = sql_text(rows, 5),
			.from_us = sql_int(rows, 6),
			.until_us = sql_int(rows, 7),
			.ended_us = sql_int(rows, 8),
			.why = sql_text(rows, 9),
			.after_scan = sql_int(rows, 10),
		};
		rc = 0;
		if (!each(data, &silence))
			break;
	}
	sql_free(rows);
	return rc;
}
