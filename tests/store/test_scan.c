/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/store/fixture.h"

static const struct store_row row = SEEN("a", "tcp/1", "open");

static void numbers_scans_from_one_across_vantages(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(begin(bed->store, "paris", 0), 1);
	assert_int_equal(begin(bed->store, "lyon", 0), 2);
	assert_int_equal(begin(bed->store, "paris", 0), 3);
}

static void tells_what_it_was_told_of_a_scan(void **state)
{
	struct bed *bed = *state;
	struct feed feed = {.rows = &row, .count = 1};
	struct store_record what = {
		.scan = begin(bed->store, "paris", 5 * SECOND),
		.totals =
			{
				.finished_us = 9 * SECOND,
				.duration_us = 4000001,
				.flows = 11,
				.pass = 12,
				.fail = 13,
				.inconclusive = 14,
				.changes = 15,
				.degraded = true,
				.scope = UINT64_MAX - 7,
			},
		.next = feed_row,
		.next_data = &feed,
	};
	struct store_scan scan;

	assert_int_equal(store_scan_record(bed->store, &what), 0);
	assert_int_equal(store_scan_get(bed->store, 1, &scan), 0);
	assert_int_equal(scan.id, 1);
	assert_string_equal(scan.vantage, "paris");
	assert_int_equal(scan.status, STORE_SCAN_COMPLETE);
	assert_int_equal(scan.started_us, 5 * SECOND);
	assert_int_equal(scan.finished_us, 9 * SECOND);
	assert_int_equal(scan.duration_us, 4000001);
	assert_int_equal(scan.flows, 11);
	assert_int_equal(scan.pass, 12);
	assert_int_equal(scan.fail, 13);
	assert_int_equal(scan.inconclusive, 14);
	assert_int_equal(scan.changes, 15);
	assert_true(scan.degraded);
	assert_true(scan.scope == UINT64_MAX - 7);
}

static void a_scan_that_has_begun_is_running(void **state)
{
	struct bed *bed = *state;
	struct store_scan scan;

	begin(bed->store, "paris", 5 * SECOND);
	assert_int_equal(store_scan_get(bed->store, 1, &scan), 0);
	assert_int_equal(scan.status, STORE_SCAN_RUNNING);
	assert_int_equal(scan.finished_us, 0);
	assert_int_equal(store_scan_last(bed->store, "paris", &scan), -ENOENT);
}

static void never_gives_a_number_twice(void **state)
{
	struct bed *bed = *state;

	for (int64_t id = 1; id <= 5; id++) {
		assert_int_equal(begin(bed->store, "paris", 0), id);
		bed_close(bed);
		bed_open(bed, STORE_WRITE);
	}
}

static void interrupts_a_running_scan_and_only_that(void **state)
{
	struct bed *bed = *state;
	struct store_scan scan;
	int64_t id = begin(bed->store, "paris", 0);

	assert_int_equal(store_scan_interrupt(bed->store, id), 0);
	assert_int_equal(store_scan_interrupt(bed->store, id), 0);
	assert_int_equal(store_scan_get(bed->store, id, &scan), 0);
	assert_int_equal(scan.status, STORE_SCAN_INTERRUPTED);
	assert_int_equal(store_scan_interrupt(bed->store, 9), -ENOENT);
	assert_non_null(strstr(store_last_error(bed->store), "there is no scan 9"));
	id = SCAN(bed->store, "paris", row);
	assert_int_equal(store_scan_interrupt(bed->store, id), -EINVAL);
	assert_non_null(strstr(store_last_error(bed->store), "scan 2 is complete"));
}

static void records_only_a_running_scan(void **state)
{
	struct bed *bed = *state;
	struct feed feed = {.rows = &row, .count = 1};
	int64_t id = begin(bed->store, "paris", 0);

	assert_int_equal(record(bed->store, id + 1, 0, feed), -EINVAL);
	assert_int_equal(store_scan_interrupt(bed->store, id), 0);
	assert_int_equal(record(bed->store, id, 0, feed), -EINVAL);
	assert_non_null(strstr(store_last_error(bed->store), "scan 1 was not stored"));
	id = begin(bed->store, "paris", 0);
	assert_int_equal(record(bed->store, id, 0, feed), 0);
	assert_int_equal(record(bed->store, id, 0, feed), -EINVAL);
}

static void records_no_scan_older_than_a_complete_one(void **state)
{
	struct bed *bed = *state;
	struct feed feed = {.rows = &row, .count = 1};
	int64_t first = begin(bed->store, "paris", 0);
	int64_t other = begin(bed->store, "lyon", 0);
	int64_t second = begin(bed->store, "paris", 0);

	assert_int_equal(record(bed->store, second, 0, feed), 0);
	assert_int_equal(record(bed->store, first, 0, feed), -EINVAL);
	assert_int_equal(record(bed->store, other, 0, feed), 0);
}

/* ---- choosing ---------------------------------------------------------------- */

static void the_last_scan_is_the_newest_complete_one(void **state)
{
	struct bed *bed = *state;
	struct store_scan scan;

	assert_int_equal(store_scan_last(bed->store, NULL, &scan), -ENOENT);
	assert_int_equal(store_scan_last(bed->store, "paris", &scan), -ENOENT);
	assert_non_null(strstr(store_last_error(bed->store), "vantage paris"));
	SCAN(bed->store, "paris", row);
	SCAN(bed->store, "lyon", row);
	begin(bed->store, "paris", 0);
	assert_int_equal(store_scan_last(bed->store, "paris", &scan), 0);
	assert_int_equal(scan.id, 1);
	assert_int_equal(store_scan_last(bed->store, NULL, &scan), 0);
	assert_int_equal(scan.id, 2);
	assert_string_equal(scan.vantage, "lyon");
	assert_int_equal(store_scan_last(bed->store, "nowhere", &scan), -ENOENT);
}

static void finds_the_scan_of_a_time(void **state)
{
	struct bed *bed = *state;
	struct store_scan scan;
	const struct {
		const char *vantage;
		int64_t at_s, id; /* id 0: none */
	} cases[] = {
		{"paris", 99, 0},
		{"paris", 100, 1},
		{"paris", 299, 1},
		{"paris", 300, 3},
		{"paris", 9999, 3},
		{"lyon", 199, 0},
		{"lyon", 200, 2},
		{NULL, 250, 2},
		{NULL, 99, 0},
	};

	SCAN(bed->store, "paris", row); /* finishes at 100 s */
	SCAN(bed->store, "lyon", row);
	SCAN(bed->store, "paris", row);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int rc = store_scan_at(
			bed->store, cases[i].vantage, cases[i].at_s * SECOND, &scan);
		assert_int_equal(rc, cases[i].id ? 0 : -ENOENT);
		if (rc == 0)
			assert_int_equal(scan.id, cases[i].id);
	}
}

static void a_clock_that_was_set_back_does_not_change_which_scan_is_newest(void **state)
{
	struct bed *bed = *state;
	struct feed feed = {.rows = &row, .count = 1};
	struct store_scan scan;

	for (int64_t finished = 500; finished >= 300; finished -= 100) {
		int64_t id = begin(bed->store, "paris", 0);
		assert_int_equal(record(bed->store, id, finished * SECOND, feed), 0);
	}
	assert_int_equal(store_scan_last(bed->store, "paris", &scan), 0);
	assert_int_equal(scan.id, 3);
	assert_int_equal(store_scan_at(bed->store, "paris", 450 * SECOND, &scan), 0);
	assert_int_equal(scan.id, 3);
}

struct list {
	int64_t ids[8];
	size_t count, stop_at;
};

static bool on_scan(void *data, const struct store_scan *scan)
{
	struct list *list = data;

	assert_true(list->count < ARRAY_SIZE(list->ids));
	list->ids[list->count++] = scan->id;
	return list->count != list->stop_at;
}

static void lists_the_newest_first_and_no_more_than_asked(void **state)
{
	struct bed *bed = *state;
	struct list all = {0}, two = {0}, stopped = {.stop_at = 1};

	SCAN(bed->store, "paris", row);
	begin(bed->store, "lyon", 0);
	SCAN(bed->store, "paris", row);
	assert_int_equal(store_scan_list(bed->store, 100, on_scan, &all), 0);
	assert_int_equal(all.count, 3);
	assert_int_equal(all.ids[0], 3);
	assert_int_equal(all.ids[2], 1);
	assert_int_equal(store_scan_list(bed->store, 2, on_scan, &two), 0);
	assert_int_equal(two.count, 2);
	assert_int_equal(store_scan_list(bed->store, 100, on_scan, &stopped), 0);
	assert_int_equal(stopped.count, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup_open, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(numbers_scans_from_one_across_vantages),
		TEST(tells_what_it_was_told_of_a_scan),
		TEST(a_scan_that_has_begun_is_running),
		TEST(never_gives_a_number_twice),
		TEST(interrupts_a_running_scan_and_only_that),
		TEST(records_only_a_running_scan),
		TEST(records_no_scan_older_than_a_complete_one),
		TEST(the_last_scan_is_the_newest_complete_one),
		TEST(finds_the_scan_of_a_time),
		TEST(a_clock_that_was_set_back_does_not_change_which_scan_is_newest),
		TEST(lists_the_newest_first_and_no_more_than_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
