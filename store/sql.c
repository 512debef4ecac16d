/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sql.h"

#include <errno.h>

#include <sqlite3.h>

int sql_prepare(struct store *store, const char *text, struct sqlite3_stmt **out)
{
	int rc = sqlite3_prepare_v2(store->db, text, -1, out, NULL);

	return rc == SQLITE_OK ? 0 : store_fail(store, rc);
}

void sql_free(struct sqlite3_stmt *statement)
{
	sqlite3_finalize(statement);
}

void sql_bind(struct sqlite3_stmt *statement, const int64_t *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		sqlite3_bind_int64(statement, (int)i + 1, values[i]);
}

void sql_bind_text(struct sqlite3_stmt *statement, int at, const char *text)
{
	sqlite3_bind_text(statement, at, text ? text : "", -1, SQLITE_STATIC);
}

void sql_bind_id(struct sqlite3_stmt *statement, int at, int64_t id)
{
	if (id)
		sqlite3_bind_int64(statement, at, id);
	else
		sqlite3_bind_null(statement, at);
}

void sql_bind_blob(
	struct sqlite3_stmt *statement, int at, const void *bytes, size_t size)
{
	sqlite3_bind_blob64(statement, at, bytes, size, SQLITE_STATIC);
}

int sql_step(struct store *store, struct sqlite3_stmt *statement)
{
	int rc;

	errno = 0;
	rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		rc = store_fail(store, rc);
	else
		rc = 0;
	sqlite3_reset(statement);
	return rc;
}

int sql_run(struct store *store, struct sqlite3_stmt *statement)
{
	int rc = sql_step(store, statement);

	if (rc > 0)
		sqlite3_reset(statement);
	return rc < 0 ? rc : 0;
}

void sql_reset(struct sqlite3_stmt *statement)
{
	sqlite3_reset(statement);
}

const char *sql_text(struct sqlite3_stmt *statement, int column)
{
	const unsigned char *text = sqlite3_column_text(statement, column);

	return text ? (const char *)text : "";
}

int64_t sql_int(struct sqlite3_stmt *statement, int column)
{
	return sqlite3_column_int64(statement, column);
}

const void *sql_blob(struct sqlite3_stmt *statement, int column, size_t *size)
{
	const void *bytes = sqlite3_column_blob(statement, column);

	*size = bytes ? (size_t)sqlite3_column_bytes(statement, column) : 0;
	return bytes;
}

int sql_exec(struct store *store, const char *text)
{
	int rc;

	errno = 0;
	rc = sqlite3_exec(store->db, text, NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : store_fail(store, rc);
}

struct sql_rows sql_rows(struct store *store, const char *text,
	const struct sql_value *values, size_t count)
{
	struct sql_rows rows = {.store = store};

	rows.rc = sql_prepare(store, text, &rows.row);
	for (size_t i = 0; i < count && rows.rc == 0; i++) {
		if (values[i].text)
			sql_bind_text(rows.row, (int)i + 1, values[i].text);
		else
			sqlite3_bind_int64(rows.row, (int)i + 1, values[i].number);
	}
	return rows;
}

bool sql_next(struct sql_rows *rows)
{
	int rc = rows->rc < 0 ? 0 : sql_step(rows->store, rows->row);

	if (rc < 0)
		rows->rc = rc;
	return rc > 0;
}

int sql_close(struct sql_rows *rows)
{
	sql_free(rows->row);
	return rows->rc;
}

int sql_do(struct store *store, const char *text, const struct sql_value *values,
	size_t count)
{
	struct sql_rows rows = sql_rows(store, text, values, count);

	sql_next(&rows);
	return sql_close(&rows);
}

int sql_ask(struct store *store, int64_t *value, const char *text,
	const struct sql_value *values, size_t count)
{
	struct sql_rows rows = sql_rows(store, text, values, count);

	*value = sql_next(&rows) ? sql_int(rows.row, 0) : 0;
	return sql_close(&rows);
}

int sql_number(struct store *store, const char *text, int64_t *value)
{
	return sql_ask(store, value, text, NULL, 0);
}

int sql_begin_read(struct store *store, bool *began)
{
	*began = sqlite3_get_autocommit(store->db) != 0;
	return *began ? sql_exec(store, "BEGIN") : 0;
}

void sql_end_read(struct store *store, bool began)
{
	/* Nothing was written: ending a read can't fail in a way that matters. */
	if (began && !sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);
}

int sql_begin_write(struct store *store, bool check)
{
	int rc = check ? 0 : sql_exec(store, "PRAGMA foreign_keys = OFF");

	if (rc == 0)
		rc = sql_exec(store, "BEGIN IMMEDIATE");
	if (rc < 0)
		sqlite3_exec(store->db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL);
	return rc;
}

int sql_end_write(struct store *store, int rc)
{
	if (rc == 0)
		rc = sql_exec(store, "COMMIT");
	/* Some failures have rolled back already. The first failure is the one to
	 * report, so this one's is dropped. */
	if (rc < 0 && !sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_exec(store->db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL);
	return rc;
}

int64_t sql_changed(struct store *store)
{
	return sqlite3_changes64(store->db);
}

int64_t sql_inserted(struct store *store)
{
	return sqlite3_last_insert_rowid(store->db);
}
