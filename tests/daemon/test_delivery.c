/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/size.h"
#include "daemon/notify/delivery.h"

static int64_t at(const char *time)
{
	int64_t us;

	assert_true(clock_parse(time, &us));
	return us;
}

static uint32_t pause_of(
	const struct notify_sink *sink, const char *oldest, const char *now)
{
	return delivery_pause_ms(sink, at(oldest), at(now));
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

static void waits_twice_as_long_each_time_up_to_five_minutes(void **state)
{
	static const uint32_t wanted[] = {1000, 2000, 4000, 8000, 16000, 32000, 64000,
		128000, 256000, 300000, 300000};

	(void)state;
	for (uint32_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		assert_int_equal(delivery_retry_ms(i + 1, 0, 0), wanted[i]);
	assert_int_equal(delivery_retry_ms(UINT32_MAX, 0, 0), 300000);
}

static void chance_takes_off_half_at_most(void **state)
{
	(void)state;
	assert_int_equal(delivery_retry_ms(1, UINT32_MAX, 0), 500);
	assert_int_equal(delivery_retry_ms(1, UINT32_MAX / 2, 0), 751);
	assert_int_equal(delivery_retry_ms(99, UINT32_MAX, 0), 150000);
}

static void the_receivers_wish_counts_within_bounds(void **state)
{
	(void)state;
	assert_int_equal(delivery_retry_ms(1, 0, 60000), 60000);
	assert_int_equal(delivery_retry_ms(5, 0, 1000), 16000);
	assert_int_equal(delivery_retry_ms(1, 0, UINT64_MAX), 300000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_wishes_all_is_told_now),
		cmocka_unit_test(a_digest_waits_for_its_oldest_notice),
		cmocka_unit_test(quiet_hours_hold_minute_by_minute),
		cmocka_unit_test(waits_twice_as_long_each_time_up_to_five_minutes),
		cmocka_unit_test(chance_takes_off_half_at_most),
		cmocka_unit_test(the_receivers_wish_counts_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
