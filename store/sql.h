/* SPDX-License-Identifier: Apache-2.0 */
/* Statements with less noise: failures go to the store's last error. */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include <stddef.h>
#include <stdint.h>

#include "store/internal.h"

struct sqlite3_stmt;

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

void sql_bind_blob(
	struct sqlite3_stmt *statement, int at, const void *bytes, size_t size);

/* 1: a row; 0: no more, and the statement is reset; negative errno, likewise reset. */
int sql_step(struct store *store, struct sqlite3_stmt *statement);

/* Runs a statement that yields nothing. 0 or a negative errno. */
int sql_run(struct store *store, struct sqlite3_stmt *statement);

/* Ends a statement before its last row. */
void sql_reset(struct sqlite3_stmt *statement);

/* Columns from 0. Text is never NULL and lives until the next step. */
const char *sql_text(struct sqlite3_stmt *statement, int column);
int64_t sql_int(struct sqlite3_stmt *statement, int column);
const void *sql_blob(struct sqlite3_stmt *statement, int column, size_t *size);

/* Any statements, one after the other. 0 or a negative errno. */
int sql_exec(struct store *store, const char *text);

/* One statement with numbers for its parameters, which yields nothing. 0 or a negative
 * errno. */
int sql_do(struct store *store, const char *text, const int64_t *values, size_t count);
#define SQL_DO(store, text, ...)                            \
	sql_do(store, text, (const int64_t[]){__VA_ARGS__}, \
		sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

/* The one number that a query with such parameters yields, 0 when it has no row. 0 or a
 * negative errno. */
int sql_ask(struct store *store, int64_t *value, const char *text,
	const int64_t *values, size_t count);
#define SQL_ASK(store, value, text, ...)                            \
	sql_ask(store, value, text, (const int64_t[]){__VA_ARGS__}, \
		sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

/* The one number that a query yields, 0 when it has no row. 0 or a negative errno. */
int sql_number(struct store *store, const char *text, int64_t *value);

/*
 * One snapshot for several statements: *began is set when this call began it, so that a
 * callback may ask the same handle. sql_end_read() ends it.
 */
int sql_begin_read(struct store *store, bool *began);
void sql_end_read(struct store *store, bool began);

/* Commits when rc is 0, else rolls back; returns rc or the failure of the commit. */
int sql_end_write(struct store *store, int rc);

/* Rows that the last statement changed. */
int64_t sql_changed(struct store *store);

/* The row id of the last insert. */
int64_t sql_inserted(struct store *store);

#endif
