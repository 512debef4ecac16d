/* SPDX-License-Identifier: Apache-2.0 */
/* For those who look after the file: is it sound, how small can it be, a copy of it. */
#ifndef STORE_UPKEEP_H
#define STORE_UPKEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/*
 * Looks for what must not be: first in SQLite's pages, then in references from row to
 * row, then in what the rows say (intervals that overlap, counts that differ ...). Each
 * problem is a line of text; `each` returns false to stop. One snapshot, so that a
 * writer may go on beside it. 0, with or without problems, or a negative errno when it
 * could not be looked at. Takes as long as reading the file.
 */
int store_check(
	struct store *store, bool (*each)(void *data, const char *problem), void *data);

/* Bytes of the file. */
struct store_sizes {
	int64_t before, after;
};

/*
 * Drops texts that nothing refers to and writes the file anew without the room that
 * deleted rows left. The store is open for writing, so no scan is under way. Needs as
 * much room as the file has, beside it and in SQLite's folder for temporary files. 0 or
 * a negative errno: the store is as it was.
 */
int store_compact(struct store *store, struct store_sizes *sizes);

/* How far a backup is, in pages; false to give up. */
typedef bool (*store_backup_progress)(void *data, int64_t done, int64_t all);

/*
 * Copies the store as it is now to a file of its own, which must not exist (-EEXIST).
 * A writer may go on beside it. The file is there as a whole, on the disk, or not at
 * all: it grows as PATH-new. `progress` may be NULL. 0; -ECANCELED when `progress` gave
 * up; -EBUSY when another backup is being written there; or another negative errno.
 */
int store_backup(struct store *store, const char *path, store_backup_progress progress,
	void *data);

#endif
