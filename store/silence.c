/* SPDX-License-Identifier: Apache-2.0 */
/* What people asked not to be told of, and for how long. */
#include <errno.h>
#include <stddef.h>

#include "store/sql.h"

int store_silence_add(
	struct store *store, const struct store_silence *silence, int64_t *id)
{
	int rc = store_need_notes(store);

	if (rc == 0)
		rc = SQL_DO(store,
			"INSERT INTO silence (from_us, until_us, vantage, host,"
			" group_name, rule, check_name, why, after_scan)"
			" VALUES (?, ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(id), 0)"
			" FROM scan WHERE status = 'complete'))",
			num(silence->from_us), num(silence->until_us),
			txt(silence->vantage), txt(silence->host), txt(silence->group),
			txt(silence->rule), txt(silence->check), txt(silence->why));
	if (rc == 0)
		*id = sql_inserted(store);
	return rc;
}

/* Why nothing was ended. */
static int refuse_end(struct store *store, int64_t id)
{
	int64_t found;
	int rc = SQL_ASK(store, &found, "SELECT 1 FROM silence WHERE id = ?", num(id));

	if (rc < 0)
		return rc;
	return found ? store_refuse(
			       store, -EINVAL, "silence %lld has ended", (long long)id)
		     : store_refuse(store, -ENOENT,
			       "unknown silence %lld: 'reachd silence list' lists them",
			       (long long)id);
}

int store_silence_end(struct store *store, int64_t id, int64_t wall_us)
{
	int rc = store_need_notes(store);

	if (rc == 0)
		rc = SQL_DO(store,
			"UPDATE silence SET ended_us = ?1"
			" WHERE id = ?2 AND ended_us = 0 AND until_us > ?1",
			num(wall_us), num(id));
	return rc < 0 || sql_changed(store) > 0 ? rc : refuse_end(store, id);
}

int store_silence_list(struct store *store,
	bool (*each)(void *data, const struct store_silence *silence), void *data)
{
	struct sql_rows rows = SQL_ROWS(store,
		"SELECT id, vantage, host, group_name, rule, check_name, from_us,"
		" until_us, ended_us, why, after_scan FROM silence ORDER BY id");

	while (sql_next(&rows)) {
		struct store_silence silence = {
			.id = sql_int(rows.row, 0),
			.vantage = sql_text(rows.row, 1),
			.host = sql_text(rows.row, 2),
			.group = sql_text(rows.row, 3),
			.rule = sql_text(rows.row, 4),
			.check = sql_text(rows.row, 5),
			.from_us = sql_int(rows.row, 6),
			.until_us = sql_int(rows.row, 7),
			.ended_us = sql_int(rows.row, 8),
			.why = sql_text(rows.row, 9),
			.after_scan = sql_int(rows.row, 10),
		};
		if (!each(data, &silence))
			break;
	}
	return sql_close(&rows);
}
