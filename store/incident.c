/* SPDX-License-Identifier: Apache-2.0 */
/* Incidents: what a scan opens, shrinks and closes, and how they are read. */
#include "store/incident.h"

#include <errno.h>

#include "base/size.h"

#define COLUMNS                                                              \
	"SELECT incident.id, uid, vantage.name, kind, summary, body, flows," \
	" remaining, opened_scan, opened_us, changed_scan, closed_scan,"     \
	" closed_us FROM incident JOIN vantage ON vantage.id = incident.vantage"

/* ---- writing ----------------------------------------------------------------- */

static int last_number(struct store *store, int64_t *last)
{
	return sql_number(
		store, "SELECT seq FROM sqlite_sequence WHERE name = 'incident'", last);
}

int store_incident_next(struct store *store, int64_t *id)
{
	int rc = last_number(store, id);

	++*id;
	return rc;
}

int incident_open_all(struct store *store, int64_t vantage, int64_t scan,
	int64_t now_us, const struct store_record *record)
{
	struct sqlite3_stmt *add;
	int64_t last;
	int rc = sql_prepare(store,
		"INSERT INTO incident (id, vantage, flows, remaining, opened_scan,"
		" opened_us, changed_scan, closed_scan, closed_us, uid, kind, summary,"
		" body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5, iif(?4, NULL, ?5),"
		" iif(?4, NULL, ?6), ?7, ?8, ?9, ?10)",
		&add);

	if (rc == 0)
		rc = last_number(store, &last);
	for (size_t i = 0; i < record->n_opened && rc == 0; i++) {
		const struct store_incident *new = &record->opened[i];
		if (new->id <= last) {
			rc = store_refuse(store, -EINVAL,
				"incident %lld would get a number that is used",
				(long long)new->id);
			break;
		}
		last = new->id;
		SQL_BIND(add, new->id, vantage, (int64_t) new->flows,
			(int64_t) new->remaining, scan, now_us);
		sql_bind_text(add, 7, new->uid);
		sql_bind_text(add, 8, new->kind);
		sql_bind_text(add, 9, new->summary);
		sql_bind_text(add, 10, new->body);
		rc = sql_run(store, add);
	}
	sql_free(add);
	return rc;
}

int incident_update_all(struct store *store, int64_t vantage, int64_t scan,
	int64_t now_us, const struct store_record *record)
{
	struct sqlite3_stmt *set;
	int rc = sql_prepare(store,
		"UPDATE incident SET remaining = ?2, changed_scan = ?4,"
		" closed_scan = iif(?2, NULL, ?4), closed_us = iif(?2, NULL, ?5)"
		" WHERE id = ?1 AND vantage = ?3 AND closed_scan IS NULL",
		&set);

	for (size_t i = 0; i < record->n_updates && rc == 0; i++) {
		const struct store_incident_update *update = &record->updates[i];
		SQL_BIND(set, update->id, (int64_t)update->remaining, vantage, scan,
			now_us);
		rc = sql_run(store, set);
		if (rc == 0 && sql_changed(store) == 0)
			rc = store_refuse(store, -EINVAL, "incident %lld is not open",
				(long long)update->id);
	}
	sql_free(set);
	return rc;
}

/* ---- reading ----------------------------------------------------------------- */

/* Text is the statement's. */
static void read_incident(struct sqlite3_stmt *row, struct store_incident *out)
{
	*out = (struct store_incident){
		.id = sql_int(row, 0),
		.uid = sql_text(row, 1),
		.vantage = sql_text(row, 2),
		.kind = sql_text(row, 3),
		.summary = sql_text(row, 4),
		.body = sql_text(row, 5),
		.flows = (uint64_t)sql_int(row, 6),
		.remaining = (uint64_t)sql_int(row, 7),
		.opened_scan = sql_int(row, 8),
		.opened_us = sql_int(row, 9),
		.changed_scan = sql_int(row, 10),
		.closed_scan = sql_int(row, 11),
		.closed_us = sql_int(row, 12),
	};
}

int store_incident_list(struct store *store, const char *vantage, bool open_only,
	bool (*each)(void *data, const struct store_incident *incident), void *data)
{
	struct store_incident incident;
	struct sqlite3_stmt *rows;
	int rc = sql_prepare(store,
		open_only ? COLUMNS
			" WHERE closed_scan IS NULL AND"
			" (vantage.name = ?1 OR ?1 = '') ORDER BY incident.id"
			  : COLUMNS " WHERE vantage.name = ?1 OR ?1 = ''"
				    " ORDER BY incident.id",
		&rows);

	if (rc < 0)
		return rc;
	sql_bind_text(rows, 1, vantage);
	while ((rc = sql_step(store, rows)) > 0) {
		read_incident(rows, &incident);
		rc = 0;
		if (!each(data, &incident))
			break;
	}
	sql_free(rows);
	return rc;
}

static int keep_text(struct store *store, struct store_incident *incident)
{
	const char **const texts[] = {&incident->uid, &incident->vantage,
		&incident->kind, &incident->summary, &incident->body};

	arena_fini(&store->incident);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		*texts[i] = arena_strdup(&store->incident, *texts[i]);
		if (!*texts[i])
			return store_no_memory(store);
	}
	return 0;
}

/* Numbers are given out one by one and never twice. */
static int refuse_missing(struct store *store, int64_t id)
{
	int64_t last, other;
	int rc = last_number(store, &last);

	if (rc == 0)
		rc = SQL_ASK(store, &other, "SELECT 1 FROM incident WHERE id = ?1", id);
	if (rc < 0)
		return rc;
	if (id > 0 && id <= last && !other)
		return store_refuse(store, -ENODATA,
			"incident %lld was pruned: 'retention: history' keeps none that "
			"was closed so long ago",
			(long long)id);
	return store_refuse(store, -ENOENT,
		"there is no incident %lld: `reachd incidents --all` shows them all",
		(long long)id);
}

int store_incident_get(struct store *store, const char *vantage, int64_t id,
	struct store_incident *out)
{
	struct sqlite3_stmt *row;
	int rc = sql_prepare(store,
		COLUMNS " WHERE incident.id = ?1 AND (vantage.name = ?2 OR ?2 = '')",
		&row);

	if (rc < 0)
		return rc;
	SQL_BIND(row, id);
	sql_bind_text(row, 2, vantage);
	rc = sql_step(store, row);
	if (rc > 0) {
		read_incident(row, out);
		rc = keep_text(store, out);
	} else if (rc == 0) {
		rc = refuse_missing(store, id);
	}
	sql_free(row);
	return rc;
}
