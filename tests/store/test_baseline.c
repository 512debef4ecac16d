/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/store/fixture.h"

static const struct store_row row = SEEN("a", "tcp/1", "open");

static void names_a_complete_scan(void **state)
{
	struct bed *bed = *state;
	struct store_baseline baseline;

	SCAN(bed->store, "paris", row);
	assert_int_equal(
		store_baseline_save(bed->store, "before", 1, 7 * SECOND, false), 0);
	assert_int_equal(store_baseline_get(bed->store, "before", &baseline), 0);
	assert_string_equal(baseline.name, "before");
	assert_int_equal(baseline.scan, 1);
	assert_int_equal(baseline.saved_us, 7 * SECOND);
}

static void keeps_an_existing_name_unless_told_to_replace_it(void **state)
{
	struct bed *bed = *state;
	struct store_baseline baseline;

	SCAN(bed->store, "paris", row);
	SCAN(bed->store, "paris", row);
	assert_int_equal(store_baseline_save(bed->store, "x", 1, 1, false), 0);
	assert_int_equal(store_baseline_save(bed->store, "x", 2, 2, false), -EEXIST);
	assert_non_null(strstr(store_last_error(bed->store), "baseline x already"));
	assert_int_equal(store_baseline_get(bed->store, "x", &baseline), 0);
	assert_int_equal(baseline.scan, 1);
	assert_int_equal(store_baseline_save(bed->store, "x", 2, 2, true), 0);
	assert_int_equal(store_baseline_get(bed->store, "x", &baseline), 0);
	assert_int_equal(baseline.scan, 2);
	assert_int_equal(baseline.saved_us, 2);
}

static void names_no_scan_that_is_not_complete(void **state)
{
	struct bed *bed = *state;

	begin(bed->store, "paris", 0);
	assert_int_equal(store_baseline_save(bed->store, "x", 1, 1, false), -EINVAL);
	assert_int_equal(store_baseline_save(bed->store, "x", 2, 1, false), -ENOENT);
}

static void forgets_a_name(void **state)
{
	struct bed *bed = *state;
	struct store_baseline baseline;

	SCAN(bed->store, "paris", row);
	assert_int_equal(store_baseline_save(bed->store, "x", 1, 1, false), 0);
	assert_int_equal(store_baseline_remove(bed->store, "x"), 0);
	assert_int_equal(store_baseline_remove(bed->store, "x"), -ENOENT);
	assert_int_equal(store_baseline_get(bed->store, "x", &baseline), -ENOENT);
	assert_non_null(strstr(store_last_error(bed->store), "no baseline x"));
	assert_int_equal(store_baseline_save(bed->store, "x", 1, 1, false), 0);
}

struct list {
	char text[64];
	size_t stop_at, count;
};

static bool on_baseline(void *data, const struct store_baseline *baseline)
{
	struct list *list = data;

	stpcpy(list->text + strlen(list->text), baseline->name);
	return ++list->count != list->stop_at;
}

static void lists_them_as_they_were_saved(void **state)
{
	struct bed *bed = *state;
	struct list all = {0}, one = {.stop_at = 1};

	SCAN(bed->store, "paris", row);
	assert_int_equal(store_baseline_list(bed->store, on_baseline, &all), 0);
	assert_int_equal(all.count, 0);
	assert_int_equal(store_baseline_save(bed->store, "b", 1, 1, false), 0);
	assert_int_equal(store_baseline_save(bed->store, "c", 1, 2, false), 0);
	assert_int_equal(store_baseline_save(bed->store, "a", 1, 3, false), 0);
	assert_int_equal(store_baseline_list(bed->store, on_baseline, &all), 0);
	assert_string_equal(all.text, "bca");
	assert_int_equal(store_baseline_list(bed->store, on_baseline, &one), 0);
	assert_string_equal(one.text, "b");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup_open, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_a_complete_scan),
		TEST(keeps_an_existing_name_unless_told_to_replace_it),
		TEST(names_no_scan_that_is_not_complete),
		TEST(forgets_a_name),
		TEST(lists_them_as_they_were_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
