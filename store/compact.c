/* SPDX-License-Identifier: Apache-2.0 */
/* The file without what nothing needs. */
#include <sqlite3.h>

#include "store/sql.h"
#include "store/upkeep.h"

/* Every column that refers to a word. */
static const char drop_words_sql[] =
	"CREATE TEMP TABLE used (id INTEGER PRIMARY KEY);"
	"INSERT OR IGNORE INTO used SELECT group_names FROM host;"
	"INSERT OR IGNORE INTO used SELECT check_name FROM flow;"
	"INSERT OR IGNORE INTO used SELECT expect FROM flow;"
	"INSERT OR IGNORE INTO used SELECT verdict FROM flow;"
	"INSERT OR IGNORE INTO used SELECT rules FROM flow;"
	"INSERT OR IGNORE INTO used SELECT state FROM flow;"
	"INSERT OR IGNORE INTO used SELECT reason FROM flow;"
	"INSERT OR IGNORE INTO used SELECT phase FROM flow;"
	"INSERT OR IGNORE INTO used SELECT identity FROM flow;"
	"INSERT OR IGNORE INTO used SELECT evidence FROM flow;"
	"INSERT OR IGNORE INTO used SELECT gap_reason FROM flow"
	" WHERE gap_reason IS NOT NULL;"
	"INSERT OR IGNORE INTO used SELECT reported_state FROM flow"
	" WHERE reported_state IS NOT NULL;"
	"INSERT OR IGNORE INTO used SELECT reported_reason FROM flow"
	" WHERE reported_reason IS NOT NULL;"
	"INSERT OR IGNORE INTO used SELECT reported_identity FROM flow"
	" WHERE reported_identity IS NOT NULL;"
	"INSERT OR IGNORE INTO used SELECT reported_verdict FROM flow"
	" WHERE reported_verdict IS NOT NULL;"
	"INSERT OR IGNORE INTO used SELECT state FROM interval;"
	"INSERT OR IGNORE INTO used SELECT reason FROM interval;"
	"INSERT OR IGNORE INTO used SELECT phase FROM interval;"
	"INSERT OR IGNORE INTO used SELECT identity FROM interval;"
	"INSERT OR IGNORE INTO used SELECT evidence FROM interval;"
	"INSERT OR IGNORE INTO used SELECT reason FROM gap;"
	"DELETE FROM word WHERE id NOT IN used;"
	"DROP TABLE used";

static int file_size(struct store *store, int64_t *size)
{
	return sql_number(store,
		"SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
		size);
}

/* SQLite's own check of references would read every table for each word. */
static int drop_words(struct store *store)
{
	int rc = sql_exec(store, "PRAGMA foreign_keys = OFF");

	if (rc == 0)
		rc = sql_exec(store, "BEGIN IMMEDIATE");
	if (rc == 0)
		rc = sql_end_write(store, sql_exec(store, drop_words_sql));
	return rc;
}

static int write_anew(struct store *store)
{
	/* In memory it would take as much of it as the file has. */
	int rc = sql_exec(store, "PRAGMA temp_store = FILE; VACUUM");

	/* What is in the log now is the whole file; readers may keep it from going. */
	if (rc == 0)
		rc = sql_exec(store, "PRAGMA wal_checkpoint(TRUNCATE)");
	return rc;
}

static int compact(struct store *store, struct store_sizes *sizes)
{
	int rc = file_size(store, &sizes->before);

	if (rc == 0)
		rc = drop_words(store);
	if (rc == 0)
		rc = write_anew(store);
	return rc < 0 ? rc : file_size(store, &sizes->after);
}

int store_compact(struct store *store, struct store_sizes *sizes)
{
	int rc = store_need_writer(store);

	if (rc < 0)
		return rc;
	rc = compact(store, sizes);
	/* The handle goes on as it was; the first failure is the one to tell. */
	sqlite3_exec(store->db, "PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON",
		NULL, NULL, NULL);
	return rc;
}
