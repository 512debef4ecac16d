/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/store/fixture.h"

static const struct store_silence sample = {
	.vantage = "paris",
	.host = "a*",
	.group = "",
	.rule = "r",
	.check = "tcp/1",
	.from_us = 10 * SECOND,
	.until_us = 20 * SECOND,
	.why = "new switch",
};

struct found {
	struct store_silence row;
	char host[32], why[32];
	int count;
};

static bool take(void *data, const struct store_silence *row)
{
	struct found *found = data;

	found->row = *row;
	snprintf(found->host, sizeof found->host, "%s", row->host);
	snprintf(found->why, sizeof found->why, "%s", row->why);
	return ++found->count < 2;
}

static void keeps_what_it_is_given(void **state)
{
	struct bed *bed = *state;
	struct found found = {.count = 0};
	int64_t id;

	bed_open(bed, STORE_WRITE);
	assert_int_equal(store_silence_add(bed->store, &sample, &id), 0);
	assert_int_equal(id, 1);
	bed_close(bed);
	bed_open(bed, STORE_READ);
	assert_int_equal(store_silence_list(bed->store, take, &found), 0);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.row.id, 1);
	assert_int_equal(found.row.from_us, 10 * SECOND);
	assert_int_equal(found.row.until_us, 20 * SECOND);
	assert_int_equal(found.row.ended_us, 0);
	assert_int_equal(found.row.after_scan, 0);
	assert_string_equal(found.host, "a*");
	assert_string_equal(found.why, "new switch");
	assert_int_equal(store_silence_add(bed->store, &sample, &id), -EROFS);
	assert_int_equal(store_silence_end(bed->store, 1, 1), -EROFS);
}

static void ends_once_and_before_its_time_alone(void **state)
{
	struct bed *bed = *state;
	struct found found = {.count = 0};
	int64_t id;

	bed_open(bed, STORE_WRITE);
	assert_int_equal(store_silence_end(bed->store, 1, 1), -ENOENT);
	assert_int_equal(store_silence_add(bed->store, &sample, &id), 0);
	assert_int_equal(store_silence_end(bed->store, 1, 20 * SECOND), -EINVAL);
	assert_int_equal(store_silence_end(bed->store, 1, 15 * SECOND), 0);
	assert_int_equal(store_silence_end(bed->store, 1, 16 * SECOND), -EINVAL);
	assert_non_null(strstr(store_last_error(bed->store), "has ended"));
	assert_int_equal(store_silence_list(bed->store, take, &found), 0);
	assert_int_equal(found.row.ended_us, 15 * SECOND);
}

static void a_list_stops_when_it_is_told_to(void **state)
{
	struct bed *bed = *state;
	struct found found = {.count = 0};
	int64_t id;

	bed_open(bed, STORE_WRITE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(store_silence_add(bed->store, &sample, &id), 0);
	assert_int_equal(store_silence_list(bed->store, take, &found), 0);
	assert_int_equal(found.count, 2);
	assert_int_equal(found.row.id, 2);
}

static void notes_are_taken_beside_a_writer(void **state)
{
	struct bed *bed = *state;
	struct store *beside;
	struct found found = {.count = 0};
	int64_t id, scan;

	bed_open(bed, STORE_WRITE);
	SCAN(bed->store, "paris", SEEN("a", "tcp/1", "open"));
	scan = begin(bed->store, "paris", 0);
	assert_int_equal(store_open(bed->path, STORE_NOTE, &beside, &bed->error), 0);
	assert_int_equal(store_silence_add(beside, &sample, &id), 0);
	assert_int_equal(store_baseline_save(beside, "b", 1, 1, false), 0);
	/* But no scan is. */
	assert_int_equal(store_scan_begin(beside, "paris", 1, &id), -EROFS);
	store_close(beside);
	assert_int_equal(store_silence_list(bed->store, take, &found), 0);
	assert_int_equal(found.count, 1);
	/* The running one is none to compare with. */
	assert_int_equal(found.row.after_scan, 1);
	/* What runs is not marked interrupted by who takes notes. */
	assert_int_equal(store_scan_interrupt(bed->store, scan), 0);
}

static void notes_need_a_store(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(
		store_open(bed->path, STORE_NOTE, &bed->store, &bed->error), -ENOENT);
	assert_non_null(strstr(bed->error.text, "there is no store"));
	assert_int_equal(access(bed->path, F_OK), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keeps_what_it_is_given),
		TEST(ends_once_and_before_its_time_alone),
		TEST(a_list_stops_when_it_is_told_to),
		TEST(notes_are_taken_beside_a_writer),
		TEST(notes_need_a_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
