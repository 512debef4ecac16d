/* SPDX-License-Identifier: Apache-2.0 */
/* Notices on their way into the outbox, and out when there is no room. */
#include "store/outbox_internal.h"
#include "store/sql.h"

/* A new sink begins behind the newest notice that ever was. */
static int name_sinks(struct store *store, int64_t vantage, int64_t scan,
	const struct outbox_put *put)
{
	struct sqlite3_stmt *add;
	int rc = sql_prepare(store,
		"INSERT INTO sink (vantage, scan, name, cursor) VALUES (?1, ?2, ?3,"
		" coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'notice'), 0))"
		" ON CONFLICT DO UPDATE SET scan = ?2",
		&add);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < put->n_sinks && rc == 0; i++) {
		SQL_BIND(add, vantage, scan);
		sql_bind_text(add, 3, put->sinks[i]);
		rc = sql_run(store, add);
	}
	sql_free(add);
	return rc < 0 ? rc
		      : SQL_DO(store,
				"DELETE FROM sink WHERE vantage = ? AND scan <> ?",
				vantage, scan);
}

static int add_notices(struct store *store, int64_t vantage, int64_t scan,
	int64_t put_us, const struct outbox_put *put)
{
	struct sqlite3_stmt *add;
	int rc = sql_prepare(store,
		"INSERT INTO notice (vantage, scan, put_us, body, uid)"
		" VALUES (?, ?, ?, ?, lower(hex(randomblob(16))))",
		&add);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < put->n_bodies && rc == 0; i++) {
		SQL_BIND(add, vantage, scan, put_us);
		sql_bind_text(add, 4, put->bodies[i]);
		rc = sql_run(store, add);
	}
	sql_free(add);
	return rc;
}

/* The number of the newest notice that there is no room for; 0: there is for all. */
static int find_last_to_drop(
	struct store *store, int64_t vantage, uint32_t keep, int64_t *last)
{
	struct sqlite3_stmt *row;
	int rc = sql_prepare(store,
		"SELECT id FROM notice WHERE vantage = ? ORDER BY id DESC LIMIT 1"
		" OFFSET ?",
		&row);

	*last = 0;
	if (rc < 0)
		return rc;
	SQL_BIND(row, vantage, keep);
	rc = sql_step(store, row);
	if (rc > 0)
		*last = sql_int(row, 0);
	sql_free(row);
	return rc < 0 ? rc : 0;
}

static int drop_oldest(struct store *store, int64_t vantage, uint32_t keep)
{
	int64_t last;
	int rc = find_last_to_drop(store, vantage, keep, &last);

	if (rc < 0 || last == 0)
		return rc;
	rc = SQL_DO(store,
		"UPDATE sink SET cursor = ?2, attempts = 0, refusals = 0, dropped = dropped + n.gone,"
		" untold = untold + n.gone FROM (SELECT name AS of, (SELECT count(*)"
		" FROM notice WHERE notice.vantage = ?1 AND notice.id > sink.cursor"
		" AND notice.id <= ?2) AS gone FROM sink WHERE vantage = ?1) AS n"
		" WHERE vantage = ?1 AND name = n.of AND cursor < ?2",
		vantage, last);
	return rc < 0 ? rc
		      : SQL_DO(store,
				"DELETE FROM notice WHERE vantage = ? AND id <= ?",
				vantage, last);
}

int outbox_prune(struct store *store, int64_t vantage)
{
	return SQL_DO(store,
		"DELETE FROM notice WHERE vantage = ?1 AND id <= coalesce((SELECT"
		" min(cursor) FROM sink WHERE vantage = ?1), 9223372036854775807)",
		vantage);
}

int outbox_put(struct store *store, int64_t vantage, int64_t scan, int64_t put_us,
	const struct outbox_put *put)
{
	int rc = name_sinks(store, vantage, scan, put);

	if (rc == 0)
		rc = outbox_prune(store, vantage);
	if (rc == 0 && put->n_sinks)
		rc = add_notices(store, vantage, scan, put_us, put);
	if (rc == 0)
		rc = drop_oldest(store, vantage, put->keep ? put->keep : OUTBOX_KEEP);
	return rc;
}
