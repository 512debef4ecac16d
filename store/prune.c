/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is older than people want to keep goes, a batch at a time. First the scans below
 * the horizon are declared gone, all at once; what only they needed is then swept up in
 * the order in which it ended. A baseline's scan stays whole, and so does the fact that
 * a flow left after it.
 */
#include <errno.h>

#include "store/horizon.h"
#include "store/rtt.h"

enum {
	BATCH_ROWS = 2000, /* intervals; and gaps */
	BATCH_SCANS = 256, /* that the intervals ended with */
	BATCH_HOURS = 256  /* rows of round-trip times, a page each */
};

enum statement {
	DROP_GAPS,
	DROP_INTERVALS,
	DROP_SCANS,
	DROP_FLOW,
	DROP_HOST,
	DROP_WORD,
	DROP_HOURS,
	DROP_INCIDENTS,
	SET_SWEPT,
	STATEMENTS
};

/* Scans of the vantage with a baseline that is not newer than the end of `t`. */
#define BASELINES(t)                                                          \
	" AND NOT EXISTS (SELECT 1 FROM baseline JOIN scan ON scan.id ="      \
	" baseline.scan WHERE scan.vantage = " t ".vantage AND scan.id <= " t \
	".to_scan"

/* ?1 is the vantage. */
static const char *const statements[STATEMENTS] = {
	[DROP_GAPS] =
		"DELETE FROM gap WHERE (vantage, host, check_name, from_scan) IN"
		" (SELECT vantage, host, check_name, from_scan"
		"  FROM gap AS g INDEXED BY gap_to"
		"  WHERE vantage = ?1 AND to_scan > ?2 AND to_scan <= ?3" BASELINES(
			"g") " AND scan.id >= g.from_scan) LIMIT ?4)"
			     " RETURNING from_scan",
	[DROP_INTERVALS] =
		"DELETE FROM interval WHERE (vantage, host, check_name, from_scan) IN"
		" (SELECT vantage, host, check_name, from_scan"
		"  FROM interval AS i INDEXED BY interval_to"
		"  WHERE vantage = ?1 AND to_scan > ?2 AND to_scan <= ?3" BASELINES(
			"i") " AND (scan.id >= i.from_scan OR i.removed)) LIMIT ?4)"
			     " RETURNING from_scan, evidence, removed, host, check_name",
	[DROP_SCANS] =
		"DELETE FROM scan WHERE vantage = ?1 AND id BETWEEN ?2 AND ?3"
		" AND NOT EXISTS (SELECT 1 FROM baseline WHERE baseline.scan = scan.id)"
		" AND NOT EXISTS (SELECT 1 FROM flow"
		"  WHERE flow.vantage = ?1 AND flow.from_scan = scan.id)"
		" AND NOT EXISTS (SELECT 1 FROM flow"
		"  WHERE flow.vantage = ?1 AND flow.gap_from = scan.id)"
		" AND NOT EXISTS (SELECT 1 FROM interval AS i"
		"  WHERE i.vantage = ?1 AND i.from_scan = scan.id)"
		" AND NOT EXISTS (SELECT 1 FROM interval AS i"
		"  WHERE i.vantage = ?1 AND i.to_scan = scan.id)"
		" AND NOT EXISTS (SELECT 1 FROM gap"
		"  WHERE gap.vantage = ?1 AND gap.from_scan = scan.id)"
		" AND NOT EXISTS (SELECT 1 FROM gap"
		"  WHERE gap.vantage = ?1 AND gap.to_scan = scan.id)",
	[DROP_FLOW] =
		"DELETE FROM flow WHERE vantage = ?1 AND host = ?2 AND check_name = ?3"
		" AND from_scan IS NULL AND number < ?4"
		" AND NOT EXISTS (SELECT 1 FROM interval AS i WHERE i.vantage = ?1"
		"  AND i.host = ?2 AND i.check_name = ?3)"
		" AND NOT EXISTS (SELECT 1 FROM gap WHERE gap.vantage = ?1"
		"  AND gap.host = ?2 AND gap.check_name = ?3)",
	[DROP_HOST] =
		"DELETE FROM host WHERE vantage = ?1 AND id = ?2 AND NOT EXISTS"
		" (SELECT 1 FROM flow WHERE flow.vantage = ?1 AND flow.host = ?2)",
	/* An evidence is told from other words by being a JSON object. */
	[DROP_WORD] = "DELETE FROM word WHERE id = ?1 AND substr(text, 1, 1) = '{'"
		      " AND NOT EXISTS (SELECT 1 FROM flow WHERE evidence = ?1)"
		      " AND NOT EXISTS (SELECT 1 FROM interval WHERE evidence = ?1)",
	[DROP_HOURS] =
		"DELETE FROM rtt_hour WHERE id IN (SELECT id FROM rtt_hour"
		"  INDEXED BY rtt_of_hour WHERE vantage = ?1 AND hour < ?2 LIMIT ?3)",
	[DROP_INCIDENTS] = "DELETE FROM incident WHERE vantage = ?1"
			   " AND closed_scan > ?2 AND closed_scan <= ?3",
	[SET_SWEPT] = "UPDATE vantage SET swept = ?2 WHERE id = ?1",
};

struct prune {
	struct store *store;
	int64_t vantage;
	int64_t swept, last; /* scans after the one and up to the other are at issue */
	int64_t top_number;  /* of the vantage's flows; -1: not asked for yet */
	struct sqlite3_stmt *statements[STATEMENTS];
};

/* Binds and runs. */
#define RUN(p, name, ...)                                \
	(SQL_BIND((p)->statements[name], ##__VA_ARGS__), \
		sql_run((p)->store, (p)->statements[name]))

/* ---- what nothing needs any more --------------------------------------------- */

/* A new flow's number is the highest and one, and no number may be given twice: cells
 * of round-trip times go by it. So the flow with the highest one stays. */
static int find_top_number(struct prune *p)
{
	struct sqlite3_stmt *row;
	int rc;

	if (p->top_number >= 0)
		return 0;
	rc = sql_prepare(
		p->store, "SELECT max(number) FROM flow WHERE vantage = ?", &row);
	if (rc < 0)
		return rc;
	SQL_BIND(row, p->vantage);
	rc = sql_step(p->store, row);
	p->top_number = rc > 0 ? sql_int(row, 0) : 0;
	sql_free(row);
	return rc < 0 ? rc : 0;
}

static int drop_flow(struct prune *p, int64_t host, int64_t check)
{
	int rc = find_top_number(p);

	if (rc == 0)
		rc = RUN(p, DROP_FLOW, p->vantage, host, check, p->top_number);
	if (rc == 0 && sql_changed(p->store) > 0)
		rc = RUN(p, DROP_HOST, p->vantage, host);
	return rc;
}

/* What only the interval needed that was dropped. */
static int clear_interval(struct prune *p, struct sqlite3_stmt *row)
{
	int64_t from = sql_int(row, 0);
	int rc = 0;

	/* A flow holds on to the evidence of its last interval. */
	if (sql_int(row, 2))
		rc = drop_flow(p, sql_int(row, 3), sql_int(row, 4));
	if (rc == 0)
		rc = RUN(p, DROP_WORD, sql_int(row, 1));
	return rc < 0 ? rc : RUN(p, DROP_SCANS, p->vantage, from, from);
}

static int clear_gap(struct prune *p, struct sqlite3_stmt *row)
{
	int64_t from = sql_int(row, 0);

	return RUN(p, DROP_SCANS, p->vantage, from, from);
}

/* ---- a batch ----------------------------------------------------------------- */

/* Drops rows that ended with a scan up to `high`. How many, or a negative errno. */
static int drop_rows(struct prune *p, enum statement which, int64_t high,
	int (*clear)(struct prune *p, struct sqlite3_stmt *row))
{
	struct sqlite3_stmt *rows = p->statements[which];
	int count = 0, rc;

	SQL_BIND(rows, p->vantage, p->swept, high, BATCH_ROWS);
	while ((rc = sql_step(p->store, rows)) > 0) {
		rc = clear(p, rows);
		if (rc < 0)
			break;
		count++;
	}
	sql_reset(rows);
	return rc < 0 ? rc : count;
}

/* Gaps first, so that a flow without intervals has none. */
static int sweep(struct prune *p, bool *more)
{
	int64_t high = p->swept + BATCH_SCANS;
	int count, rc;

	if (high > p->last)
		high = p->last;
	*more = true;
	count = drop_rows(p, DROP_GAPS, high, clear_gap);
	if (count >= 0 && count < BATCH_ROWS)
		count = drop_rows(p, DROP_INTERVALS, high, clear_interval);
	if (count < 0 || count == BATCH_ROWS)
		return count < 0 ? count : 0;
	rc = RUN(p, DROP_SCANS, p->vantage, p->swept + 1, high);
	if (rc == 0)
		rc = RUN(p, DROP_INCIDENTS, p->vantage, p->swept, high);
	if (rc == 0)
		rc = RUN(p, SET_SWEPT, p->vantage, high);
	*more = high < p->last;
	return rc;
}

static int drop_hours(struct prune *p, int64_t oldest_us, bool *more)
{
	int rc = RUN(p, DROP_HOURS, p->vantage, oldest_us / RTT_HOUR_US, BATCH_HOURS);

	if (sql_changed(p->store) == BATCH_HOURS)
		*more = true;
	return rc;
}

static int prune(struct prune *p, const struct store_retention *keep, bool *more)
{
	int64_t now_us;
	int rc = horizon_advance(p->store, p->vantage, keep, &p->last, &now_us);

	if (rc == 0 && p->swept < p->last)
		rc = sweep(p, more);
	if (rc == 0 && now_us)
		rc = drop_hours(p, now_us - (int64_t)keep->rtt_us, more);
	return rc;
}

/* ---- around it --------------------------------------------------------------- */

static int find_vantage(struct prune *p, const char *name)
{
	struct sqlite3_stmt *row;
	int rc = sql_prepare(
		p->store, "SELECT id, swept FROM vantage WHERE name = ?", &row);

	if (rc < 0)
		return rc;
	sql_bind_text(row, 1, name);
	rc = sql_step(p->store, row);
	if (rc > 0) {
		p->vantage = sql_int(row, 0);
		p->swept = sql_int(row, 1);
	}
	sql_free(row);
	return rc < 0 ? rc : 0;
}

static int prune_vantage(struct store *store, const char *vantage,
	const struct store_retention *keep, bool *more)
{
	struct prune p = {.store = store, .top_number = -1};
	int rc = find_vantage(&p, vantage);

	for (int i = 0; i < STATEMENTS && rc == 0; i++)
		rc = sql_prepare(store, statements[i], &p.statements[i]);
	if (rc == 0 && p.vantage)
		rc = prune(&p, keep, more);
	for (int i = 0; i < STATEMENTS; i++)
		sql_free(p.statements[i]);
	return rc;
}

/*
 * Without SQLite's own check of references: for each scan and word that goes it would
 * read whole tables, since it looks for a reference by its own column alone. Each
 * statement above asks by an index instead.
 */
int store_prune(struct store *store, const char *vantage,
	const struct store_retention *keep, bool *more)
{
	int rc = store_need_writer(store);

	*more = false;
	if (rc == 0)
		rc = sql_exec(store, "PRAGMA foreign_keys = OFF");
	if (rc < 0)
		return rc;
	rc = sql_exec(store, "BEGIN IMMEDIATE");
	if (rc == 0)
		rc = sql_end_write(store, prune_vantage(store, vantage, keep, more));
	if (rc < 0)
		store_note(store, "nothing was pruned");
	if (sql_exec(store, "PRAGMA foreign_keys = ON") < 0 && rc == 0)
		rc = -EIO;
	return rc;
}
