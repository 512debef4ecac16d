/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong, as one line that names the file and what to do. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "store/internal.h"

int store_refuse(struct store *store, int code, const char *format, ...)
{
	va_list args;
	int used = snprintf(store->error, sizeof store->error, "%s: ", store->path);

	if (used < 0 || (size_t)used >= sizeof store->error)
		return code;
	va_start(args, format);
	vsnprintf(
		store->error + used, sizeof store->error - (size_t)used, format, args);
	va_end(args);
	return code;
}

int store_no_memory(struct store *store)
{
	return store_refuse(store, -ENOMEM, "out of memory");
}

int store_damaged(struct store *store, const char *format, ...)
{
	char text[128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return store_refuse(store, -EBADMSG,
		"the database is damaged (%s): replace it with a backup, or save what can "
		"be read with sqlite3's .recover",
		text);
}

void store_note(struct store *store, const char *format, ...)
{
	va_list args;
	size_t used = strlen(store->error);
	int added = snprintf(store->error + used, sizeof store->error - used, "; ");

	if (added < 0 || used + (size_t)added >= sizeof store->error)
		return;
	used += (size_t)added;
	va_start(args, format);
	vsnprintf(store->error + used, sizeof store->error - used, format, args);
	va_end(args);
}

static bool is_no_room(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

/*
 * A failed COMMIT does not set sqlite3_system_errno() (3.40), which then tells an older
 * failure. But sql.c clears errno before, and the write that failed has set it.
 */
static int system_error(const struct store *store, int last)
{
	if (is_no_room(last) || last == EIO)
		return last;
	return sqlite3_system_errno(store->db);
}

static int fail_io(struct store *store, int last)
{
	int error = system_error(store, last);

	if (is_no_room(error))
		return store_refuse(store, -ENOSPC,
			"the file can't grow (%s): free some space there and try again",
			strerror(error));
	if (error)
		return store_refuse(store, -EIO,
			"reading or writing failed (%s): check the disk",
			strerror(error));
	return store_refuse(store, -EIO, "reading or writing failed: check the disk");
}

static int fail_busy(struct store *store)
{
	char who[64];

	store_name_holder(store, who, sizeof who);
	return store_refuse(
		store, -EBUSY, "%s keeps it locked: try again when it has ended", who);
}

int store_fail(struct store *store, int sqlite_code)
{
	int last = errno;

	switch (sqlite_code & 0xff) {
	case SQLITE_FULL:
		return store_refuse(store, -ENOSPC,
			"the disk is full: free some space there and try again");
	case SQLITE_IOERR:
		return fail_io(store, last);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return store_damaged(store, "%s", sqlite3_errstr(sqlite_code));
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return fail_busy(store);
	case SQLITE_READONLY:
		return store_refuse(store, -EROFS,
			"it can't be written: check the permissions of the file and of its "
			"folder");
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return store_refuse(store, -EACCES,
			"it can't be opened: check the permissions of the file and of its "
			"folder");
	case SQLITE_NOMEM:
		return store_no_memory(store);
	default:
		return store_refuse(store, -EIO, "%s", sqlite3_errmsg(store->db));
	}
}

bool store_is_lost(const struct store *store)
{
	int moved = 0;

	sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	return moved != 0;
}

int store_need_writer(struct store *store)
{
	if (store->mode != STORE_WRITE)
		return store_refuse(store, -EROFS, "it is opened read-only");
	if (store_is_lost(store))
		return store_refuse(store, -ESTALE,
			"the file was moved, removed or replaced while it was in use: "
			"restart to use the file that is there now");
	return 0;
}

int store_need_notes(struct store *store)
{
	return store->mode == STORE_NOTE ? 0 : store_need_writer(store);
}

const char *store_last_error(const struct store *store)
{
	return store->error;
}
