/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/hours.h"
#include "base/size.h"

/* 1970-01-05 was a Monday. */
static int64_t at(int weekday, int hour, int minute)
{
	return ((4 + weekday) * 24 + hour) * INT64_C(3600) + minute * 60;
}

static struct hours read(const char *text)
{
	struct hours hours;
	const char *error;
	if (!hours_parse(text, &hours, &error))
		fail_msg("'%s': %s", text, error);
	return hours;
}

static bool contains(const char *text, int weekday, int hour, int minute)
{
	struct hours hours = read(text);
	return hours_contain(&hours, 1, at(weekday, hour, minute));
}

static void reads_days_and_times(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		struct hours hours;
	} cases[] = {
		{"daily", {0x7f, 0, 1440}},
		{"weekdays", {0x1f, 0, 1440}},
		{"Weekends", {0x60, 0, 1440}},
		{"mon", {0x01, 0, 1440}},
		{"SUN", {0x40, 0, 1440}},
		{"mon,wed,fri", {0x15, 0, 1440}},
		{"mon-fri", {0x1f, 0, 1440}},
		{"sat-mon", {0x61, 0, 1440}},
		{"sun-sun", {0x40, 0, 1440}},
		{"mon-tue,sun", {0x43, 0, 1440}},
		{"20:00-06:00", {0x7f, 1200, 360}},
		{"weekdays 20:00-06:00", {0x1f, 1200, 360}},
		{"sat  00:00-24:00", {0x20, 0, 1440}},
		{"sat 23:59-24:00", {0x20, 1439, 1440}},
		{"daily 22:00-00:00", {0x7f, 1320, 0}},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct hours hours = read(cases[i].text);
		assert_int_equal(hours.days, cases[i].hours.days);
		assert_int_equal(hours.from_min, cases[i].hours.from_min);
		assert_int_equal(hours.to_min, cases[i].hours.to_min);
	}
}

static void refuses_what_says_nothing_clear(void **state)
{
	(void)state;
	static const struct {
		const char *text, *part;
	} cases[] = {
		{"", "its days must be"},
		{"workdays", "its days must be"},
		{"mon,", "its days must be"},
		{"mon-", "its days must be"},
		{",mon", "its days must be"},
		{"mon;tue", "its days must be"},
		{"monday", "its days must be"},
		{"weekdays,sat", "its days must be"},
		{" mon", "its days must be"},
		{"mon ", "its times must be"},
		{"mon 8:00-9:00", "its times must be"},
		{"mon 08:00", "its times must be"},
		{"mon 08:00-", "its times must be"},
		{"mon 08:00-09:00 ", "its times must be"},
		{"mon 08:60-09:00", "its times must be"},
		{"mon 24:00-09:00", "its times must be"},
		{"mon 08:00-24:01", "its times must be"},
		{"08", "its times must be"},
		{"08:00-09:00 mon", "its times must be"},
		{"mon 08:00-08:00", "for the whole day write 00:00-24:00"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct hours hours;
		const char *error = NULL;
		assert_false(hours_parse(cases[i].text, &hours, &error));
		assert_non_null(strstr(error, cases[i].part));
	}
}

static void the_end_is_not_inside(void **state)
{
	(void)state;
	assert_false(contains("mon 08:00-18:00", 0, 7, 59));
	assert_true(contains("mon 08:00-18:00", 0, 8, 0));
	assert_true(contains("mon 08:00-18:00", 0, 17, 59));
	assert_false(contains("mon 08:00-18:00", 0, 18, 0));
	assert_false(contains("mon 08:00-18:00", 1, 12, 0));
}

static void what_crosses_midnight_is_of_the_day_it_starts_on(void **state)
{
	(void)state;
	assert_false(contains("weekdays 20:00-06:00", 0, 5, 59)); /* of Sunday */
	assert_true(contains("weekdays 20:00-06:00", 0, 20, 0));
	assert_true(contains("weekdays 20:00-06:00", 1, 5, 59));
	assert_false(contains("weekdays 20:00-06:00", 1, 6, 0));
	assert_true(contains("weekdays 20:00-06:00", 5, 5, 59)); /* of Friday */
	assert_false(contains("weekdays 20:00-06:00", 5, 20, 0));
	assert_true(contains("sun 20:00-06:00", 0, 5, 59)); /* over the week's end */
	assert_true(contains("daily 22:00-00:00", 6, 23, 59));
	assert_false(contains("daily 22:00-00:00", 6, 0, 0));
}

static void any_of_several_will_do(void **state)
{
	(void)state;
	struct hours hours[] = {read("weekdays 20:00-06:00"), read("weekends")};
	assert_true(hours_contain(hours, 2, at(5, 12, 0)));
	assert_true(hours_contain(hours, 2, at(0, 21, 0)));
	assert_false(hours_contain(hours, 2, at(0, 12, 0)));
	assert_false(hours_contain(hours, 0, at(5, 12, 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_days_and_times),
		cmocka_unit_test(refuses_what_says_nothing_clear),
		cmocka_unit_test(the_end_is_not_inside),
		cmocka_unit_test(what_crosses_midnight_is_of_the_day_it_starts_on),
		cmocka_unit_test(any_of_several_will_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
