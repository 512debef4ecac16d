/* SPDX-License-Identifier: Apache-2.0 */
/* Cases that read like sentences; test_model.c compares all pairs of random scans. */
#include <sqlite3.h>

#include "store/internal.h"
#include "tests/store/fixture.h"

struct log {
	char text[1024];
	size_t count, stop_at;
};

/* "host check from>to" with identities and reasons where there are any. */
static bool on_change(void *data, const struct store_change *change)
{
	struct log *log = data;
	size_t used = strlen(log->text);

	snprintf(log->text + used, sizeof log->text - used, "%s %s %s%s>%s%s;",
		change->host, change->check, change->from_state, change->from_identity,
		change->to_state, change->to_identity);
	log->count++;
	return log->count != log->stop_at;
}

static struct log changes(struct store *store, int64_t a, int64_t b)
{
	struct log log = {0};

	assert_int_equal(store_changes(store, a, b, on_change, &log), 0);
	return log;
}

#define assert_changes(store, a, b, expected) \
	assert_string_equal(changes(store, a, b).text, expected)

static void tells_what_changed_and_nothing_else(void **state)
{
	struct bed *bed = *state;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"),
		SEEN("a", "tcp/2", "open"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "filtered"),
		SEEN("a", "tcp/2", "open"));
	assert_changes(bed->store, 1, 2, "a tcp/1 open>filtered;");
	assert_changes(bed->store, 1, 1, "");
	assert_changes(bed->store, 2, 2, "");
}

static void there_and_back_is_no_change(void **state)
{
	struct bed *bed = *state;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "filtered"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "closed"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	assert_changes(bed->store, 1, 4, "");
	assert_changes(bed->store, 1, 3, "a tcp/1 open>closed;");
	assert_changes(bed->store, 2, 4, "a tcp/1 filtered>open;");
	assert_changes(bed->store, 2, 3, "a tcp/1 filtered>closed;");
}

static void another_reason_is_no_change_and_another_identity_is(void **state)
{
	struct bed *bed = *state;

	SCAN(bed->store, "paris",
		SEEN("a", "tcp/1", "partial", .reason = "x", .identity = "v4"));
	SCAN(bed->store, "paris",
		SEEN("a", "tcp/1", "partial", .reason = "y", .identity = "v4"));
	SCAN(bed->store, "paris",
		SEEN("a", "tcp/1", "partial", .reason = "y", .identity = "v6"));
	assert_changes(bed->store, 1, 2, "");
	assert_changes(bed->store, 2, 3, "a tcp/1 partialv4>partialv6;");
	assert_changes(bed->store, 1, 3, "a tcp/1 partialv4>partialv6;");
}

static void flows_that_come_and_go_have_one_side(void **state)
{
	struct bed *bed = *state;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "paris", SEEN("b", "tcp/1", "closed"));
	SCAN(bed->store, "paris", SEEN("b", "tcp/1", "closed"),
		SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "paris", SEEN("b", "tcp/1", "closed"));
	assert_changes(bed->store, 1, 2, "b tcp/1 >closed;a tcp/1 open>;");
	assert_changes(bed->store, 2, 3, "a tcp/1 >open;");
	/* Away in between, and the same on both sides. */
	assert_changes(bed->store, 1, 3, "b tcp/1 >closed;");
	/* Removed twice, told once. */
	assert_changes(bed->store, 1, 4, "b tcp/1 >closed;a tcp/1 open>;");
	assert_changes(bed->store, 2, 4, "");
}

static void gaps_are_no_changes(void **state)
{
	struct bed *bed = *state;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "paris", UNMEASURED("a", "tcp/1", "no-descriptor"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "filtered"));
	assert_changes(bed->store, 1, 2, "");
	assert_changes(bed->store, 2, 3, "a tcp/1 open>filtered;");
	assert_changes(bed->store, 1, 3, "a tcp/1 open>filtered;");
}

static bool expect_reasons(void *data, const struct store_change *change)
{
	const char *const *reasons = data;

	assert_string_equal(change->from_reason, reasons[0]);
	assert_string_equal(change->to_reason, reasons[1]);
	return true;
}

static void a_side_never_measured_has_a_reason_where_a_side_out_of_scope_has_none(
	void **state)
{
	struct bed *bed = *state;
	const char *measured[] = {"no-route", "because"};
	const char *added[] = {"", "because"};

	SCAN(bed->store, "paris", UNMEASURED("a", "tcp/1", "no-route"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"),
		SEEN("b", "tcp/1", "open"));
	assert_int_equal(changes(bed->store, 1, 2).count, 1);
	assert_int_equal(store_changes(bed->store, 1, 2, expect_reasons, measured), 0);
	assert_int_equal(changes(bed->store, 2, 3).count, 1);
	assert_int_equal(store_changes(bed->store, 2, 3, expect_reasons, added), 0);
}

static void a_flow_that_came_and_never_was_measured_is_left_out(void **state)
{
	struct bed *bed = *state;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"),
		UNMEASURED("b", "tcp/1", "x"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	assert_changes(bed->store, 1, 2, "");
	assert_changes(bed->store, 2, 3, "");
}

struct whole {
	bool called;
};

static bool expect_all_words(void *data, const struct store_change *change)
{
	((struct whole *)data)->called = true;
	assert_string_equal(change->vantage, "paris");
	assert_string_equal(change->host, "a");
	assert_string_equal(change->check, "tcp/1");
	assert_string_equal(change->from_state, "open");
	assert_string_equal(change->from_reason, "syn-ack");
	assert_string_equal(change->from_identity, "i1");
	assert_string_equal(change->to_state, "filtered");
	assert_string_equal(change->to_reason, "timeout");
	assert_string_equal(change->to_phase, "tls");
	assert_string_equal(change->to_identity, "i2");
	assert_string_equal(change->to_evidence, "{\"e\":1}");
	assert_string_equal(change->expect, "any");
	assert_string_equal(change->rules, "[\"z\"]");
	assert_string_equal(change->groups, "[]");
	assert_string_equal(change->addresses, "[]");
	return true;
}

static void a_change_has_every_word_of_both_sides(void **state)
{
	struct bed *bed = *state;
	struct whole whole = {0};

	SCAN(bed->store, "paris",
		SEEN("a", "tcp/1", "open", .reason = "syn-ack", .identity = "i1"));
	SCAN(bed->store, "paris",
		SEEN("a", "tcp/1", "filtered", .reason = "timeout", .phase = "tls",
			.identity = "i2", .evidence = "{\"e\":1}", .expect = "any",
			.rules = "[\"z\"]"));
	assert_int_equal(store_changes(bed->store, 1, 2, expect_all_words, &whole), 0);
	assert_true(whole.called);
	/* The same once the flow has moved on. */
	SCAN(bed->store, "paris",
		SEEN("a", "tcp/1", "closed", .expect = "any", .rules = "[\"z\"]"));
	whole.called = false;
	assert_int_equal(store_changes(bed->store, 1, 2, expect_all_words, &whole), 0);
	assert_true(whole.called);
}

static void scans_of_other_vantages_in_between_do_not_matter(void **state)
{
	struct bed *bed = *state;

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "lyon", SEEN("a", "tcp/1", "closed"));
	SCAN(bed->store, "lyon", SEEN("b", "tcp/1", "closed"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	assert_changes(bed->store, 1, 4, "");
	assert_changes(bed->store, 2, 3, "b tcp/1 >closed;a tcp/1 closed>;");
}

static void refuses_what_can_not_be_compared(void **state)
{
	struct bed *bed = *state;
	struct log log = {0};

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "lyon", SEEN("a", "tcp/1", "open"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	begin(bed->store, "paris", 0);
	assert_int_equal(store_changes(bed->store, 1, 2, on_change, &log), -EINVAL);
	assert_non_null(strstr(store_last_error(bed->store), "different vantages"));
	assert_int_equal(store_changes(bed->store, 3, 1, on_change, &log), -EINVAL);
	assert_non_null(strstr(store_last_error(bed->store), "scan 3 is newer than 1"));
	assert_int_equal(store_changes(bed->store, 1, 4, on_change, &log), -EINVAL);
	assert_non_null(strstr(store_last_error(bed->store), "not completed"));
	assert_int_equal(store_changes(bed->store, 1, 9, on_change, &log), -ENOENT);
	assert_int_equal(log.count, 0);
}

static void stops_when_told(void **state)
{
	struct bed *bed = *state;
	struct log log = {.stop_at = 2};

	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"),
		SEEN("a", "tcp/2", "open"));
	SCAN(bed->store, "paris", SEEN("b", "tcp/1", "open"),
		SEEN("b", "tcp/2", "open"));
	assert_int_equal(store_changes(bed->store, 1, 2, on_change, &log), 0);
	assert_int_equal(log.count, 2);
	assert_int_equal(changes(bed->store, 1, 2).count, 4);
}

/* ---- cost -------------------------------------------------------------------- */

/* Adds up the steps of full scans, the sorts and the indexes made on the fly. */
static int on_statement(unsigned kind, void *data, void *statement, void *extra)
{
	int *scanned = data;

	(void)kind;
	(void)extra;
	*scanned += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1);
	*scanned += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_SORT, 1);
	*scanned += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_AUTOINDEX, 1);
	return 0;
}

static void watch(struct store *store, int *scanned)
{
	assert_int_equal(sqlite3_trace_v2(store->db, SQLITE_TRACE_PROFILE, on_statement,
				 scanned),
		SQLITE_OK);
}

/* Pages looked at. */
static int work(struct store *store, int64_t a, int64_t b)
{
	int steps = 0;

	sqlite3_db_status(store->db, SQLITE_DBSTATUS_CACHE_HIT, &steps, &(int){0}, 1);
	changes(store, a, b);
	sqlite3_db_status(store->db, SQLITE_DBSTATUS_CACHE_HIT, &steps, &(int){0}, 1);
	return steps;
}

static struct store_row *many_rows(size_t count, char (*hosts)[32])
{
	struct store_row *rows = calloc(count, sizeof *rows);

	assert_non_null(rows);
	for (size_t i = 0; i < count; i++) {
		snprintf(hosts[i], sizeof hosts[i], "host%zu", i);
		rows[i] = (struct store_row)SEEN(hosts[i], "tcp/1", "open");
	}
	return rows;
}

static void costs_what_changed_and_not_what_there_is(void **state)
{
	enum {
		ROWS = 20000
	};
	struct bed *bed = *state;
	char(*hosts)[32] = calloc(ROWS, sizeof *hosts);
	struct store_row *rows = many_rows(ROWS, hosts);
	int scanned = 0;

	scan_rows(bed->store, "paris", rows, ROWS);
	rows[7].state = "filtered";
	scan_rows(bed->store, "paris", rows, ROWS);
	rows[7].state = "open";
	scan_rows(bed->store, "paris", rows, ROWS - 1);
	watch(bed->store, &scanned);
	assert_changes(bed->store, 1, 2, "host7 tcp/1 open>filtered;");
	assert_changes(
		bed->store, 2, 3, "host7 tcp/1 filtered>open;host19999 tcp/1 open>;");
	assert_changes(bed->store, 1, 3, "host19999 tcp/1 open>;");
	sqlite3_trace_v2(bed->store->db, 0, NULL, NULL);
	assert_int_equal(scanned, 0);
	/* Pages touched: a walk over 20000 rows takes hundreds. */
	assert_in_range(work(bed->store, 1, 2), 1, 150);
	free(rows);
	free(hosts);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup_open, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tells_what_changed_and_nothing_else),
		TEST(there_and_back_is_no_change),
		TEST(another_reason_is_no_change_and_another_identity_is),
		TEST(flows_that_come_and_go_have_one_side),
		TEST(gaps_are_no_changes),
		TEST(a_side_never_measured_has_a_reason_where_a_side_out_of_scope_has_none),
		TEST(a_flow_that_came_and_never_was_measured_is_left_out),
		TEST(a_change_has_every_word_of_both_sides),
		TEST(scans_of_other_vantages_in_between_do_not_matter),
		TEST(refuses_what_can_not_be_compared),
		TEST(stops_when_told),
		TEST(costs_what_changed_and_not_what_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
