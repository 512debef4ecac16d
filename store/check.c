/* SPDX-License-Identifier: Apache-2.0 */
/* Is the file sound? Each question is a query that counts what must not be. */
#include <stdarg.h>
#include <stdio.h>

#include "base/size.h"
#include "store/sql.h"
#include "store/upkeep.h"

struct check {
	struct store *store;
	bool (*each)(void *data, const char *problem);
	void *data;
	int problems;
	bool stopped;
};

static void tell(struct check *check, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void tell(struct check *check, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	check->problems++;
	check->stopped = !check->each(check->data, text);
}

/* Tells what each row of a query makes of it. */
static int for_rows(struct check *check, const char *text,
	void (*on_row)(struct check *check, struct sqlite3_stmt *row))
{
	struct sqlite3_stmt *rows;
	int rc = sql_prepare(check->store, text, &rows);

	if (rc < 0)
		return rc;
	while (!check->stopped && (rc = sql_step(check->store, rows)) > 0)
		on_row(check, rows);
	sql_free(rows);
	return rc < 0 ? rc : 0;
}

/* ---- pages and references ---------------------------------------------------- */

static void on_page(struct check *check, struct sqlite3_stmt *row)
{
	tell(check, "damaged: %s", sql_text(row, 0));
}

static void on_reference(struct check *check, struct sqlite3_stmt *row)
{
	tell(check, "rows of '%s' that refer to missing rows of '%s': %lld",
		sql_text(row, 0), sql_text(row, 1), (long long)sql_int(row, 2));
}

/* ---- what the rows say ------------------------------------------------------- */

#define SAME_FLOW(a, b)                                          \
	a ".vantage = " b ".vantage AND " a ".host = " b ".host" \
	  " AND " a ".check_name = " b ".check_name"

/* Rows that refer to a scan which is of another vantage or was never completed. */
#define WRONG_SCAN(table, column)                                              \
	"SELECT count(*) FROM " table " AS t JOIN scan ON scan.id = t." column \
	" WHERE scan.vantage <> t.vantage OR scan.status <> 'complete'"

static const struct {
	const char *query; /* yields how many */
	const char *text;  /* what they are */
} questions[] = {
	{"SELECT count(*) FROM interval AS a JOIN interval AS b ON " //
		SAME_FLOW("a", "b") " AND b.from_scan > a.from_scan"
				    " AND b.from_scan <= a.to_scan",
		"intervals that overlap with the next one of their flow"},
	{"SELECT count(*) FROM flow JOIN interval ON " //
		SAME_FLOW("flow", "interval") " AND interval.to_scan >= flow.from_scan",
		"intervals that overlap with the current state"},
	{"SELECT count(*) FROM gap AS a JOIN gap AS b ON " //
		SAME_FLOW("a", "b") " AND b.from_scan > a.from_scan"
				    " AND b.from_scan <= a.to_scan",
		"gaps that overlap with the next one of their flow"},
	{"SELECT count(*) FROM flow JOIN gap ON " //
		SAME_FLOW("flow", "gap") " AND gap.to_scan >= flow.gap_from",
		"gaps that overlap with the one that is open"},
	{WRONG_SCAN("flow", "from_scan"),
		"flows whose state began without a complete scan of their vantage"},
	{WRONG_SCAN("flow", "gap_from"),
		"flows whose gap began without a complete scan of their vantage"},
	{WRONG_SCAN("interval", "from_scan"),
		"intervals that begin without a complete scan of their vantage"},
	{WRONG_SCAN("interval", "to_scan"),
		"intervals that end without a complete scan of their vantage"},
	{WRONG_SCAN("gap", "from_scan"),
		"gaps that begin without a complete scan of their vantage"},
	{WRONG_SCAN("gap", "to_scan"),
		"gaps that end without a complete scan of their vantage"},
	{"SELECT count(*) FROM baseline JOIN scan ON scan.id = baseline.scan"
	 " WHERE scan.status <> 'complete'",
		"baselines of a scan that was not completed"},
	{"SELECT count(*) FROM flow JOIN host ON host.id = flow.host"
	 " WHERE host.vantage <> flow.vantage",
		"flows to a host of another vantage"},
	{"SELECT count(*) FROM flow WHERE (gap_from IS NULL) <> (gap_reason IS NULL)",
		"open gaps with a beginning or a reason, but not both"},
	{"SELECT count(*) FROM flow WHERE from_scan IS NULL AND gap_from IS NOT NULL",
		"open gaps of flows that left the inventory"},
	{"SELECT count(*) - count(DISTINCT vantage << 32 | number) FROM flow",
		"flows that share a number, so that their times are mixed"},
	{"SELECT count(*) FROM flow WHERE (reported_state IS NULL)"
	 " + (reported_reason IS NULL) + (reported_identity IS NULL)"
	 " + (reported_verdict IS NULL) NOT IN (0, 4)"
	 " OR (reported_state IS NULL AND reported_incident IS NOT NULL)",
		"flows of which a part of what was reported is missing"},
	{"SELECT count(*) FROM flow WHERE from_scan IS NULL"
	 " AND reported_state IS NOT NULL",
		"flows that are reported and left the inventory"},
	{"SELECT count(*) FROM flow JOIN incident ON incident.id = reported_incident"
	 " WHERE incident.vantage <> flow.vantage OR closed_scan IS NOT NULL",
		"flows that are reported by no open incident of theirs"},
	/* One without flows is about the vantage, and is 1 while it is open. */
	{"SELECT count(*) FROM incident WHERE flows > 0 AND remaining <> (SELECT count(*) FROM flow"
	 "  WHERE flow.vantage = incident.vantage AND reported_incident = incident.id)",
		"incidents with a wrong number of remaining flows"},
	{"SELECT count(*) FROM incident WHERE (closed_scan IS NULL) <> (remaining > 0)"
	 " OR (closed_scan IS NULL) <> (closed_us IS NULL)",
		"incidents that are open with nothing left, or closed with something"},
	{"SELECT count(*) FROM flow WHERE gap_from IS NULL AND gap_after IS NOT NULL"
	 " OR gap_after >= gap_from",
		"gaps that begin before the last measurement"},
	{"SELECT count(*) FROM vantage WHERE swept > pruned",
		"vantages whose data was deleted beyond what was pruned"},
	{"SELECT count(*) FROM rtt_hour WHERE length(cells) % 16 <> 0"
	 " OR length(cells) NOT BETWEEN 16 AND 4032",
		"rows of round-trip times of an impossible size"},
};

/* The newest scan's own figure against the flows that are there. */
static const char scope_sql[] =
	"SELECT id, flows, present FROM (SELECT max(id) AS id, flows,"
	"  (SELECT count(*) FROM flow WHERE flow.vantage = scan.vantage"
	"   AND from_scan IS NOT NULL) AS present"
	"  FROM scan WHERE status = 'complete' GROUP BY vantage)"
	" WHERE flows <> present";

static void on_scope(struct check *check, struct sqlite3_stmt *row)
{
	tell(check, "scan %lld had %lld flows, but %lld are there",
		(long long)sql_int(row, 0), (long long)sql_int(row, 1),
		(long long)sql_int(row, 2));
}

static int ask(struct check *check)
{
	int64_t count;
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(questions) && rc == 0 && !check->stopped;
		i++) {
		rc = sql_number(check->store, questions[i].query, &count);
		if (rc == 0 && count)
			tell(check, "%s: %lld", questions[i].text, (long long)count);
	}
	if (rc == 0 && !check->stopped)
		rc = for_rows(check, scope_sql, on_scope);
	return rc;
}

/* ---- all --------------------------------------------------------------------- */

/* Where pages are damaged, what rows say is anybody's guess. */
static int check_all(struct check *check)
{
	int rc = for_rows(check,
		"SELECT integrity_check FROM pragma_integrity_check(20)"
		" WHERE integrity_check <> 'ok'",
		on_page);

	if (rc < 0 || check->problems)
		return rc;
	rc = for_rows(check,
		"SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check"
		" GROUP BY 1, 2",
		on_reference);
	return rc < 0 || check->stopped ? rc : ask(check);
}

int store_check(
	struct store *store, bool (*each)(void *data, const char *problem), void *data)
{
	struct check check = {.store = store, .each = each, .data = data};
	bool began;
	int rc = sql_begin_read(store, &began);

	if (rc == 0)
		rc = check_all(&check);
	sql_end_read(store, began);
	return rc;
}
