/* SPDX-License-Identifier: Apache-2.0 */
/* One flow over time. */
#include <errno.h>
#include <stdlib.h>

#include "store/horizon.h"
#include "store/rtt.h"

/* A flow's place: the keys of its row. */
struct place {
	int64_t vantage, host, check, number;
};

static int find_flow(struct store *store, const char *vantage, const char *host,
	const char *check, struct place *place)
{
	struct sqlite3_stmt *row;
	int rc = sql_prepare(store,
		"SELECT vantage.id, host.id, word.id, flow.number FROM vantage, word"
		" JOIN host ON host.vantage = vantage.id AND host.name = ?2"
		" JOIN flow ON flow.vantage = vantage.id AND flow.host = host.id"
		" AND flow.check_name = word.id"
		" WHERE vantage.name = ?1 AND word.text = ?3",
		&row);

	if (rc < 0)
		return rc;
	sql_bind_text(row, 1, vantage);
	sql_bind_text(row, 2, host);
	sql_bind_text(row, 3, check);
	rc = sql_step(store, row);
	if (rc > 0)
		*place = (struct place){
			.vantage = sql_int(row, 0),
			.host = sql_int(row, 1),
			.check = sql_int(row, 2),
			.number = sql_int(row, 3),
		};
	sql_free(row);
	if (rc == 0)
		return store_refuse(store, -ENOENT, "no stored scan has %s %s from %s",
			host, check, vantage);
	return rc < 0 ? rc : 0;
}

/* A query by a flow's key, bound, in a snapshot with the search for the flow. */
struct query {
	struct store *store;
	bool began;
	struct place place;
	struct sqlite3_stmt *rows;
};

static int query_open(struct query *query, const char *text, const char *vantage,
	const char *host, const char *check)
{
	int rc = sql_begin_read(query->store, &query->began);

	if (rc == 0)
		rc = find_flow(query->store, vantage, host, check, &query->place);
	if (rc == 0)
		rc = sql_prepare(query->store, text, &query->rows);
	if (rc == 0)
		SQL_BIND(query->rows, query->place.vantage, query->place.host,
			query->place.check);
	return rc;
}

static void query_close(struct query *query)
{
	sql_free(query->rows);
	sql_end_read(query->store, query->began);
}

/* ---- intervals --------------------------------------------------------------- */

static const char history_sql[] =
	"SELECT state.text, reason.text, phase.text, identity.text, evidence.text,"
	" i.from_scan, i.to_scan, began.finished_us, ended.finished_us, i.removed"
	" FROM ("
	"  SELECT from_scan, to_scan, removed, state, reason, phase, identity,"
	"  evidence FROM interval WHERE vantage = ?1 AND host = ?2 AND check_name = ?3"
	"  UNION ALL"
	"  SELECT from_scan, NULL, 0, state, reason, phase, identity, evidence"
	"  FROM flow WHERE vantage = ?1 AND host = ?2 AND check_name = ?3"
	"  AND from_scan IS NOT NULL) AS i"
	" JOIN word AS state ON state.id = i.state"
	" JOIN word AS reason ON reason.id = i.reason"
	" JOIN word AS phase ON phase.id = i.phase"
	" JOIN word AS identity ON identity.id = i.identity"
	" JOIN word AS evidence ON evidence.id = i.evidence"
	" JOIN scan AS began ON began.id = i.from_scan"
	" LEFT JOIN scan AS ended ON ended.id = i.to_scan"
	" ORDER BY i.from_scan";

int store_history(struct store *store, const char *vantage, const char *host,
	const char *check,
	bool (*each)(void *data, const struct store_interval *interval), void *data)
{
	struct query query = {.store = store};
	int rc = query_open(&query, history_sql, vantage, host, check);

	while (rc == 0 && (rc = sql_step(store, query.rows)) > 0) {
		struct store_interval interval = {
			.state = sql_text(query.rows, 0),
			.reason = sql_text(query.rows, 1),
			.phase = sql_text(query.rows, 2),
			.identity = sql_text(query.rows, 3),
			.evidence = sql_text(query.rows, 4),
			.from_scan = sql_int(query.rows, 5),
			.to_scan = sql_int(query.rows, 6),
			.from_us = sql_int(query.rows, 7),
			.to_us = sql_int(query.rows, 8),
			.removed = sql_int(query.rows, 9) != 0,
		};
		rc = 0;
		if (!each(data, &interval))
			break;
	}
	query_close(&query);
	return rc;
}

/* ---- gaps -------------------------------------------------------------------- */

/* A stretch of scans in a row is one row of ours; told scan by scan. */
static const char gaps_sql[] =
	"SELECT scan.id, scan.finished_us, word.text FROM ("
	"  SELECT from_scan, to_scan, reason FROM gap"
	"  WHERE vantage = ?1 AND host = ?2 AND check_name = ?3"
	"  UNION ALL"
	"  SELECT gap_from, 0x7fffffffffffffff, gap_reason FROM flow"
	"  WHERE vantage = ?1 AND host = ?2 AND check_name = ?3"
	"  AND gap_from IS NOT NULL) AS g"
	" JOIN scan ON scan.vantage = ?1 AND scan.status = 'complete'"
	"  AND scan.id BETWEEN g.from_scan AND g.to_scan"
	" JOIN vantage ON vantage.id = ?1 AND " HORIZON_KEPT
	" JOIN word ON word.id = g.reason"
	" ORDER BY scan.id";

int store_gaps(struct store *store, const char *vantage, const char *host,
	const char *check,
	bool (*each)(void *data, int64_t scan, int64_t wall_us, const char *reason),
	void *data)
{
	struct query query = {.store = store};
	int rc = query_open(&query, gaps_sql, vantage, host, check);

	while (rc == 0 && (rc = sql_step(store, query.rows)) > 0) {
		rc = 0;
		if (!each(data, sql_int(query.rows, 0), sql_int(query.rows, 1),
			    sql_text(query.rows, 2)))
			break;
	}
	query_close(&query);
	return rc;
}

/* ---- round-trip times -------------------------------------------------------- */

static const char rtts_sql[] =
	"SELECT hour, cells FROM rtt_hour WHERE vantage = ?1 AND chunk = ?2"
	" ORDER BY hour";

static bool fill_rtt(
	struct sqlite3_stmt *row, const struct place *place, struct store_rtt *rtt)
{
	size_t size;
	const void *cells = sql_blob(row, 1, &size);
	struct rtt_cell cell =
		rtt_cell_read(cells, size, (size_t)(place->number % RTT_CHUNK_FLOWS));

	if (cell.count == 0)
		return false;
	*rtt = (struct store_rtt){
		.hour_us = sql_int(row, 0) * RTT_HOUR_US,
		.min_us = cell.min_us,
		.mean_us = (uint32_t)(cell.sum_us / cell.count),
		.max_us = cell.max_us,
		.count = cell.count,
	};
	return true;
}

int store_rtts(struct store *store, const char *vantage, const char *host,
	const char *check, bool (*each)(void *data, const struct store_rtt *rtt),
	void *data)
{
	struct query query = {.store = store};
	struct store_rtt rtt;
	int rc = query_open(&query, rtts_sql, vantage, host, check);

	if (rc == 0)
		SQL_BIND(query.rows, query.place.vantage,
			query.place.number / RTT_CHUNK_FLOWS);
	while (rc == 0 && (rc = sql_step(store, query.rows)) > 0) {
		rc = 0;
		if (fill_rtt(query.rows, &query.place, &rtt) && !each(data, &rtt))
			break;
	}
	query_close(&query);
	return rc;
}

/* ---- search ------------------------------------------------------------------ */

int store_find_flows(struct store *store, const char *text, unsigned limit,
	bool (*each)(
		void *data, const char *vantage, const char *host, const char *check),
	void *data)
{
	struct sqlite3_stmt *rows;
	int rc = sql_prepare(store,
		"SELECT vantage.name, host.name, word.text FROM flow"
		" JOIN host ON host.id = flow.host JOIN word ON word.id = flow.check_name"
		" JOIN vantage ON vantage.id = flow.vantage"
		" WHERE instr(lower(host.name || ' ' || word.text), lower(?2)) > 0"
		" ORDER BY flow.vantage, flow.host, flow.check_name LIMIT ?1",
		&rows);

	if (rc < 0)
		return rc;
	SQL_BIND(rows, (int64_t)limit);
	sql_bind_text(rows, 2, text);
	while ((rc = sql_step(store, rows)) > 0) {
		rc = 0;
		if (!each(data, sql_text(rows, 0), sql_text(rows, 1),
			    sql_text(rows, 2)))
			break;
	}
	sql_free(rows);
	return rc;
}
