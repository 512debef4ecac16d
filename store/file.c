/* SPDX-License-Identifier: Apache-2.0 */
/* The SQLite file itself: made whole, recognised before it is touched, connected. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/size.h"
#include "store/sql.h"

enum {
	BUSY_MS = 5000,
	HEADER_SIZE = 100 /* SQLite file format, section 1.3 */
};

/* ---- connection -------------------------------------------------------------- */

/* A file may come from anywhere (`reachd diff A B`): its schema gets no say. */
static void distrust_schema(struct sqlite3 *db)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
}

int store_connect(struct store *store, const char *path, bool is_uri)
{
	int flags = SQLITE_OPEN_NOMUTEX | (is_uri ? SQLITE_OPEN_URI : 0);
	int rc;

	flags |= store->mode == STORE_READ ? SQLITE_OPEN_READONLY
					   : SQLITE_OPEN_READWRITE;
	rc = sqlite3_open_v2(path, &store->db, flags, NULL);
	if (rc != SQLITE_OK) {
		rc = store_fail(store, rc);
		store_disconnect(store);
		return rc;
	}
	sqlite3_busy_timeout(store->db, BUSY_MS);
	distrust_schema(store->db);
	return 0;
}

void store_disconnect(struct store *store)
{
	sqlite3_close(store->db);
	store->db = NULL;
}

/* ---- recognition ------------------------------------------------------------- */

static uint32_t u32be(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	       (uint32_t)bytes[2] << 8 | bytes[3];
}

/*
 * Through SQLite's own descriptor: closing one of our own would drop the locks that
 * other connections of this process hold on the file (fcntl(2), "Record locks").
 */
static int read_header(struct store *store, unsigned char *header)
{
	sqlite3_file *file = NULL;
	int rc = sqlite3_file_control(
		store->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);

	if (rc == SQLITE_OK && (!file || !file->pMethods))
		rc = SQLITE_CANTOPEN;
	if (rc == SQLITE_OK)
		rc = file->pMethods->xRead(file, header, HEADER_SIZE, 0);
	return rc;
}

int store_identify(struct store *store)
{
	unsigned char header[HEADER_SIZE];
	int rc = read_header(store, header);

	if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ)
		return store_fail(store, rc);
	if (rc == SQLITE_IOERR_SHORT_READ || memcmp(header, "SQLite format 3", 16) != 0)
		return store_refuse(store, -EINVAL,
			"this is not a reachd database: name another file as the store");
	if (u32be(header + 68) != STORE_APPLICATION_ID)
		return store_refuse(store, -EINVAL,
			"this SQLite database belongs to another program: name another "
			"file as the store");
	return 0;
}

/* ---- creation ---------------------------------------------------------------- */

int store_sync_folder(const char *path)
{
	char *copy = strdup(path);
	int fd, rc = 0;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

static void remove_leftovers(const char *fresh)
{
	static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
	char *path;

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		if (asprintf(&path, "%s%s", fresh, suffixes[i]) < 0)
			return;
		unlink(path);
		free(path);
	}
}

/* Not world-readable: who may talk to whom is nobody else's business. */
static int make_file(struct store *store, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

	if (fd < 0)
		return store_refuse(
			store, -errno, "can't create it: %s", strerror(errno));
	close(fd);
	return 0;
}

static int fill_file(struct store *store, const char *path)
{
	int rc = store_connect(store, path, false);

	if (rc == 0)
		rc = sql_exec(store, "PRAGMA page_size = 4096");
	if (rc == 0)
		rc = store_migrate(store);
	if (rc == 0)
		rc = sql_exec(store, "PRAGMA journal_mode = WAL");
	store_disconnect(store);
	return rc;
}

static int put_in_place(struct store *store, const char *fresh)
{
	int rc = rename(fresh, store->path) < 0 ? -errno
						: store_sync_folder(store->path);

	if (rc < 0)
		return store_refuse(store, rc, "can't create it: %s", strerror(-rc));
	return 0;
}

/* What was not yet moved into a database that is gone would go into a new one of its
 * name, page by page: SQLite can't tell the two apart. */
static int refuse_orphan(struct store *store)
{
	struct stat info;
	char *wal;
	int rc = 0;

	if (asprintf(&wal, "%s-wal", store->path) < 0)
		return store_no_memory(store);
	if (stat(wal, &info) == 0 && info.st_size > 0)
		rc = store_refuse(store, -EEXIST,
			"it is gone, and %s has a part of it: put the database back, or "
			"move that file away to start over",
			wal);
	free(wal);
	return rc;
}

int store_create(struct store *store)
{
	char *fresh;
	int rc = refuse_orphan(store);

	if (rc < 0)
		return rc;
	if (asprintf(&fresh, "%s-new", store->path) < 0)
		return store_no_memory(store);
	remove_leftovers(fresh);
	rc = make_file(store, fresh);
	if (rc == 0)
		rc = fill_file(store, fresh);
	if (rc == 0)
		rc = put_in_place(store, fresh);
	if (rc < 0)
		remove_leftovers(fresh);
	free(fresh);
	return rc;
}
