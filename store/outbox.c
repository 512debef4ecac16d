/* SPDX-License-Identifier: Apache-2.0 */
/* The receivers' half of the outbox: reading it, and getting on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "store/outbox_internal.h"
#include "store/sql.h"

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

/* ---- reading ----------------------------------------------------------------- */

/* A statement with the vantage as its first parameter and the sink as its second. */
static int prepare(struct store *store, const char *text, const char *vantage,
	const char *sink, struct sqlite3_stmt **out)
{
	int rc = sql_prepare(store, text, out);

	if (rc < 0)
		return rc;
	sql_bind_text(*out, 1, vantage);
	if (sink)
		sql_bind_text(*out, 2, sink);
	return 0;
}

int outbox_read(struct store *store, const char *vantage, const char *sink,
	unsigned limit, bool (*each)(void *data, const struct outbox_notice *notice),
	void *data)
{
	struct sqlite3_stmt *rows;
	int rc = prepare(store,
		"SELECT id, uid, scan, put_us, body FROM notice WHERE vantage = " VANTAGE
		" AND id > (SELECT cursor FROM sink" OF_SINK ") ORDER BY id LIMIT ?3",
		vantage, sink, &rows);

	if (rc < 0)
		return rc;
	sqlite3_bind_int64(rows, 3, limit);
	while ((rc = sql_step(store, rows)) > 0) {
		struct outbox_notice notice = {
			.number = sql_int(rows, 0),
			.uid = sql_text(rows, 1),
			.scan = sql_int(rows, 2),
			.put_us = sql_int(rows, 3),
			.body = sql_text(rows, 4),
		};
		rc = 0;
		if (!each(data, &notice))
			break;
	}
	sql_free(rows);
	return rc;
}

int outbox_list(struct store *store, const char *vantage,
	bool (*each)(void *data, const struct outbox_sink *sink), void *data)
{
	struct sqlite3_stmt *rows;
	int rc = prepare(store,
		"SELECT name, told, refused, dropped, untold, attempts, error,"
		" refusals, (SELECT count(*) FROM notice AS n WHERE n.vantage = sink.vantage"
		"   AND n.id > cursor),"
		" (SELECT put_us FROM notice AS n WHERE n.vantage = sink.vantage"
		"   AND n.id > cursor ORDER BY n.id LIMIT 1)"
		" FROM sink WHERE vantage = " VANTAGE " ORDER BY name",
		vantage, NULL, &rows);

	if (rc < 0)
		return rc;
	while ((rc = sql_step(store, rows)) > 0) {
		struct outbox_sink sink = {
			.name = sql_text(rows, 0),
			.told = (uint64_t)sql_int(rows, 1),
			.refused = (uint64_t)sql_int(rows, 2),
			.dropped = (uint64_t)sql_int(rows, 3),
			.untold = (uint64_t)sql_int(rows, 4),
			.attempts = (uint32_t)sql_int(rows, 5),
			.error = sql_text(rows, 6),
			.refusals = (uint32_t)sql_int(rows, 7),
			.waiting = (uint64_t)sql_int(rows, 8),
			.oldest_us = sql_int(rows, 9),
		};
		rc = 0;
		if (!each(data, &sink))
			break;
	}
	sql_free(rows);
	return rc;
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
		return store_refuse(store, -ENOENT, "no scan knew a sink %s yet", sink);
	return rc;
}

/* ---- getting on -------------------------------------------------------------- */

static int advance(struct store *store, const char *vantage, const char *sink,
	const struct outbox_step *step)
{
	struct sqlite3_stmt *set = NULL;
	int64_t of_vantage = 0;
	int rc = prepare(store,
		"UPDATE sink SET cursor = max(cursor, ?3), told = told + ?4,"
		" refused = refused + ?5, untold = max(0, untold - ?6), attempts = 0,"
		" refusals = 0, error = iif(?4, '', error)" OF_SINK
		" RETURNING vantage",
		vantage, sink, &set);

	if (rc < 0)
		return rc;
	sqlite3_bind_int64(set, 3, step->upto);
	sqlite3_bind_int64(set, 4, step->told);
	sqlite3_bind_int64(set, 5, step->refused);
	sqlite3_bind_int64(set, 6, (int64_t)step->untold);
	rc = sql_step(store, set);
	if (rc > 0)
		of_vantage = sql_int(set, 0);
	sql_free(set);
	return rc <= 0 ? rc : outbox_prune(store, of_vantage);
}

int outbox_advance(struct store *store, const char *vantage, const char *sink,
	const struct outbox_step *step)
{
	int rc = store_need_writer(store);

	if (rc == 0)
		rc = sql_exec(store, "BEGIN IMMEDIATE");
	return rc < 0 ? rc : sql_end_write(store, advance(store, vantage, sink, step));
}

int outbox_fail(struct store *store, const char *vantage, const char *sink,
	const char *error, bool refused)
{
	struct sqlite3_stmt *set = NULL;
	int rc = store_need_writer(store);

	if (rc == 0)
		rc = prepare(store,
			"UPDATE sink SET attempts = attempts + 1, error = ?3,"
			" refusals = refusals + ?4" OF_SINK,
			vantage, sink, &set);
	if (rc < 0)
		return rc;
	sql_bind_text(set, 3, error);
	sqlite3_bind_int64(set, 4, refused);
	rc = sql_run(store, set);
	sql_free(set);
	return rc;
}
