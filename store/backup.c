/* SPDX-License-Identifier: Apache-2.0 */
/* A copy of the store while it is in use. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store/sql.h"
#include "store/upkeep.h"

enum {
	STEP_PAGES = 32 /* 128 KB from one progress to the next */
};

/* Failures are told of the copy, so it is a store of its own. */
struct backup {
	struct store *from;
	struct store copy; /* its path is where it will be */
	char *fresh;       /* where it grows */
	int fd;            /* locked while it does */
	store_backup_progress progress;
	void *data;
};

static int refuse_system(struct backup *b, int code)
{
	return store_refuse(&b->copy, code, "can't create it: %s", strerror(-code));
}

/* ---- the place --------------------------------------------------------------- */

static int check_free(struct backup *b)
{
	if (faccessat(AT_FDCWD, b->copy.path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return store_refuse(&b->copy, -EEXIST,
			"it exists, and a backup overwrites nothing: name a new file");
	return errno == ENOENT ? 0 : refuse_system(b, -errno);
}

/* Between open() and flock() the other backup may have put the file in its place. */
static bool is_still_there(const struct backup *b)
{
	struct stat ours, there;

	return fstat(b->fd, &ours) == 0 && lstat(b->fresh, &there) == 0 &&
	       ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* What a backup that was killed left there is used again: nobody holds its lock. */
static int open_fresh(struct backup *b)
{
	bool locked;

	b->fd = open(b->fresh, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (b->fd < 0)
		return refuse_system(b, -errno);
	locked = flock(b->fd, LOCK_EX | LOCK_NB) == 0;
	if (!locked && errno != EWOULDBLOCK)
		return refuse_system(b, -errno);
	if (!locked || !is_still_there(b))
		return store_refuse(
			&b->copy, -EBUSY, "another backup is being written there");
	return ftruncate(b->fd, 0) < 0 ? refuse_system(b, -errno) : 0;
}

/* Not every file system can refuse to replace; all of those have links. */
static int rename_to_nothing(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (link(from, to) < 0)
		return -errno;
	unlink(from);
	return 0;
}

static int put_in_place(struct backup *b)
{
	int rc = fsync(b->fd) < 0 ? -errno : 0;

	if (rc == 0)
		rc = rename_to_nothing(b->fresh, b->copy.path);
	if (rc == 0)
		rc = store_sync_folder(b->copy.path);
	return rc < 0 ? refuse_system(b, rc) : 0;
}

/* ---- the pages --------------------------------------------------------------- */

static int step_all(struct backup *b, struct sqlite3_backup *pages)
{
	int rc;

	do {
		errno = 0;
		rc = sqlite3_backup_step(pages, STEP_PAGES);
		if (rc != SQLITE_OK && rc != SQLITE_DONE)
			return store_fail(&b->copy, rc);
		if (b->progress && rc == SQLITE_OK) {
			int64_t all = sqlite3_backup_pagecount(pages);
			int64_t left = sqlite3_backup_remaining(pages);
			if (!b->progress(b->data, all - left, all))
				return store_refuse(
					&b->copy, -ECANCELED, "given up half-way");
		}
	} while (rc == SQLITE_OK);
	return 0;
}

/* One snapshot for all steps: else each scan that is stored meanwhile would make it
 * begin anew. */
static int copy_pages(struct backup *b)
{
	struct sqlite3_backup *pages;
	int64_t none;
	bool began;
	int rc = sql_begin_read(b->from, &began);

	if (rc == 0)
		rc = sql_number(b->from, "SELECT id FROM scan LIMIT 1", &none);
	if (rc < 0) {
		memcpy(b->copy.error, b->from->error, sizeof b->copy.error);
	} else {
		pages = sqlite3_backup_init(b->copy.db, "main", b->from->db, "main");
		rc = pages ? step_all(b, pages)
			   : store_fail(&b->copy, sqlite3_errcode(b->copy.db));
		sqlite3_backup_finish(pages);
	}
	sql_end_read(b->from, began);
	return rc;
}

/* Until the copy is whole nobody sees it: it needs no journal on the disk. */
static int fill(struct backup *b)
{
	int rc = store_connect(&b->copy, b->fresh, false);

	if (rc == 0)
		rc = sql_exec(&b->copy,
			"PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF");
	if (rc == 0)
		rc = copy_pages(b);
	store_disconnect(&b->copy);
	return rc;
}

/* ---- all --------------------------------------------------------------------- */

static int make(struct backup *b)
{
	int rc = check_free(b);

	if (rc == 0)
		rc = open_fresh(b);
	if (rc < 0)
		return rc;
	rc = fill(b);
	if (rc == 0)
		rc = put_in_place(b);
	if (rc < 0)
		unlink(b->fresh);
	return rc;
}

int store_backup(struct store *store, const char *path, store_backup_progress progress,
	void *data)
{
	struct backup b = {
		.from = store,
		.copy = {.path = strdup(path), .mode = STORE_WRITE, .lock_fd = -1},
		.fd = -1,
		.progress = progress,
		.data = data,
	};
	int rc;

	if (!b.copy.path || asprintf(&b.fresh, "%s-new", path) < 0) {
		free(b.copy.path);
		return store_no_memory(store);
	}
	rc = make(&b);
	if (rc < 0)
		memcpy(store->error, b.copy.error, sizeof store->error);
	if (b.fd >= 0)
		close(b.fd);
	free(b.fresh);
	free(b.copy.path);
	return rc;
}
