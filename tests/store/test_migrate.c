/* SPDX-License-Identifier: Apache-2.0 */
#include <sqlite3.h>

#include "store/sql.h"
#include "store/upkeep.h"
#include "tests/store/fixture.h"

enum {
	NEWEST = 8,
	TABLES = 14
};

static int64_t number(struct store *store, const char *text)
{
	int64_t value = -1;

	assert_int_equal(sql_number(store, text, &value), 0);
	return value;
}

/* Sets the version of a closed file. */
static void set_version(struct bed *bed, const char *pragma)
{
	bed_open(bed, STORE_WRITE);
	assert_int_equal(sql_exec(bed->store, pragma), 0);
	bed_close(bed);
}

static void a_new_file_has_the_newest_version_and_our_mark(void **state)
{
	struct bed *bed = *state;

	bed_open(bed, STORE_WRITE);
	assert_int_equal(number(bed->store, "PRAGMA user_version"), NEWEST);
	assert_int_equal(number(bed->store, "PRAGMA application_id"), 0x72656163);
	assert_int_equal(number(bed->store, "PRAGMA foreign_keys"), 1);
	assert_int_equal(number(bed->store, "PRAGMA synchronous"), 2);
	assert_int_equal(number(bed->store, "SELECT count(*) FROM pragma_journal_mode"
					    " WHERE journal_mode = 'wal'"),
		1);
}

static void every_table_is_strict(void **state)
{
	struct bed *bed = *state;

	bed_open(bed, STORE_WRITE);
	assert_int_equal(number(bed->store, "SELECT count(*) FROM pragma_table_list"
					    " WHERE schema = 'main' AND strict = 0"
					    " AND name NOT LIKE 'sqlite_%'"),
		0);
	assert_int_equal(number(bed->store, "SELECT count(*) FROM pragma_table_list"
					    " WHERE schema = 'main' AND strict = 1"),
		TABLES);
}

static void refuses_a_newer_file_and_leaves_it(void **state)
{
	struct bed *bed = *state;

	set_version(bed, "PRAGMA user_version = 1000");
	for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
		assert_int_equal(store_open(bed->path, (enum store_mode)mode,
					 &bed->store, &bed->error),
			-ENOTSUP);
		assert_non_null(strstr(bed->error.text, "newer reachd (format 1000"));
	}
}

static void brings_an_older_file_up_to_date_when_it_may_write(void **state)
{
	struct bed *bed = *state;
	static const char *const drop[] = {"idle", "incident", "silence", "notice",
		"sink", "gap", "interval", "rtt_hour", "baseline", "flow", "scan",
		"host", "vantage", "word"};
	char text[64];

	/* Version 0: our mark and nothing in it. */
	bed_open(bed, STORE_WRITE);
	for (size_t i = 0; i < ARRAY_SIZE(drop); i++) {
		snprintf(text, sizeof text, "DROP TABLE %s", drop[i]);
		assert_int_equal(sql_exec(bed->store, text), 0);
	}
	assert_int_equal(sql_exec(bed->store, "PRAGMA user_version = 0"), 0);
	bed_close(bed);
	assert_int_equal(
		store_open(bed->path, STORE_READ, &bed->store, &bed->error), -ENOTSUP);
	assert_non_null(strstr(bed->error.text, "older reachd (format 0"));
	bed_open(bed, STORE_WRITE);
	assert_int_equal(number(bed->store, "PRAGMA user_version"), NEWEST);
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
}

/* ---- old files --------------------------------------------------------------- */

/* As the first version wrote two scans of one flow that was closed and then was open.
 */
static const char version_1_rows[] =
	"INSERT INTO word (id, text) VALUES (1, ''), (2, 'tcp/1'), (3, 'open'),"
	" (4, 'closed'), (5, 'pass'), (6, '[\"r\"]'), (7, 'syn-ack'), (8, 'rst'),"
	" (9, 'connect'), (10, '[]'), (11, '{\"n\":1}'), (12, '{\"n\":2}');"
	"INSERT INTO vantage (id, name) VALUES (1, 'paris');"
	"INSERT INTO host VALUES (1, 1, 'a', 10, '[]');"
	"INSERT INTO scan (vantage, status, started_us, finished_us, flows)"
	" VALUES (1, 'complete', 1000000, 2000000, 1),"
	" (1, 'complete', 3000000, 4000000, 1);"
	"INSERT INTO flow VALUES"
	" (1, 1, 2, 0, 3, 5, 6, 2, 3, 7, 9, 1, 12, NULL, NULL);"
	"INSERT INTO interval VALUES (1, 1, 2, 1, 1, 0, 4, 8, 9, 1, 11);"
	"INSERT INTO baseline VALUES ('before', 1, 5000000);"
	"PRAGMA user_version = 1;"
	"PRAGMA journal_mode = WAL";

static void must_exec(sqlite3 *db, const char *text)
{
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
}

/* Version 2 was the first with an outbox. */
static void make_old(const struct bed *bed, int version)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(bed->path, &db), SQLITE_OK);
	must_exec(db, store_schema_sql);
	must_exec(db, version_1_rows);
	if (version == 2) {
		must_exec(db, store_outbox_sql);
		must_exec(db, "PRAGMA user_version = 2");
	}
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static bool on_change(void *data, const struct store_change *change)
{
	assert_string_equal(change->host, "a");
	assert_string_equal(change->from_state, "closed");
	assert_string_equal(change->to_state, "open");
	assert_string_equal(change->to_evidence, "{\"n\":2}");
	++*(int *)data;
	return true;
}

static void brings_a_file_of_version_1_up_to_date(void **state)
{
	struct bed *bed = *state;
	struct store_baseline baseline;
	int changes = 0;

	make_old(bed, 1);
	bed_open(bed, STORE_WRITE);
	assert_int_equal(number(bed->store, "PRAGMA user_version"), NEWEST);
	assert_int_equal(number(bed->store, "SELECT count(*) FROM sink"), 0);
	assert_int_equal(number(bed->store, "SELECT pruned + swept FROM vantage"), 0);
	assert_int_equal(store_changes(bed->store, 1, 2, on_change, &changes), 0);
	assert_int_equal(changes, 1);
	assert_int_equal(store_baseline_get(bed->store, "before", &baseline), 0);
	assert_int_equal(baseline.scan, 1);
}

static void prunes_what_a_file_of_version_1_held(void **state)
{
	struct bed *bed = *state;
	struct store_retention keep = {.now_us = 3000 * SECOND, .history_us = SECOND};
	struct store_scan scan;
	bool more;

	make_old(bed, 1);
	bed_open(bed, STORE_WRITE);
	for (int i = 0; i < 10; i++)
		SCAN(bed->store, "paris",
			SEEN("a", "tcp/1", "open", .reason = "syn-ack"));
	assert_int_equal(store_baseline_remove(bed->store, "before"), 0);
	assert_int_equal(store_prune(bed->store, "paris", &keep, &more), 0);
	assert_false(more);
	assert_int_equal(store_scan_get(bed->store, 1, &scan), -ENODATA);
	assert_int_equal(store_scan_get(bed->store, 2, &scan), -ENODATA);
	assert_int_equal(store_scan_get(bed->store, 3, &scan), 0);
	assert_int_equal(number(bed->store, "SELECT count(*) FROM interval"), 0);
	assert_int_equal(
		number(bed->store, "SELECT count(*) FROM word WHERE id = 11"), 0);
	assert_int_equal(
		number(bed->store, "SELECT count(*) FROM word WHERE id = 12"), 1);
}

static void refuses_a_version_below_zero(void **state)
{
	struct bed *bed = *state;

	set_version(bed, "PRAGMA user_version = -1");
	assert_int_equal(
		store_open(bed->path, STORE_WRITE, &bed->store, &bed->error), -EBADMSG);
}

/* What version 2 wrote is read as before, and what is new has its default. */
static void version_2_gets_silences_and_reasons(void **state)
{
	struct bed *bed = *state;
	struct store_scan scan;
	struct store_silence silence = {.until_us = 1, .why = "w"};
	int64_t id;

	make_old(bed, 2);
	bed_open(bed, STORE_WRITE);
	assert_int_equal(store_scan_last(bed->store, "paris", &scan), 0);
	assert_int_equal(scan.flows, 1);
	assert_string_equal(scan.degraded_why, "");
	assert_int_equal(store_silence_add(bed->store, &silence, &id), 0);
	assert_int_equal(id, 1);
}

/* ---- version 7 ---------------------------------------------------------------- */

/*
 * version_7.sql is a dump of what `reachd scan` of that version stored in four scans of
 * listeners on one machine. Scan 2: port 47304 closes. Scan 3: it opens again, 47302
 * closes, 47305 and 47306 leave the rules. Scan 4: the DNS server is silent, so the
 * scan is degraded and the named host a gap; 47306 is back. 47303 never was open. Then
 * 47302 was silenced, scan 1 got a baseline, and no notice was ever delivered.
 */
static void make_version_7(const struct bed *bed)
{
	static char text[32768];
	FILE *file = fopen("store/version_7.sql", "r");
	size_t length;
	sqlite3 *db;

	assert_non_null(file);
	length = fread(text, 1, sizeof text - 1, file);
	assert_true(length < sizeof text - 1 && feof(file));
	text[length] = '\0';
	fclose(file);
	assert_int_equal(sqlite3_open(bed->path, &db), SQLITE_OK);
	must_exec(db, text);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static bool append_flow(void *data, const struct store_flow *flow)
{
	char *text = data;
	size_t used = strlen(text);

	snprintf(text + used, 2048 - used, "%s %s: '%s' since %lld", flow->host,
		flow->check, flow->state, (long long)flow->since_scan);
	used = strlen(text);
	if (flow->gap)
		snprintf(text + used, 2048 - used, ", %s after %lld", flow->gap_reason,
			(long long)flow->measured_scan);
	used = strlen(text);
	if (flow->is_reported)
		snprintf(text + used, 2048 - used, ", reported %s %s '%s' %s %lld",
			flow->reported.state, flow->reported.reason,
			flow->reported.identity, flow->reported.verdict,
			(long long)flow->reported.incident);
	strcat(text, "\n");
	assert_int_equal(flow->question, 0);
	assert_false(flow->proved);
	return true;
}

static bool no_problem(void *data, const char *problem)
{
	(void)data;
	fail_msg("%s", problem);
	return false;
}

static void what_version_7_held_means_the_same(void **state)
{
	struct bed *bed = *state;
	char text[2048] = "";
	struct store_baseline baseline;
	struct store_scan scan;

	make_version_7(bed);
	bed_open(bed, STORE_WRITE);
	assert_int_equal(number(bed->store, "PRAGMA user_version"), NEWEST);
	assert_int_equal(store_check(bed->store, no_problem, NULL), 0);
	assert_int_equal(store_flows_at(bed->store, 1, append_flow, text), 0);
	assert_string_equal(text, "local tcp/47301: 'open' since 1\n"
				  "local tcp/47302: 'open' since 1\n"
				  "local tcp/47303: 'closed' since 1\n"
				  "local tcp/47304: 'open' since 1\n"
				  "local tcp/47305: 'open' since 1\n"
				  "local tcp/47306: 'closed' since 1\n"
				  "named tcp/47301: 'open' since 1\n");
	assert_int_equal(store_baseline_get(bed->store, "before", &baseline), 0);
	assert_int_equal(baseline.scan, 1);
	assert_int_equal(store_scan_last(bed->store, "paris", &scan), 0);
	assert_int_equal(scan.id, 4);
	assert_true(scan.degraded);
	assert_int_equal(number(bed->store, "SELECT count(*) FROM notice"), 4);
	assert_int_equal(number(bed->store, "SELECT count(*) FROM silence"), 1);
	assert_int_equal(number(bed->store, "SELECT count(*) FROM incident"), 0);
}

/* What changed was told, and what is as it should be needs no telling. What never was,
 * or came back otherwise, becomes news once. */
static void what_version_7_told_counts_as_reported(void **state)
{
	struct bed *bed = *state;
	char text[2048] = "";

	make_version_7(bed);
	bed_open(bed, STORE_WRITE);
	assert_int_equal(store_flows_at(bed->store, 4, append_flow, text), 0);
	assert_string_equal(text,
		"local tcp/47301: 'open' since 1, reported open syn-ack '' pass 0\n"
		"local tcp/47302: 'closed' since 3, reported closed rst '' fail 0\n"
		"local tcp/47303: 'closed' since 1\n"
		"local tcp/47304: 'open' since 3, reported open syn-ack '' pass 0\n"
		"local tcp/47306: '' since 4, withheld after 0\n"
		"named tcp/47301: 'open' since 1, withheld after 3\n");
}

static void version_7_goes_on_with_the_next_scan(void **state)
{
	struct bed *bed = *state;
	char text[2048] = "";

	make_version_7(bed);
	bed_open(bed, STORE_WRITE);
	SCAN(bed->store, "paris",
		SEEN("local", "tcp/47302", "open", .reason = "syn-ack"),
		SEEN("named", "tcp/47301", "open", .reason = "syn-ack"));
	assert_int_equal(store_check(bed->store, no_problem, NULL), 0);
	assert_int_equal(store_flows_at(bed->store, 5, append_flow, text), 0);
	assert_string_equal(text,
		"local tcp/47302: 'open' since 5, reported closed rst '' fail 0\n"
		"named tcp/47301: 'open' since 1\n");
}

/* ---- steps to come ----------------------------------------------------------- */

static void runs_the_steps_that_are_missing_in_order(void **state)
{
	struct bed *bed = *state;
	const char *const steps[] = {
		"this one was done long ago",
		[NEWEST] = "CREATE TABLE two (x INTEGER) STRICT;"
			   "INSERT INTO two VALUES (2)",
		"ALTER TABLE two RENAME TO three; INSERT INTO three VALUES (3)",
	};

	bed_open(bed, STORE_WRITE);
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	assert_int_equal(store_migrate_with(bed->store, steps, NEWEST + 2), 0);
	assert_int_equal(number(bed->store, "PRAGMA user_version"), NEWEST + 2);
	assert_int_equal(number(bed->store, "SELECT sum(x) FROM three"), 5);
	assert_int_equal(number(bed->store, "SELECT count(*) FROM flow"), 1);
	assert_int_equal(store_migrate_with(bed->store, steps, NEWEST + 2), 0);
	assert_int_equal(number(bed->store, "SELECT sum(x) FROM three"), 5);
}

static void a_step_that_fails_leaves_the_file_at_its_version(void **state)
{
	struct bed *bed = *state;
	const char *const steps[] = {[NEWEST] = "CREATE TABLE two (x INTEGER) STRICT",
		"INSERT INTO nowhere VALUES (1)"};

	bed_open(bed, STORE_WRITE);
	assert_int_equal(store_migrate_with(bed->store, steps, NEWEST + 2), -EIO);
	assert_non_null(strstr(store_last_error(bed->store), "it stays at format 8"));
	assert_int_equal(number(bed->store, "PRAGMA user_version"), NEWEST);
	assert_int_equal(
		number(bed->store,
			"SELECT count(*) FROM sqlite_schema WHERE name = 'two'"),
		0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_file_has_the_newest_version_and_our_mark),
		TEST(every_table_is_strict),
		TEST(refuses_a_newer_file_and_leaves_it),
		TEST(brings_an_older_file_up_to_date_when_it_may_write),
		TEST(brings_a_file_of_version_1_up_to_date),
		TEST(prunes_what_a_file_of_version_1_held),
		TEST(version_2_gets_silences_and_reasons),
		TEST(what_version_7_held_means_the_same),
		TEST(what_version_7_told_counts_as_reported),
		TEST(version_7_goes_on_with_the_next_scan),
		TEST(refuses_a_version_below_zero),
		TEST(runs_the_steps_that_are_missing_in_order),
		TEST(a_step_that_fails_leaves_the_file_at_its_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
