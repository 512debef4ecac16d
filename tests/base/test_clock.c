/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <time.h>

#include "base/clock.h"
#include "base/size.h"

#define SECOND INT64_C(1000000)

/* Numbers from an independent calendar (Python's datetime); the first four texts are
 * the examples of RFC 3339, section 5.8. */
static const struct {
	const char *text;
	int64_t us;
} moments[] = {
	{"1985-04-12T23:20:50.52Z", 482196050 * SECOND + 520000},
	{"1996-12-19T16:39:57-08:00", 851042397 * SECOND},
	{"1990-12-31T23:59:60Z", 662688000 * SECOND},
	{"1937-01-01T12:00:27.87+00:20", -1041337173 * SECOND + 870000},
	{"1970-01-01", 0},
	{"2000-02-29", 951782400 * SECOND},
	{"1600-02-29T00:00:00Z", -11670998400 * SECOND},
	{"0001-01-01", -62135596800 * SECOND},
	{"2026-01-31T23:59Z", 1769903940 * SECOND},
	{"2026-01-31 23:59:00z", 1769903940 * SECOND},
	{"2026-01-31t18:29:00.000000-05:30", 1769903940 * SECOND},
	{"2026-02-01T00:59+01:00", 1769903940 * SECOND},
	{"1970-01-01T00:00:00.1234567Z", 123456},
	{"9999-12-31T23:59:59.999999Z", 253402300799 * SECOND + 999999},
};

static void reads_rfc_3339(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(moments); i++) {
		int64_t us = 42;
		if (!clock_parse(moments[i].text, &us))
			fail_msg("'%s' was refused", moments[i].text);
		assert_true(us == moments[i].us);
	}
}

static void refuses_what_is_no_time(void **state)
{
	(void)state;
	static const char *const cases[] = {"", "2026", "2026-01", "26-01-31",
		"2026-1-31", "2026-13-01", "2026-00-01", "2026-01-00", "2026-01-32",
		"2026-04-31", "2026-02-29", "1900-02-29", "2026-01-31T",
		"2026-01-31T23:59", "2026-01-31T23:59:00", "2026-01-31T24:00:00Z",
		"2026-01-31T23:60:00Z", "2026-01-31T23:59:61Z", "2026-01-31T23:59:00.Z",
		"2026-01-31T23Z", "2026-01-31T23:59:00+0100",
		"2026-01-31T23:59:00+24:00", "2026-01-31T23:59:00Z ", " 2026-01-31",
		"2026-01-31  23:59Z", "2026-01-31T23:59:00 Z", "-2026-01-31",
		"20260131T235900Z", "now"};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t us = 42;
		if (clock_parse(cases[i], &us))
			fail_msg("'%s' was read", cases[i]);
		assert_int_equal(us, 42);
	}
}

static void writes_utc_with_milliseconds(void **state)
{
	(void)state;
	char buf[32];
	assert_string_equal(clock_format(1769903940 * SECOND + 123999, buf, sizeof buf),
		"2026-01-31T23:59:00.123Z");
	assert_string_equal(
		clock_format(0, buf, sizeof buf), "1970-01-01T00:00:00.000Z");
	assert_string_equal(
		clock_format(-1, buf, sizeof buf), "1969-12-31T23:59:59.999Z");
	assert_string_equal(clock_format(951782400 * SECOND, buf, sizeof buf),
		"2000-02-29T00:00:00.000Z");
	assert_string_equal(
		clock_format(INT64_MAX, buf, sizeof buf), "294247-01-10T04:00:54.775Z");
	assert_string_equal(clock_format(INT64_MIN, buf, sizeof buf),
		"-290308-12-21T19:59:05.224Z");
}

static void writes_seconds_for_people(void **state)
{
	(void)state;
	char buf[32];
	assert_string_equal(
		clock_format_short(1769903940 * SECOND + 123999, buf, sizeof buf),
		"2026-01-31 23:59:00Z");
	assert_string_equal(
		clock_format_short(-1, buf, sizeof buf), "1969-12-31 23:59:59Z");
}

static void agrees_with_gmtime_on_every_day(void **state)
{
	(void)state;
	for (int64_t day = -30000; day < 60000; day++) {
		time_t seconds = (time_t)(day * 86400 + 3661);
		char expected[32], buf[32];
		struct tm tm;
		int64_t us;
		assert_non_null(gmtime_r(&seconds, &tm));
		strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
		clock_format((int64_t)seconds * SECOND, buf, sizeof buf);
		assert_string_equal(buf, expected);
		assert_true(clock_parse(buf, &us));
		assert_true(us == (int64_t)seconds * SECOND);
	}
}

static void never_runs_backwards(void **state)
{
	(void)state;
	uint64_t last = clock_monotonic_us();
	for (int i = 0; i < 10000; i++) {
		uint64_t now = clock_monotonic_us();
		assert_true(now >= last);
		last = now;
	}
}

static void tells_the_time_of_day(void **state)
{
	(void)state;
	time_t before = time(NULL);
	int64_t now = clock_wall_us();
	/* time() may read a coarser clock, up to a tick behind. */
	assert_true(now >= (int64_t)before * SECOND);
	assert_true(now <= ((int64_t)time(NULL) + 2) * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_rfc_3339),
		cmocka_unit_test(refuses_what_is_no_time),
		cmocka_unit_test(writes_utc_with_milliseconds),
		cmocka_unit_test(writes_seconds_for_people),
		cmocka_unit_test(agrees_with_gmtime_on_every_day),
		cmocka_unit_test(never_runs_backwards),
		cmocka_unit_test(tells_the_time_of_day),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
