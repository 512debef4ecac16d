/* SPDX-License-Identifier: Apache-2.0 */
/* Notices on their way to the receivers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "store/record.h"

enum {
	BUSY_MS = 1000
};

#define VANTAGE "(SELECT id FROM vantage WHERE name = ?1)"
#define OF_SINK " WHERE vantage = " VANTAGE " AND name = ?2"

/* ---- the handle -------------------------------------------------------------- */

static int connect_second(struct store *store)
{
	int rc = store_connect(store, store->path, false);

	if (rc < 0)
		return rc;
	sqlite3_busy_timeout(store->db, BUSY_MS);
	return sql_exec(store, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
}

int outbox_open(
	const struct store *writer, struct store **out, struct store_error *error)
{
	struct store *store = calloc(1, sizeof *store);
	int rc = -ENOMEM;

	*error = (struct store_error){"out of memory"};
	if (!store)
		return rc;
	store->mode = STORE_WRITE;
	store->lock_fd = -1;
	store->path = strdup(writer->path);
	if (store->path)
		rc = connect_second(store);
	if (rc == 0) {
		*out = store;
		return 0;
	}
	if (store->error[0])
		memcpy(error->text, store->error, sizeof error->text);
	store_close(store);
	return rc;
}

/* ---- putting ----------------------------------------------------------------- */

/* A new sink begins behind the newest notice that ever was. */
static int name_sinks(
	struct store *store, struct record_of of, const struct outbox_put *put)
{
	int rc = 0;

	for (size_t i = 0; i < put->n_sinks && rc == 0; i++)
		rc = SQL_DO(store,
			"INSERT INTO sink (vantage, scan, name, cursor) VALUES (?1, ?2,"
			" ?3, coalesce((SELECT seq FROM sqlite_sequence"
			"  WHERE name = 'notice'), 0))"
			" ON CONFLICT DO UPDATE SET scan = ?2",
			num(of.vantage), num(of.scan), txt(put->sinks[i]));
	return rc < 0 ? rc
		      : SQL_DO(store,
				"DELETE FROM sink WHERE vantage = ? AND scan <> ?",
				num(of.vantage), num(of.scan));
}

static int add_notices(
	struct store *store, struct record_of of, const struct outbox_put *put)
{
	int rc = 0;

	for (size_t i = 0; i < put->n_bodies && rc == 0; i++)
		rc = SQL_DO(store,
			"INSERT INTO notice (vantage, scan, put_us, body, uid)"
			" VALUES (?, ?, ?, ?, lower(hex(randomblob(16))))",
			num(of.vantage), num(of.scan), num(of.now_us),
			txt(put->bodies[i]));
	return rc;
}

/* What there is no room for. */
static int drop_oldest(struct store *store, int64_t vantage, uint32_t keep)
{
	int64_t last;
	int rc = SQL_ASK(store, &last,
		"SELECT id FROM notice WHERE vantage = ? ORDER BY id DESC LIMIT 1"
		" OFFSET ?",
		num(vantage), num(keep));

	if (rc < 0 || last == 0)
		return rc;
	rc = SQL_DO(store,
		"UPDATE sink SET cursor = ?2, attempts = 0, refusals = 0,"
		" dropped = dropped + n.gone, untold = untold + n.gone"
		" FROM (SELECT name AS of, (SELECT count(*)"
		" FROM notice WHERE notice.vantage = ?1 AND notice.id > sink.cursor"
		" AND notice.id <= ?2) AS gone FROM sink WHERE vantage = ?1) AS n"
		" WHERE vantage = ?1 AND name = n.of AND cursor < ?2",
		num(vantage), num(last));
	return rc < 0 ? rc
		      : SQL_DO(store,
				"DELETE FROM notice WHERE vantage = ? AND id <= ?",
				num(vantage), num(last));
}

/* Deletes what all sinks of a vantage are done with. */
static int outbox_prune(struct store *store, int64_t vantage)
{
	return SQL_DO(store,
		"DELETE FROM notice WHERE vantage = ?1 AND id <= coalesce((SELECT"
		" min(cursor) FROM sink WHERE vantage = ?1), 9223372036854775807)",
		num(vantage));
}

int outbox_put(struct store *store, struct record_of of, const struct outbox_put *put)
{
	int rc = name_sinks(store, of, put);

	if (rc == 0)
		rc = outbox_prune(store, of.vantage);
	if (rc == 0 && put->n_sinks)
		rc = add_notices(store, of, put);
	if (rc == 0)
		rc = drop_oldest(
			store, of.vantage, put->keep ? put->keep : OUTBOX_KEEP);
	return rc;
}

/* ---- reading ----------------------------------------------------------------- */

int outbox_read(struct store *store, const char *vantage, const char *sink,
	unsigned limit, bool (*each)(void *data, const struct outbox_notice *notice),
	void *data)
{
	struct sql_rows rows = SQL_ROWS(store,
		"SELECT id, uid, scan, put_us, body FROM notice WHERE vantage = " VANTAGE
		" AND id > (SELECT cursor FROM sink" OF_SINK ") ORDER BY id LIMIT ?3",
		txt(vantage), txt(sink), num(limit));

	while (sql_next(&rows)) {
		struct outbox_notice notice = {
			.number = sql_int(rows.row, 0),
			.uid = sql_text(rows.row, 1),
			.scan = sql_int(rows.row, 2),
			.put_us = sql_int(rows.row, 3),
			.body = sql_text(rows.row, 4),
		};
		if (!each(data, &notice))
			break;
	}
	return sql_close(&rows);
}

int outbox_list(struct store *store, const char *vantage,
	bool (*each)(void *data, const struct outbox_sink *sink), void *data)
{
	struct sql_rows rows = SQL_ROWS(store,
		"SELECT name, told, refused, dropped, untold, attempts, error,"
		" refusals, (SELECT count(*) FROM notice AS n WHERE n.vantage = sink.vantage"
		"   AND n.id > cursor),"
		" (SELECT put_us FROM notice AS n WHERE n.vantage = sink.vantage"
		"   AND n.id > cursor ORDER BY n.id LIMIT 1)"
		" FROM sink WHERE vantage = " VANTAGE " ORDER BY name",
		txt(vantage));

	while (sql_next(&rows)) {
		struct outbox_sink sink = {
			.name = sql_text(rows.row, 0),
			.told = (uint64_t)sql_int(rows.row, 1),
			.refused = (uint64_t)sql_int(rows.row, 2),
			.dropped = (uint64_t)sql_int(rows.row, 3),
			.untold = (uint64_t)sql_int(rows.row, 4),
			.attempts = (uint32_t)sql_int(rows.row, 5),
			.error = sql_text(rows.row, 6),
			.refusals = (uint32_t)sql_int(rows.row, 7),
			.waiting = (uint64_t)sql_int(rows.row, 8),
			.oldest_us = sql_int(rows.row, 9),
		};
		if (!each(data, &sink))
			break;
	}
	return sql_close(&rows);
}

struct wanted {
	const char *name;
	struct outbox_sink *out;
	bool found;
};

static bool keep_wanted(void *data, const struct outbox_sink *sink)
{
	struct wanted *wanted = data;

	if (strcmp(sink->name, wanted->name) != 0)
		return true;
	*wanted->out = *sink;
	wanted->out->name = NULL;
	wanted->out->error = NULL;
	wanted->found = true;
	return false;
}

int outbox_get(struct store *store, const char *vantage, const char *sink,
	struct outbox_sink *out)
{
	struct wanted wanted = {.name = sink, .out = out};
	int rc = outbox_list(store, vantage, keep_wanted, &wanted);

	if (rc == 0 && !wanted.found)
		return store_refuse(
			store, -ENOENT, "no scan has used the sink %s yet", sink);
	return rc;
}

/* ---- getting on -------------------------------------------------------------- */

int outbox_advance(struct store *store, const char *vantage, const char *sink,
	const struct outbox_step *step)
{
	int64_t of_vantage;
	int rc = store_need_writer(store);

	if (rc == 0)
		rc = sql_begin_write(store, true);
	if (rc < 0)
		return rc;
	rc = SQL_ASK(store, &of_vantage,
		"UPDATE sink SET cursor = max(cursor, ?3), told = told + ?4,"
		" refused = refused + ?5, untold = max(0, untold - ?6), attempts = 0,"
		" refusals = 0, error = iif(?4, '', error)" OF_SINK
		" RETURNING vantage",
		txt(vantage), txt(sink), num(step->upto), num(step->told),
		num(step->refused), num((int64_t)step->untold));
	if (rc == 0 && of_vantage)
		rc = outbox_prune(store, of_vantage);
	return sql_end_write(store, rc);
}

int outbox_fail(struct store *store, const char *vantage, const char *sink,
	const char *error, bool refused)
{
	int rc = store_need_writer(store);

	return rc < 0 ? rc
		      : SQL_DO(store,
				"UPDATE sink SET attempts = attempts + 1, error = ?3,"
				" refusals = refusals + ?4" OF_SINK,
				txt(vantage), txt(sink), txt(error), num(refused));
}
