/* SPDX-License-Identifier: Apache-2.0 */
#include "store/idle.h"

#include <stdlib.h>

#include "base/array.h"
#include "store/recorder.h"

/* What scans asked until the previous one is last known from that. */
static const char keep_sql[] =
	"INSERT INTO idle (vantage, rules, scan, started_us, at)"
	" SELECT ?1, ?2, id, started_us, ?4 FROM scan WHERE id = ?3"
	" ON CONFLICT (vantage, rules) DO UPDATE SET at = excluded.at";

static const char drop_sql[] = "DELETE FROM idle WHERE vantage = ?1 AND at <> ?2";

static int keep_all(struct recorder *r, const struct store_record *record)
{
	struct sqlite3_stmt *keep = NULL;
	uint32_t rules;
	int rc = sql_prepare(r->store, keep_sql, &keep);

	for (size_t i = 0; i < record->n_idle && rc == 0; i++) {
		rc = recorder_word(r, RULES, record->idle[i], &rules);
		if (rc < 0)
			break;
		SQL_BIND(keep, r->vantage, rules, r->previous, r->scan);
		rc = sql_run(r->store, keep);
	}
	sql_free(keep);
	return rc;
}

int idle_record(struct recorder *r, const struct store_record *record)
{
	struct sqlite3_stmt *drop = NULL;
	int rc = keep_all(r, record);

	if (rc == 0)
		rc = sql_prepare(r->store, drop_sql, &drop);
	if (rc < 0)
		return rc;
	SQL_BIND(drop, r->vantage, r->scan);
	rc = sql_run(r->store, drop);
	sql_free(drop);
	return rc;
}

int idle_load(struct store *store, int64_t vantage, int64_t scan,
	struct idle_rules **items, size_t *count)
{
	struct sqlite3_stmt *rows;
	uint32_t capacity = 0;
	int rc = sql_prepare(store,
		"SELECT rules, scan, started_us FROM idle"
		" WHERE vantage = ?1 AND at = ?2",
		&rows);

	*items = NULL;
	*count = 0;
	if (rc < 0)
		return rc;
	SQL_BIND(rows, vantage, scan);
	while ((rc = sql_step(store, rows)) > 0) {
		struct idle_rules *grown =
			array_grow(*items, &capacity, (uint32_t)*count, sizeof *grown);
		if (!grown) {
			rc = store_no_memory(store);
			break;
		}
		*items = grown;
		grown[(*count)++] = (struct idle_rules){
			.rules = sql_int(rows, 0),
			.scan = sql_int(rows, 1),
			.started_us = sql_int(rows, 2),
		};
	}
	sql_free(rows);
	return rc;
}
