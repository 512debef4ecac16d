/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "store/sql.h"

/* ---- what stands at the path ------------------------------------------------- */

static int look(struct store *store, bool *there)
{
	struct stat info;

	*there = false;
	if (stat(store->path, &info) < 0) {
		if (errno == ENOENT)
			return 0;
		return store_refuse(store, -errno, "%s", strerror(errno));
	}
	if (!S_ISREG(info.st_mode))
		return store_refuse(
			store, -EINVAL, "this is not a file: name a file as the store");
	/* An empty file (mktemp makes such) is as good as none. */
	*there = info.st_size > 0;
	return 0;
}

static bool side_file_is_empty(const struct store *store, const char *suffix)
{
	struct stat info;
	char *path;
	int rc;

	if (asprintf(&path, "%s%s", store->path, suffix) < 0)
		return false;
	rc = stat(path, &info);
	free(path);
	return rc < 0 ? errno == ENOENT : info.st_size == 0;
}

/* A damaged first page, or tables that are not ours, show here and not in mid-scan. */
static int check_tables(struct store *store)
{
	int64_t none;
	int rc = sql_number(store,
		"SELECT 1 FROM word, vantage, host, scan, flow, interval, gap, rtt_hour,"
		" baseline, notice, sink, silence, incident LIMIT 0",
		&none);

	return rc == -EIO ? store_damaged(store, "its tables are not those of reachd")
			  : rc;
}

/* ---- reading ----------------------------------------------------------------- */

/* "file:/path?immutable=1" with what a URI reserves written as %XX. */
static char *immutable_uri(const char *path)
{
	size_t length = strlen(path);
	char *uri = malloc(length * 3 + sizeof "file:?immutable=1");
	char *at = uri;

	if (!uri)
		return NULL;
	at = stpcpy(at, "file:");
	for (; *path; path++) {
		if (strchr("%?#", *path))
			at += sprintf(at, "%%%02X", (unsigned char)*path);
		else
			*at++ = *path;
	}
	stpcpy(at, "?immutable=1");
	return uri;
}

static int connect_ours(struct store *store, const char *path, bool is_uri)
{
	int rc = store_connect(store, path, is_uri);

	return rc < 0 ? rc : store_identify(store);
}

/*
 * A WAL database needs side files even to be read. Where they are missing and can't be
 * made (a copy in a read-only folder), nobody can be writing either, for a writer has
 * them: then the file is read as it stands.
 */
static int read_immutable(struct store *store)
{
	char *uri = immutable_uri(store->path);
	int rc;

	if (!uri)
		return store_no_memory(store);
	store_disconnect(store);
	rc = connect_ours(store, uri, true);
	free(uri);
	return rc < 0 ? rc : store_migrate(store);
}

static int refuse_missing(struct store *store)
{
	return store_refuse(store, -ENOENT,
		"there is no store: 'reachd scan' creates one, or name another with "
		"`store:`");
}

static int open_for_reading(struct store *store)
{
	bool there;
	int rc = look(store, &there);

	if (rc < 0)
		return rc;
	if (!there)
		return refuse_missing(store);
	rc = connect_ours(store, store->path, false);
	if (rc < 0)
		return rc;
	rc = store_migrate(store);
	if ((rc == -EACCES || rc == -EROFS) && side_file_is_empty(store, "-shm") &&
		side_file_is_empty(store, "-wal"))
		rc = read_immutable(store);
	return rc < 0 ? rc : check_tables(store);
}

/* ---- writing ----------------------------------------------------------------- */

/* What a writer that died left running. */
static int mark_interrupted(struct store *store)
{
	int64_t running;
	int rc = sql_number(
		store, "SELECT count(*) FROM scan WHERE status = 'running'", &running);

	if (rc < 0 || running == 0)
		return rc;
	return sql_exec(store,
		"UPDATE scan SET status = 'interrupted' WHERE status = 'running'");
}

/*
 * synchronous = FULL: a scan that is stored stays stored through a power cut. The -wal
 * and -shm files stay when the last writer leaves, so that those who may read the file
 * but not write to its folder can open it.
 */
static int prepare_to_write(struct store *store)
{
	int keep = 1;
	int rc;

	if (sqlite3_db_readonly(store->db, "main") == 1)
		return store_fail(store, SQLITE_READONLY);
	rc = store_migrate(store);
	if (rc == 0)
		rc = check_tables(store);
	if (rc < 0)
		return rc;
	sqlite3_file_control(store->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
	return sql_exec(store, "PRAGMA journal_mode = WAL;"
			       "PRAGMA synchronous = FULL;"
			       "PRAGMA foreign_keys = ON;"
			       "PRAGMA journal_size_limit = 4194304;"
			       "PRAGMA temp_store = MEMORY;"
			       "PRAGMA cache_size = -65536");
}

/* No lock is taken: SQLite's own makes a note wait for a writer's transaction, and the
 * writer for the note. */
static int open_for_notes(struct store *store)
{
	bool there;
	int rc = look(store, &there);

	if (rc == 0 && !there)
		rc = refuse_missing(store);
	if (rc == 0)
		rc = connect_ours(store, store->path, false);
	return rc < 0 ? rc : prepare_to_write(store);
}

static int open_for_writing(struct store *store)
{
	bool there;
	int rc = look(store, &there);

	/* Before the lock: beside a file that is not ours nothing is left. */
	if (rc == 0 && there)
		rc = connect_ours(store, store->path, false);
	if (rc == 0)
		rc = store_lock_take(store);
	if (rc == 0 && !there)
		rc = look(store, &there);
	if (rc == 0 && !there)
		rc = store_create(store);
	if (rc == 0 && !store->db)
		rc = connect_ours(store, store->path, false);
	if (rc == 0)
		rc = prepare_to_write(store);
	return rc < 0 ? rc : mark_interrupted(store);
}

/* ---- all -------------------------------------------------------------------- */

static int open_for(struct store *store, enum store_mode mode)
{
	switch (mode) {
	case STORE_WRITE:
		return open_for_writing(store);
	case STORE_NOTE:
		return open_for_notes(store);
	default:
		return open_for_reading(store);
	}
}

int store_open(const char *path, enum store_mode mode, struct store **out,
	struct store_error *error)
{
	struct store *store = calloc(1, sizeof *store);
	int rc = -ENOMEM;

	snprintf(error->text, sizeof error->text, "%s: out of memory", path);
	if (!store)
		return rc;
	store->mode = mode;
	store->lock_fd = -1;
	store->path = strdup(path);
	if (store->path)
		rc = open_for(store, mode);
	if (rc == 0) {
		*out = store;
		error->text[0] = '\0';
		return 0;
	}
	if (store->error[0])
		memcpy(error->text, store->error, sizeof error->text);
	store_close(store);
	return rc;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	store_disconnect(store);
	store_lock_release(store);
	free(store->scan_vantage);
	arena_fini(&store->incident);
	free(store->path);
	free(store);
}
