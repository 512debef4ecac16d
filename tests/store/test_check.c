/* SPDX-License-Identifier: Apache-2.0 */
/* Each kind of damage is made on purpose, and told. */
#include <sqlite3.h>

#include "store/upkeep.h"
#include "tests/store/fixture.h"

/* A scan that opens an incident with one flow. */
static void report_one(struct store *store)
{
	static const struct store_reported closed = {.state = "closed",
		.reason = "rst",
		.identity = "",
		.verdict = "fail",
		.incident = 1};
	static const struct store_incident incident = {.id = 1,
		.uid = "0123456789abcdef0123456789abcdef",
		.kind = "regression",
		.summary = "a is closed",
		.body = "{}",
		.flows = 1,
		.remaining = 1};
	const struct store_row rows[] = {
		SEEN("a", "tcp/1", "closed", .reported = &closed),
		UNMEASURED("c", "tcp/1", "no-route"), SEEN("d", "tcp/1", "open")};
	struct feed feed = {.rows = rows, .count = ARRAY_SIZE(rows)};
	struct store_record what = {
		.scan = begin(store, "paris", 0),
		.totals = {.finished_us = 400 * SECOND, .flows = ARRAY_SIZE(rows)},
		.next = feed_row,
		.next_data = &feed,
		.opened = &incident,
		.n_opened = 1,
	};

	assert_int_equal(store_scan_record(store, &what), 0);
}

/* A store with a flow that changed, one that left and one with gaps. */
static void make_store(struct bed *bed)
{
	bed_open(bed, STORE_WRITE);
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open", .rtt_us = 5),
		SEEN("b", "tcp/1", "open"), SEEN("c", "tcp/1", "open"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "closed"),
		UNMEASURED("c", "tcp/1", "no-route"));
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"),
		SEEN("c", "tcp/1", "open"), SEEN("d", "tcp/1", "open"));
	report_one(bed->store);
	SCAN(bed->store, "lyon", SEEN("a", "tcp/1", "open"));
	assert_int_equal(
		store_scan_interrupt(bed->store, begin(bed->store, "lyon", 0)), 0);
	assert_int_equal(store_baseline_save(bed->store, "b", 1, 0, false), 0);
	bed_close(bed);
}

static void sql(const struct bed *bed, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(bed->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

struct told {
	char text[4096];
	unsigned count, most;
};

static bool on_problem(void *data, const char *problem)
{
	struct told *told = data;

	assert_true(strlen(told->text) + strlen(problem) + 2 < sizeof told->text);
	strcat(strcat(told->text, problem), "\n");
	return ++told->count != told->most;
}

static int check(struct bed *bed, struct told *told)
{
	int rc;

	bed_open(bed, STORE_READ);
	rc = store_check(bed->store, on_problem, told);
	bed_close(bed);
	return rc;
}

static void finds_nothing_wrong_with_what_it_stored(void **state)
{
	struct bed *bed = *state;
	struct told told = {0};

	make_store(bed);
	assert_int_equal(check(bed, &told), 0);
	assert_string_equal(told.text, "");
}

static const struct {
	const char *sql, *text;
} wrongs[] = {
	{"UPDATE interval SET to_scan = 2 WHERE from_scan = 1 AND removed = 0",
		"intervals that overlap with the next one of their flow: 1"},
	{"UPDATE interval SET to_scan = 4 WHERE from_scan = 3",
		"intervals that overlap with the current state: 1"},
	{"INSERT INTO gap SELECT vantage, host, check_name, 1, 2, reason, 1 FROM gap",
		"gaps that overlap with the next one of their flow: 1"},
	{"UPDATE gap SET to_scan = 4",
		"gaps that overlap with the one that is open: 1"},
	{"UPDATE flow SET from_scan = 5 WHERE from_scan = 4",
		"flows whose state began without a complete scan of their vantage: 1"},
	{"UPDATE flow SET from_scan = 6 WHERE from_scan = 5",
		"flows whose state began without a complete scan of their vantage: 1"},
	{"UPDATE flow SET gap_from = 5 WHERE gap_from = 4",
		"flows whose gap began without a complete scan of their vantage: 1"},
	{"UPDATE scan SET vantage = 2 WHERE id = 2",
		"intervals that begin without a complete scan of their vantage: 1"},
	{"UPDATE scan SET status = 'running' WHERE id = 2",
		"intervals that end without a complete scan of their vantage: 1"},
	{"UPDATE scan SET vantage = 2 WHERE id = 2",
		"gaps that begin without a complete scan of their vantage: 1"},
	{"UPDATE scan SET vantage = 2 WHERE id = 2",
		"gaps that end without a complete scan of their vantage: 1"},
	{"UPDATE baseline SET scan = 6", "baselines of a scan that was not completed: "
					 "1"},
	{"UPDATE host SET vantage = 2 WHERE name = 'd'",
		"flows to a host of another vantage: 1"},
	{"UPDATE flow SET gap_reason = NULL",
		"open gaps with a beginning or a reason, but not both: 1"},
	{"UPDATE flow SET from_scan = NULL WHERE gap_from IS NOT NULL",
		"open gaps of flows that left the inventory: 1"},
	{"UPDATE flow SET number = 0 WHERE number = 1",
		"flows that share a number, so that their times are mixed: 1"},
	{"UPDATE rtt_hour SET cells = zeroblob(17)",
		"rows of round-trip times of an impossible size: 1"},
	{"UPDATE rtt_hour SET cells = zeroblob(4048)",
		"rows of round-trip times of an impossible size: 1"},
	{"UPDATE scan SET flows = 7 WHERE id = 4",
		"scan 4 had 7 flows, but 3 are there"},
	{"UPDATE flow SET reported_state = state WHERE number = 0",
		"flows of which a part of what was reported is missing: 1"},
	{"UPDATE flow SET reported_incident = NULL, reported_state = NULL,"
	 " reported_reason = NULL, reported_identity = NULL, reported_verdict = NULL;"
	 "UPDATE flow SET reported_incident = 1 WHERE number = 0",
		"flows of which a part of what was reported is missing: 2"},
	{"UPDATE flow SET reported_state = 1, reported_reason = 1,"
	 " reported_identity = 1, reported_verdict = 1 WHERE number = 1",
		"flows that are reported and left the inventory: 1"},
	{"UPDATE incident SET vantage = 2",
		"flows that are reported by no open incident of theirs: 1"},
	{"UPDATE incident SET closed_scan = 4, closed_us = 1",
		"flows that are reported by no open incident of theirs: 1"},
	{"UPDATE incident SET remaining = 2",
		"incidents with a wrong number of remaining flows: 1"},
	{"UPDATE incident SET remaining = 0, closed_scan = NULL",
		"incidents that are open with nothing left, or closed with something: "
		"1"},
	{"UPDATE incident SET closed_scan = 4",
		"incidents that are open with nothing left, or closed with something: "
		"1"},
	{"UPDATE flow SET gap_after = 4 WHERE gap_from = 4",
		"gaps that begin before the last measurement: 1"},
	{"UPDATE flow SET gap_after = 3 WHERE gap_from IS NULL AND vantage = 2",
		"gaps that begin before the last measurement: 1"},
	{"DELETE FROM word WHERE text = 'closed'",
		"rows of 'interval' that refer to missing rows of 'word': 1"},
};

static void tells_each_thing_that_must_not_be(void **state)
{
	struct bed *bed = *state;

	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		struct told told = {0};
		make_store(bed);
		sql(bed, wrongs[i].sql);
		assert_int_equal(check(bed, &told), 0);
		if (!strstr(told.text, wrongs[i].text))
			fail_msg("%s\nnot told, but:\n%s", wrongs[i].sql, told.text);
		bed_remove(bed);
	}
}

static void ends_when_it_is_told_to(void **state)
{
	struct bed *bed = *state;
	struct told told = {.most = 2};

	make_store(bed);
	sql(bed, "UPDATE scan SET vantage = 2 WHERE id = 2");
	assert_int_equal(check(bed, &told), 0);
	assert_int_equal(told.count, 2);
}

/* An index that says something else than its table. */
static void tells_of_damaged_pages_and_asks_no_further(void **state)
{
	struct bed *bed = *state;
	struct told told = {0};

	make_store(bed);
	sql(bed, "PRAGMA writable_schema = ON;"
		 "UPDATE sqlite_schema SET sql = replace(sql, 'from_scan)',"
		 " 'evidence)') WHERE name = 'flow_from'");
	sql(bed, "UPDATE scan SET flows = 7");
	assert_int_equal(check(bed, &told), 0);
	assert_non_null(strstr(told.text, "damaged: "));
	assert_null(strstr(told.text, "flows, but"));
}

static void a_writer_may_go_on_beside_it(void **state)
{
	struct bed *bed = *state;
	struct store *writer = NULL;
	struct told told = {0};
	int64_t id;

	make_store(bed);
	assert_int_equal(store_open(bed->path, STORE_WRITE, &writer, &bed->error), 0);
	id = begin(writer, "paris", 0);
	assert_int_equal(check(bed, &told), 0);
	assert_string_equal(told.text, "");
	assert_int_equal(store_scan_interrupt(writer, id), 0);
	store_close(writer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_nothing_wrong_with_what_it_stored),
		TEST(tells_each_thing_that_must_not_be),
		TEST(ends_when_it_is_told_to),
		TEST(tells_of_damaged_pages_and_asks_no_further),
		TEST(a_writer_may_go_on_beside_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
