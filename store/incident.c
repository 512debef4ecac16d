/* SPDX-License-Identifier: Apache-2.0 */
/* Incidents: what a scan opens, shrinks and closes, and how they are read. */
#include <errno.h>

#include "base/size.h"
#include "store/record.h"

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

	/* Readers keep 32 bits of it, and a scan may open many. */
	if (rc == 0 && (*id < 0 || *id > INT32_MAX))
		return store_damaged(store, "the newest incident has the number %lld",
			(long long)*id);
	++*id;
	return rc;
}

int incident_open_all(struct store *store, struct record_of of,
	const struct store_incident *opened, size_t count)
{
	int64_t last;
	int rc = last_number(store, &last);

	for (size_t i = 0; i < count && rc == 0; i++) {
		const struct store_incident *it = &opened[i];
		if (it->id <= last)
			return store_refuse(store, -EINVAL,
				"incident %lld would get a number that is used",
				(long long)it->id);
		last = it->id;
		rc = SQL_DO(store,
			"INSERT INTO incident (id, vantage, flows, remaining,"
			" opened_scan, opened_us, changed_scan, closed_scan, closed_us,"
			" uid, kind, summary, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5,"
			" iif(?4, NULL, ?5), iif(?4, NULL, ?6), ?7, ?8, ?9, ?10)",
			num(it->id), num(of.vantage), num((int64_t)it->flows),
			num((int64_t)it->remaining), num(of.scan), num(of.now_us),
			txt(it->uid), txt(it->kind), txt(it->summary), txt(it->body));
	}
	return rc;
}

static int refuse_not_open(struct store *store, int64_t id)
{
	return store_refuse(store, -EINVAL, "incident %lld is not open", (long long)id);
}

int incident_update_all(struct store *store, struct record_of of,
	const struct store_incident_update *updates, size_t count)
{
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = SQL_DO(store,
			"UPDATE incident SET remaining = ?2, changed_scan = ?4,"
			" closed_scan = iif(?2, NULL, ?4), closed_us = iif(?2, NULL, ?5)"
			" WHERE id = ?1 AND vantage = ?3 AND closed_scan IS NULL",
			num(updates[i].id), num((int64_t)updates[i].remaining),
			num(of.vantage), num(of.scan), num(of.now_us));
		if (rc == 0 && sql_changed(store) == 0)
			rc = refuse_not_open(store, updates[i].id);
	}
	return rc;
}

int incident_check_open(struct store *store, struct record_of of, int64_t id)
{
	int64_t found;
	int rc = SQL_ASK(store, &found,
		"SELECT 1 FROM incident WHERE id = ? AND vantage = ?"
		" AND closed_scan IS NULL",
		num(id), num(of.vantage));

	return rc == 0 && !found ? refuse_not_open(store, id) : rc;
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
	struct sql_rows rows = SQL_ROWS(store,
		COLUMNS " WHERE (vantage.name = ?1 OR ?1 = '')"
			" AND (closed_scan IS NULL OR NOT ?2) ORDER BY incident.id",
		txt(vantage), num(open_only));

	while (sql_next(&rows)) {
		read_incident(rows.row, &incident);
		if (!each(data, &incident))
			break;
	}
	return sql_close(&rows);
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
	int64_t last = 0, other = 0;
	int rc = last_number(store, &last);

	if (rc == 0)
		rc = SQL_ASK(
			store, &other, "SELECT 1 FROM incident WHERE id = ?1", num(id));
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
	struct sql_rows rows = SQL_ROWS(store,
		COLUMNS " WHERE incident.id = ?1 AND (vantage.name = ?2 OR ?2 = '')",
		num(id), txt(vantage));
	bool found = sql_next(&rows);
	int rc;

	if (found) {
		read_incident(rows.row, out);
		if (keep_text(store, out) < 0)
			rows.rc = -ENOMEM;
	}
	rc = sql_close(&rows);
	return rc == 0 && !found ? refuse_missing(store, id) : rc;
}
