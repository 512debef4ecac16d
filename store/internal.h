/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of store/ share: the handle, its failures, its life. */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "base/arena.h"
#include "store/store.h"

struct sqlite3;

#define STORE_APPLICATION_ID 0x72656163 /* "reac" */

struct store {
	struct sqlite3 *db;
	char *path;
	enum store_mode mode;
	int lock_fd;           /* of the writer's lock; -1: none */
	char *scan_vantage;    /* text of the last struct store_scan handed out */
	struct arena incident; /* that of the last struct store_incident */
	char error[512];
};

/* store/schema.sql, and the tables that later versions added. */
extern const char store_schema_sql[];
extern const char store_outbox_sql[];
extern const char store_retention_sql[];
extern const char store_incidents_sql[];

/* Remembers "PATH: text" as the last failure; returns `code`, a negative errno. */
int store_refuse(struct store *store, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Likewise for the last SQLite failure, told for people; returns a negative errno. */
int store_fail(struct store *store, int sqlite_code);

/* The two failures that need no SQLite: -ENOMEM, and -EBADMSG with what is wrong with
 * the file's content. */
int store_no_memory(struct store *store);
int store_damaged(struct store *store, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds "; text" to the last failure. */
void store_note(struct store *store, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * The writer's lock: an advisory lock on PATH-lock, for SQLite's own locks on the file
 * itself would be lost when any descriptor of it is closed. The file stays; it holds
 * the number of the last process that took it. 0, or -EBUSY with that process named, or
 * another negative errno.
 */
int store_lock_take(struct store *store);
void store_lock_release(struct store *store);

/* Writes "process 4711 (sqlite3)" for the one that keeps the database locked, or
 * "another program" where that can't be known. size >= 64. */
void store_name_holder(const struct store *store, char *buf, size_t size);

/*
 * Makes an empty store at store->path, whole or not at all: it is built beside it and
 * renamed, so that whatever stands at the path without our mark is not ours. Only under
 * the lock.
 */
int store_create(struct store *store);

/* Makes what was made, renamed or removed beside `path` last. 0 or a negative errno. */
int store_sync_folder(const char *path);

/* Opens the SQLite file that exists at `path` (a URI where told) into store->db, with
 * what every connection needs set; touches nothing. */
int store_connect(struct store *store, const char *path, bool is_uri);

/* Closes what store_connect() opened. */
void store_disconnect(struct store *store);

/* 0 when the file carries our mark; reads its first page alone and takes no lock. */
int store_identify(struct store *store);

/* Brings the schema to the newest version; refuses a newer file, and an older one when
 * the store is open for reading. */
int store_migrate(struct store *store);

/* The same with other steps: step i makes version i + 1 out of version i. */
int store_migrate_with(struct store *store, const char *const *steps, int count);

/* -EROFS, and the failure is remembered, unless the store is open for writing; -ESTALE
 * likewise when the file that is open no longer stands at its path: what was written to
 * it would be lost. */
int store_need_writer(struct store *store);

/* Likewise, unless it is open for writing or for notes. */
int store_need_notes(struct store *store);

#endif
