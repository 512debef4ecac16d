/* SPDX-License-Identifier: Apache-2.0 */
/* The schema's versions: step i makes version i + 1 out of version i. */
#include <errno.h>
#include <stdio.h>

#include "base/size.h"
#include "store/sql.h"

static const char *const steps[] = {
	store_schema_sql,
	store_outbox_sql,
	/* 3: what people know to be broken, and why a scan was degraded. Patterns; ''
	 * is any. ended_us: by hand; 0: not. */
	"CREATE TABLE silence ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" vantage TEXT NOT NULL, host TEXT NOT NULL, group_name TEXT NOT NULL,"
	" rule TEXT NOT NULL, check_name TEXT NOT NULL,"
	" from_us INTEGER NOT NULL, until_us INTEGER NOT NULL,"
	" ended_us INTEGER NOT NULL DEFAULT 0, why TEXT NOT NULL"
	") STRICT;"
	"ALTER TABLE scan ADD COLUMN degraded_why TEXT NOT NULL DEFAULT ''",
	/* 4: those of the attempts that the receiver refused. */
	"ALTER TABLE sink ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0",
	/* 5: what a silence is compared with when it is over. */
	"ALTER TABLE silence ADD COLUMN after_scan INTEGER NOT NULL DEFAULT 0",
	store_retention_sql,
	/* 7: rules whose flows were not asked by scan `at`, the newest, and the scan
	 * that asked them last, whose row may be gone. carried: how many flows. */
	"CREATE TABLE idle ("
	" vantage INTEGER NOT NULL REFERENCES vantage,"
	" rules INTEGER NOT NULL REFERENCES word,"
	" scan INTEGER NOT NULL, started_us INTEGER NOT NULL, at INTEGER NOT NULL,"
	" PRIMARY KEY (vantage, rules)"
	") STRICT, WITHOUT ROWID;"
	"ALTER TABLE scan ADD COLUMN carried INTEGER NOT NULL DEFAULT 0",
	store_incidents_sql,
};

static int run_steps(
	struct store *store, const char *const *list, int64_t from, int count)
{
	char version[48];
	int rc = sql_exec(store, "BEGIN IMMEDIATE");

	if (rc < 0)
		return rc;
	for (int64_t i = from; i < count && rc == 0; i++)
		rc = sql_exec(store, list[i]);
	snprintf(version, sizeof version, "PRAGMA user_version = %d", count);
	if (rc == 0)
		rc = sql_exec(store, version);
	return sql_end_write(store, rc);
}

int store_migrate_with(struct store *store, const char *const *list, int count)
{
	int64_t version;
	int rc = sql_number(store, "PRAGMA user_version", &version);

	if (rc < 0 || version == count)
		return rc;
	if (version > count)
		return store_refuse(store, -ENOTSUP,
			"it was written by a newer reachd (format %lld, this one knows "
			"%d): use that one",
			(long long)version, count);
	if (version < 0)
		return store_damaged(
			store, "it claims format %lld", (long long)version);
	if (store->mode != STORE_WRITE)
		return store_refuse(store, -ENOTSUP,
			"it was written by an older reachd (format %lld, this one reads "
			"%d): `reachd scan` brings it up to date",
			(long long)version, count);
	rc = run_steps(store, list, version, count);
	if (rc < 0)
		store_note(store, "it stays at format %lld", (long long)version);
	return rc;
}

int store_migrate(struct store *store)
{
	return store_migrate_with(store, steps, (int)ARRAY_SIZE(steps));
}
