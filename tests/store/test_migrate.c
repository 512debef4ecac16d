/* SPDX-License-Identifier: Apache-2.0 */
#include <sqlite3.h>

#include "store/sql.h"
#include "tests/store/fixture.h"

enum {
	NEWEST = 5,
	TABLES = 12
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
	static const char *const drop[] = {"silence", "notice", "sink", "gap",
		"interval", "rtt_hour", "baseline", "flow", "scan", "host", "vantage",
		"word"};
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

static void adds_the_outbox_to_a_file_of_version_1(void **state)
{
	struct bed *bed = *state;

	bed_open(bed, STORE_WRITE);
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	assert_int_equal(
		sql_exec(bed->store,
			"DROP TABLE notice; DROP TABLE sink; DROP TABLE silence;"
			"ALTER TABLE scan DROP COLUMN degraded_why;PRAGMA user_version = 1"),
		0);
	bed_close(bed);
	bed_open(bed, STORE_WRITE);
	assert_int_equal(number(bed->store, "PRAGMA user_version"), NEWEST);
	assert_int_equal(number(bed->store, "SELECT count(*) FROM sink"), 0);
	assert_int_equal(number(bed->store, "SELECT count(*) FROM flow"), 1);
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

	bed_open(bed, STORE_WRITE);
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	assert_int_equal(
		sql_exec(bed->store, "DROP TABLE silence;"
				     "ALTER TABLE scan DROP COLUMN degraded_why;"
				     "ALTER TABLE sink DROP COLUMN refusals;"
				     "PRAGMA user_version = 2"),
		0);
	bed_close(bed);
	bed_open(bed, STORE_WRITE);
	assert_int_equal(store_scan_last(bed->store, "paris", &scan), 0);
	assert_int_equal(scan.flows, 1);
	assert_string_equal(scan.degraded_why, "");
	assert_int_equal(store_silence_add(bed->store, &silence, &id), 0);
	assert_int_equal(id, 1);
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
	assert_non_null(strstr(store_last_error(bed->store), "it stays at format 5"));
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
		TEST(adds_the_outbox_to_a_file_of_version_1),
		TEST(version_2_gets_silences_and_reasons),
		TEST(refuses_a_version_below_zero),
		TEST(runs_the_steps_that_are_missing_in_order),
		TEST(a_step_that_fails_leaves_the_file_at_its_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
