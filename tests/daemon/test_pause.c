/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/size.h"
#include "daemon/notify/pause.h"

static int64_t at(const char *time)
{
	int64_t us;

	assert_true(clock_parse(time, &us));
	return us;
}

static uint32_t pause_of(
	const struct notify_sink *sink, const char *oldest, const char *now)
{
	return pause_ms(sink, at(oldest), at(now));
}

static void without_wishes_all_is_told_now(void **state)
{
	struct notify_sink sink = {.name = "a"};

	(void)state;
	assert_int_equal(
		pause_of(&sink, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), 0);
}

static void a_digest_waits_for_its_oldest_notice(void **state)
{
	struct notify_sink sink = {.name = "a", .digest_ms = 90000};

	(void)state;
	assert_int_equal(
		pause_of(&sink, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), 60000);
	assert_int_equal(
		pause_of(&sink, "2026-01-01T00:00:00Z", "2026-01-01T00:01:20Z"), 10000);
	assert_int_equal(
		pause_of(&sink, "2026-01-01T00:00:00Z", "2026-01-01T00:01:30Z"), 0);
	assert_int_equal(
		pause_of(&sink, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"), 0);
	/* The clock was set back. */
	assert_int_equal(
		pause_of(&sink, "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z"), 0);
}

static void quiet_hours_hold_minute_by_minute(void **state)
{
	struct hours night;
	const char *error;
	struct arena arena;
	struct zone *zone;
	struct notify_sink sink = {.name = "a", .quiet = &night, .n_quiet = 1};

	(void)state;
	arena_init(&arena, 0);
	assert_int_equal(zone_load("Europe/Berlin", &arena, &zone), 0);
	assert_true(hours_parse("weekdays 22:00-06:00", &night, &error));
	sink.zone = zone;
	/* 2026-01-05 is a Monday; Berlin is an hour ahead. */
	assert_int_equal(
		pause_of(&sink, "2026-01-05T00:00:00Z", "2026-01-05T20:59:59Z"), 0);
	assert_int_equal(
		pause_of(&sink, "2026-01-05T00:00:00Z", "2026-01-05T21:00:00Z"), 60000);
	assert_int_equal(
		pause_of(&sink, "2026-01-05T00:00:00Z", "2026-01-06T04:59:59Z"), 1000);
	assert_int_equal(
		pause_of(&sink, "2026-01-05T00:00:00Z", "2026-01-06T05:00:00Z"), 0);
	/* In summer two, and a digest that is due waits as well. */
	sink.digest_ms = 1000;
	assert_int_equal(
		pause_of(&sink, "2026-07-06T00:00:00Z", "2026-07-06T20:00:30Z"), 30000);
	assert_int_equal(
		pause_of(&sink, "2026-07-06T00:00:00Z", "2026-07-06T19:59:30Z"), 0);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_wishes_all_is_told_now),
		cmocka_unit_test(a_digest_waits_for_its_oldest_notice),
		cmocka_unit_test(quiet_hours_hold_minute_by_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
