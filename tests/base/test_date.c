/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#include "base/date.h"

/* The C library knows the calendar too. */
static void every_day_of_some_centuries_is_the_c_librarys(void **state)
{
	(void)state;
	for (int64_t day = -200000; day < 200000; day++) {
		time_t seconds = (time_t)(day * DATE_DAY_S);
		struct tm tm;
		assert_non_null(gmtime_r(&seconds, &tm));
		struct date date = date_from_days(day);
		assert_int_equal(date.year, tm.tm_year + 1900);
		assert_int_equal(date.month, tm.tm_mon + 1);
		assert_int_equal(date.day, tm.tm_mday);
		assert_int_equal(date_to_days(date), day);
		assert_int_equal(date_weekday(day), (tm.tm_wday + 6) % 7);
	}
}

static void a_second_is_of_the_day_that_holds_it(void **state)
{
	(void)state;
	int64_t second;
	assert_int_equal(date_day_of(0, &second), 0);
	assert_int_equal(second, 0);
	assert_int_equal(date_day_of(86399, &second), 0);
	assert_int_equal(second, 86399);
	assert_int_equal(date_day_of(86400, NULL), 1);
	assert_int_equal(date_day_of(-1, &second), -1);
	assert_int_equal(second, 86399);
	assert_int_equal(date_day_of(-86400, &second), -1);
	assert_int_equal(second, 0);
}

static void a_century_is_a_leap_year_each_fourth_time(void **state)
{
	(void)state;
	assert_true(date_is_leap_year(2000));
	assert_true(date_is_leap_year(2028));
	assert_false(date_is_leap_year(2100));
	assert_false(date_is_leap_year(2026));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day_of_some_centuries_is_the_c_librarys),
		cmocka_unit_test(a_second_is_of_the_day_that_holds_it),
		cmocka_unit_test(a_century_is_a_leap_year_each_fourth_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
