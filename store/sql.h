/* SPDX-License-Identifier: Apache-2.0 */
/* Statements with less noise: failures go to the store's last error. */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include <stddef.h>
#include <stdint.h>

#include "store/internal.h"

struct sqlite3_stmt;

/* ---- queries that are asked once --------------------------------------------- */

/* A parameter. */
struct sql_value {
	int64_t number;
	const char *text; /* NULL: it is the number */
};

static inline struct sql_value num(int64_t number)
{
	return (struct sql_value){.number = number};
}

/* NULL counts as "". The text stays the caller's until the query is closed. */
static inline struct sql_value txt(const char *text)
{
	return (struct sql_value){.text = text ? text : ""};
}

/* The parameters of a macro below as two arguments. The first entry is a filler: C has
 * no empty arrays. */
#define SQL_VALUES(...)                                                  \
	(const struct sql_value[]){{0}, ##__VA_ARGS__} + 1,              \
		sizeof((const struct sql_value[]){{0}, ##__VA_ARGS__}) / \
				sizeof(struct sql_value) -               \
			1

/* Rows one by one; the first failure ends them and is kept until the end:
 *
 *	struct sql_rows rows = SQL_ROWS(store, "SELECT ... WHERE id = ?", num(id));
 *	while (sql_next(&rows))
 *		... sql_int(rows.row, 0) ...
 *	return sql_close(&rows);
 */
struct sql_rows {
	struct store *store;
	struct sqlite3_stmt *row;
	int rc;
};
struct sql_rows sql_rows(struct store *store, const char *text,
	const struct sql_value *values, size_t count);
#define SQL_ROWS(store, text, ...) sql_rows(store, text, SQL_VALUES(__VA_ARGS__))
bool sql_next(struct sql_rows *rows);

/* At any row. 0, or the first failure: a negative errno. */
int sql_close(struct sql_rows *rows);

/* Runs what yields no row. 0 or a negative errno. */
int sql_do(struct store *store, const char *text, const struct sql_value *values,
	size_t count);
#define SQL_DO(store, text, ...) sql_do(store, text, SQL_VALUES(__VA_ARGS__))

/* The one number that a query yields; 0 when it has no row or NULL. 0 or a negative
 * errno. */
int sql_ask(struct store *store, int64_t *value, const char *text,
	const struct sql_value *values, size_t count);
#define SQL_ASK(store, value, text, ...) \
	sql_ask(store, value, text, SQL_VALUES(__VA_ARGS__))

/* Columns from 0. Text is never NULL and lives until the next row. */
const char *sql_text(struct sqlite3_stmt *row, int column);
int64_t sql_int(struct sqlite3_stmt *row, int column);
const void *sql_blob(struct sqlite3_stmt *row, int column, size_t *size);

/* ---- statements that are used again ------------------------------------------ */

/* 0 with *out (sql_free() it), or a negative errno. */
int sql_prepare(struct store *store, const char *text, struct sqlite3_stmt **out);

/* NULL is harmless. */
void sql_free(struct sqlite3_stmt *statement);

/*
 * Binds parameters 1 to `count`. Neither this nor the next can fail in a way that
 * matters: a text over SQLite's limit stays NULL and no column takes NULL for a text.
 */
void sql_bind(struct sqlite3_stmt *statement, const int64_t *values, size_t count);
#define SQL_BIND(statement, ...)                            \
	sql_bind(statement, (const int64_t[]){__VA_ARGS__}, \
		sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

/* The text is read when the statement runs and stays the caller's. NULL counts as "".
 */
void sql_bind_text(struct sqlite3_stmt *statement, int at, const char *text);

/* An id; 0: NULL. */
void sql_bind_id(struct sqlite3_stmt *statement, int at, int64_t id);

void sql_bind_blob(
	struct sqlite3_stmt *statement, int at, const void *bytes, size_t size);

/* 1: a row; 0: no more, and the statement is reset; negative errno, likewise reset. */
int sql_step(struct store *store, struct sqlite3_stmt *statement);

/* Runs a statement that yields nothing. 0 or a negative errno. */
int sql_run(struct store *store, struct sqlite3_stmt *statement);

/* Ends a statement before its last row. */
void sql_reset(struct sqlite3_stmt *statement);

/* Any statements, one after the other. 0 or a negative errno. */
int sql_exec(struct store *store, const char *text);

/* The one number that a query yields, 0 when it has no row. 0 or a negative errno. */
int sql_number(struct store *store, const char *text, int64_t *value);

/*
 * One snapshot for several statements: *began is set when this call began it, so that a
 * callback may ask the same handle. sql_end_read() ends it.
 */
int sql_begin_read(struct store *store, bool *began);
void sql_end_read(struct store *store, bool began);

/*
 * Begins a transaction that writes. Without `check` SQLite does not check references,
 * where it would cost more than the work itself: it asks for the parents of every row
 * that is added, and reads whole tables for every parent that goes. Whoever does
 * without may write no other ids than those that this transaction has read. 0 or a
 * negative errno.
 */
int sql_begin_write(struct store *store, bool check);

/* Commits when rc is 0, else rolls back; returns rc or the failure of the commit. */
int sql_end_write(struct store *store, int rc);

/* Rows that the last statement changed. */
int64_t sql_changed(struct store *store);

/* The row id of the last insert. */
int64_t sql_inserted(struct store *store);

#endif
