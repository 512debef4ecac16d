/* SPDX-License-Identifier: Apache-2.0 */
/* Months in a moment: the schedule against a clock that is told what time it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/clock.h"
#include "base/size.h"
#include "daemon/run/schedule.h"

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

struct start {
	int64_t monotonic_us, wall_us, late_us;
};

/* A daemon without anything but its schedule. */
struct run {
	struct arena arena;
	struct schedule_terms terms;
	struct hours windows[4];
	struct schedule schedule;
	struct schedule_now now;
	int64_t scan_us; /* how long each scan takes */
	struct start starts[20000];
	size_t count;
	size_t asked; /* times the schedule was asked */
};

static struct run run;

static int64_t when(const char *text)
{
	int64_t wall_us;
	if (!clock_parse(text, &wall_us))
		fail_msg("'%s' is no time", text);
	return wall_us;
}

static void begin(const char *at, int64_t every_us, int64_t jitter_us)
{
	memset(&run, 0, sizeof run);
	arena_init(&run.arena, 0);
	run.terms.every_us = every_us;
	run.terms.jitter_us = jitter_us;
	run.now = (struct schedule_now){17 * SECOND, when(at)};
	run.scan_us = SECOND;
	schedule_init(&run.schedule, 4, run.now);
}

static void windows(const char *zone, const char *const *texts, size_t count)
{
	struct zone *found;
	const char *error;
	assert_int_equal(zone_load(zone, &run.arena, &found), 0);
	for (size_t i = 0; i < count; i++)
		assert_true(hours_parse(texts[i], &run.windows[i], &error));
	run.terms.windows = run.windows;
	run.terms.n_windows = count;
	run.terms.zone = found;
}

static void window(const char *zone, const char *text)
{
	windows(zone, &text, 1);
}

static void finish(void)
{
	arena_fini(&run.arena);
}

static void pass(int64_t us)
{
	run.now.monotonic_us += us;
	run.now.wall_us += us;
}

static void start(const struct schedule_step *step)
{
	struct start *at = &run.starts[run.count++];
	assert_true(run.count < ARRAY_SIZE(run.starts));
	*at = (struct start){run.now.monotonic_us, run.now.wall_us, step->late_us};
	schedule_started(&run.schedule, &run.terms, run.now);
	pass(run.scan_us);
}

/* Until the clock on the wall has gone on by that much. */
static void live(int64_t us)
{
	int64_t end_us = run.now.monotonic_us + us;
	while (run.now.monotonic_us < end_us) {
		struct schedule_step step =
			schedule_next(&run.schedule, &run.terms, run.now);
		run.asked++;
		if (step.start) {
			start(&step);
			continue;
		}
		assert_true(step.wait_us > 0);
		int64_t left_us = end_us - run.now.monotonic_us;
		pass(step.wait_us < left_us ? step.wait_us : left_us);
	}
}

static void starts_at(size_t index, const char *at)
{
	char text[32];
	assert_true(index < run.count);
	clock_format_short(run.starts[index].wall_us, text, sizeof text);
	assert_string_equal(text, at);
}

/* ---- turns ------------------------------------------------------------------- */

static void a_month_of_five_minutes_is_8928_scans(void **state)
{
	(void)state;
	begin("2028-01-30T00:00:00Z", 5 * MINUTE, 0); /* with a leap day */
	live(31 * DAY);
	assert_int_equal(run.count, 31 * 24 * 12);
	starts_at(0, "2028-01-30 00:00:00Z");
	starts_at(30 * 288, "2028-02-29 00:00:00Z");
	starts_at(31 * 288 - 1, "2028-02-29 23:55:00Z");
	for (size_t i = 0; i < run.count; i++)
		assert_int_equal(run.starts[i].late_us, 0);
	assert_true(run.asked <= 2 * run.count + 1); /* it sleeps in between */
	finish();
}

static void jitter_delays_each_scan_and_does_not_add_up(void **state)
{
	(void)state;
	int64_t least = INT64_MAX, most = 0;
	begin("2026-11-01T00:00:00Z", 5 * MINUTE, 30 * SECOND);
	live(30 * DAY);
	assert_int_equal(run.count, 30 * 288);
	assert_int_equal(run.starts[0].monotonic_us, 17 * SECOND);
	for (size_t i = 1; i < run.count; i++) {
		int64_t delay = run.starts[i].monotonic_us - 17 * SECOND -
				(int64_t)i * 5 * MINUTE;
		assert_in_range(delay, 0, 30 * SECOND);
		assert_int_equal(run.starts[i].late_us, 0);
		least = delay < least ? delay : least;
		most = delay > most ? delay : most;
	}
	assert_true(least < SECOND && most > 29 * SECOND);
	finish();
}

static void two_seeds_have_two_jitters(void **state)
{
	(void)state;
	int64_t first;
	begin("2026-11-01T00:00:00Z", 5 * MINUTE, 30 * SECOND);
	live(HOUR);
	first = run.starts[1].monotonic_us;
	finish();
	begin("2026-11-01T00:00:00Z", 5 * MINUTE, 30 * SECOND);
	schedule_init(&run.schedule, 5, run.now);
	live(HOUR);
	assert_int_not_equal(run.starts[1].monotonic_us, first);
	finish();
}

static void a_scan_that_takes_too_long_makes_the_next_late_by_so_much(void **state)
{
	(void)state;
	begin("2026-11-01T00:00:00Z", 5 * MINUTE, 0);
	run.scan_us = 5 * MINUTE + 42 * SECOND;
	live(SECOND);
	run.scan_us = SECOND;
	live(10 * MINUTE);
	assert_int_equal(run.count, 4);
	assert_int_equal(run.starts[0].late_us, 0);
	assert_int_equal(run.starts[1].late_us, 42 * SECOND);
	starts_at(2, "2026-11-01 00:10:00Z"); /* as if nothing had been */
	assert_int_equal(run.starts[2].late_us, 0);
	finish();
}

static void turns_that_a_scan_made_impossible_are_not_made_up_for(void **state)
{
	(void)state;
	begin("2026-11-01T00:00:00Z", MINUTE, 0);
	run.scan_us = HOUR;
	live(SECOND);
	run.scan_us = SECOND;
	live(10 * MINUTE);
	assert_int_equal(run.starts[1].late_us, 59 * MINUTE);
	starts_at(1, "2026-11-01 01:00:00Z");
	starts_at(2, "2026-11-01 01:01:00Z");
	assert_int_equal(run.count, 11);
	finish();
}

static void scans_longer_than_their_turn_follow_one_another(void **state)
{
	(void)state;
	begin("2026-11-01T00:00:00Z", MINUTE, 10 * SECOND);
	run.scan_us = 7 * MINUTE;
	live(70 * MINUTE);
	assert_in_range(run.count, 9, 10);
	for (size_t i = 1; i < run.count; i++)
		assert_true(
			run.starts[i].monotonic_us - run.starts[i - 1].monotonic_us >=
			7 * MINUTE);
	finish();
}

static void other_terms_hold_from_the_last_turn_on(void **state)
{
	(void)state;
	begin("2026-11-01T00:00:00Z", HOUR, 0);
	live(10 * MINUTE);
	run.terms.every_us = 15 * MINUTE;
	live(10 * MINUTE);
	assert_int_equal(run.count, 2);
	starts_at(1, "2026-11-01 00:15:00Z");
	run.terms.every_us = MINUTE; /* is over already */
	live(SECOND);
	starts_at(2, "2026-11-01 00:20:00Z");
	finish();
}

/* A day's jitter must not hold back what is to be every minute from now on. */
static void other_terms_hold_for_a_scan_that_waits_already(void **state)
{
	(void)state;
	begin("2026-11-01T00:00:00Z", DAY, DAY);
	live(DAY + SECOND); /* the second turn has come, its jitter runs */
	assert_int_equal(run.count, 1);
	assert_true(run.schedule.due_us > run.now.monotonic_us + HOUR);
	run.terms.every_us = MINUTE;
	run.terms.jitter_us = 0;
	schedule_renew(&run.schedule, run.now);
	live(10 * MINUTE);
	assert_int_equal(run.count, 11);
	for (size_t i = 0; i < run.count; i++)
		assert_int_equal(run.starts[i].late_us, 0);
	finish();
}

static void the_same_terms_again_and_again_change_nothing(void **state)
{
	(void)state;
	int64_t starts[20];
	begin("2026-11-01T00:00:00Z", 10 * MINUTE, 10 * MINUTE);
	live(3 * HOUR);
	size_t count = run.count;
	assert_in_range(count, 10, ARRAY_SIZE(starts));
	for (size_t i = 0; i < count; i++)
		starts[i] = run.starts[i].monotonic_us;
	finish();
	begin("2026-11-01T00:00:00Z", 10 * MINUTE, 10 * MINUTE);
	while (run.now.monotonic_us < 17 * SECOND + 3 * HOUR) {
		live(30 * SECOND);
		schedule_renew(&run.schedule, run.now);
	}
	assert_true(run.count >= count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(run.starts[i].monotonic_us, starts[i]);
	finish();
}

/* ---- the clock on the wall is set -------------------------------------------- */

static void steps_of_the_clock_change_no_turn(void **state)
{
	(void)state;
	static const int64_t steps[] = {400 * DAY, -800 * DAY, HOUR, -HOUR, 1, -1};
	begin("2026-11-01T00:00:00Z", 5 * MINUTE, 0);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		live(HOUR);
		run.now.wall_us += steps[i];
	}
	assert_int_equal(run.count, 6 * 12);
	for (size_t i = 1; i < run.count; i++) {
		assert_int_equal(
			run.starts[i].monotonic_us - run.starts[i - 1].monotonic_us,
			5 * MINUTE);
		assert_int_equal(run.starts[i].late_us, 0);
	}
	finish();
}

static void a_window_goes_by_the_clock_as_it_is_now(void **state)
{
	(void)state;
	begin("2026-11-02T12:00:00Z", 5 * MINUTE, 0); /* a Monday */
	window("UTC", "weekdays 20:00-06:00");
	live(HOUR);
	assert_int_equal(run.count, 0);
	run.now.wall_us = when("2026-11-02T21:00:00Z");
	live(HOUR);
	assert_true(run.count >= 11); /* it was seen within a minute */
	run.count = 0;
	run.now.wall_us = when("2026-11-02T13:00:00Z");
	live(HOUR);
	assert_int_equal(run.count, 0);
	finish();
}

/* ---- windows ------------------------------------------------------------------ */

static void the_first_scan_waits_for_a_window_and_says_when_it_opens(void **state)
{
	(void)state;
	begin("2026-11-02T12:00:30Z", 5 * MINUTE, 0);
	window("Europe/Berlin", "weekdays 20:00-06:00");
	struct schedule_step step = schedule_next(&run.schedule, &run.terms, run.now);
	assert_false(step.start);
	assert_true(step.held);
	assert_true(step.at_wall_us == when("2026-11-02T19:00:00Z"));
	live(8 * HOUR);
	starts_at(0, "2026-11-02 19:00:00Z");
	assert_int_equal(run.starts[0].late_us, 0);
	starts_at(1, "2026-11-02 19:05:00Z");
	finish();
}

static void no_scan_starts_outside_of_the_windows(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"weekdays 20:00-06:00", "sat,sun 00:00-03:00"};
	size_t weeks = 2;
	begin("2026-03-02T06:00:00Z", 10 * MINUTE, 10 * MINUTE);
	windows("America/New_York", texts, 2);
	live((int64_t)weeks * 7 * DAY);
	for (size_t i = 0; i < run.count; i++)
		assert_true(hours_contain(run.windows, 2,
			zone_local_s(run.terms.zone, run.starts[i].wall_us / SECOND)));
	/* 5 nights of 10 hours, of which Friday's has Saturday's too, and Sunday's. */
	assert_in_range(run.count, weeks * (50 + 3) * 6 - weeks * 12, weeks * 53 * 6);
	finish();
}

static void a_windows_opening_has_jitter_too(void **state)
{
	(void)state;
	begin("2026-11-01T12:00:00Z", DAY, 30 * MINUTE);
	window("UTC", "02:00-04:00");
	live(20 * DAY);
	assert_int_equal(run.count, 20);
	assert_true(run.starts[0].wall_us > when("2026-11-02T02:00:00Z"));
	for (size_t i = 0; i < run.count; i++)
		assert_in_range(
			run.starts[i].wall_us % DAY, 2 * HOUR, 2 * HOUR + 30 * MINUTE);
	finish();
}

static void jitter_ends_with_the_window(void **state)
{
	(void)state;
	begin("2026-11-01T12:00:00Z", DAY, DAY);
	window("UTC", "02:00-02:10");
	live(30 * DAY);
	assert_int_equal(run.count, 30);
	for (size_t i = 0; i < run.count; i++)
		assert_in_range(
			run.starts[i].wall_us % DAY, 2 * HOUR, 2 * HOUR + 10 * MINUTE);
	finish();
}

/* Once a night, and no night is left out or done twice. */
static void every_night_from(const char *day)
{
	begin(day, DAY, 0);
	run.now.wall_us += 12 * HOUR;
	window("Europe/Berlin", "03:30-04:00");
	live(21 * DAY);
	assert_int_equal(run.count, 21);
	for (size_t i = 0; i < run.count; i++) {
		int64_t local_s =
			zone_local_s(run.terms.zone, run.starts[i].wall_us / SECOND);
		assert_in_range(local_s % 86400, 12600, 14399);
		assert_int_equal(local_s / 86400, when(day) / DAY + 1 + (int64_t)i);
	}
	finish();
}

static void a_nightly_scan_keeps_its_night_when_the_clock_changes(void **state)
{
	(void)state;
	every_night_from("2026-03-20");
	every_night_from("2026-10-15");
}

/* 2026-03-29: after 01:59:59 comes 03:00:00 in Berlin. */
static void a_window_in_the_hour_that_is_skipped_is_not_that_week(void **state)
{
	(void)state;
	begin("2026-03-28T23:00:00Z", MINUTE, 0);
	window("Europe/Berlin", "sun 02:00-03:00");
	struct schedule_step step = schedule_next(&run.schedule, &run.terms, run.now);
	assert_true(step.at_wall_us == when("2026-04-05T00:00:00Z"));
	live(4 * HOUR);
	assert_int_equal(run.count, 0);
	finish();
	begin("2026-03-28T23:00:00Z", MINUTE, 0);
	window("Europe/Berlin", "sun 01:00-04:00");
	live(4 * HOUR);
	assert_int_equal(run.count, 120); /* three hours on the wall are two */
	finish();
}

/* 2026-10-25: after 02:59:59 comes 02:00:00 in Berlin. */
static void a_window_in_the_hour_that_comes_twice_is_twice_as_long(void **state)
{
	(void)state;
	begin("2026-10-24T23:00:00Z", MINUTE, 0);
	window("Europe/Berlin", "sun 02:00-03:00");
	live(5 * HOUR);
	assert_int_equal(run.count, 120);
	starts_at(0, "2026-10-25 00:00:00Z");
	finish();
}

static void a_window_crosses_the_leap_day(void **state)
{
	(void)state;
	begin("2028-02-29T12:00:00Z", HOUR, 0); /* a Tuesday */
	window("UTC", "tue 22:00-02:00");
	live(DAY);
	assert_int_equal(run.count, 4);
	starts_at(0, "2028-02-29 22:00:00Z");
	starts_at(3, "2028-03-01 01:00:00Z");
	finish();
}

/* Not because the window that had its scans is about to close. */
static void a_window_that_had_a_scan_gets_none_early(void **state)
{
	(void)state;
	begin("2026-11-02T20:00:00Z", 10 * HOUR, 0);
	window("UTC", "20:00-05:30");
	live(25 * HOUR);
	assert_int_equal(run.count, 2);
	starts_at(1, "2026-11-03 20:00:00Z");
	finish();
}

static void a_scan_that_outlasts_its_window_ends_and_the_next_waits(void **state)
{
	(void)state;
	begin("2026-11-02T20:00:00Z", HOUR, 0);
	window("UTC", "20:00-21:30");
	run.scan_us = 3 * HOUR;
	live(25 * HOUR);
	assert_int_equal(run.count, 2);
	starts_at(1, "2026-11-03 20:00:00Z");
	assert_int_equal(run.starts[1].late_us, 0);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_month_of_five_minutes_is_8928_scans),
		cmocka_unit_test(jitter_delays_each_scan_and_does_not_add_up),
		cmocka_unit_test(two_seeds_have_two_jitters),
		cmocka_unit_test(
			a_scan_that_takes_too_long_makes_the_next_late_by_so_much),
		cmocka_unit_test(turns_that_a_scan_made_impossible_are_not_made_up_for),
		cmocka_unit_test(scans_longer_than_their_turn_follow_one_another),
		cmocka_unit_test(other_terms_hold_from_the_last_turn_on),
		cmocka_unit_test(other_terms_hold_for_a_scan_that_waits_already),
		cmocka_unit_test(the_same_terms_again_and_again_change_nothing),
		cmocka_unit_test(steps_of_the_clock_change_no_turn),
		cmocka_unit_test(a_window_goes_by_the_clock_as_it_is_now),
		cmocka_unit_test(
			the_first_scan_waits_for_a_window_and_says_when_it_opens),
		cmocka_unit_test(no_scan_starts_outside_of_the_windows),
		cmocka_unit_test(a_windows_opening_has_jitter_too),
		cmocka_unit_test(jitter_ends_with_the_window),
		cmocka_unit_test(a_nightly_scan_keeps_its_night_when_the_clock_changes),
		cmocka_unit_test(a_window_in_the_hour_that_is_skipped_is_not_that_week),
		cmocka_unit_test(
			a_window_in_the_hour_that_comes_twice_is_twice_as_long),
		cmocka_unit_test(a_window_crosses_the_leap_day),
		cmocka_unit_test(a_window_that_had_a_scan_gets_none_early),
		cmocka_unit_test(
			a_scan_that_outlasts_its_window_ends_and_the_next_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
