/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "base/size.h"
#include "daemon/analyze/flap.h"

#define MINUTE INT64_C(60000000)
#define BEFORE INT64_MIN

static const struct flap_limits limits = {
	.changes = 5, .within_us = 60 * MINUTE, .settle_us = 30 * MINUTE};

/* Changes every `step` minutes from `from` on, `n` of them; returns the last phase. */
static enum flap_phase change(struct flap *flap, int64_t from, int64_t step, int n)
{
	enum flap_phase phase = FLAP_NONE;

	for (int i = 0; i < n; i++)
		phase = flap_change(flap, &limits, (from + i * step) * MINUTE);
	return phase;
}

static void the_change_that_is_too_many_starts_it(void **state)
{
	struct flap flap = {0};

	(void)state;
	assert_int_equal(change(&flap, 0, 5, 4), FLAP_NONE);
	assert_int_equal(change(&flap, 20, 5, 1), FLAP_STARTED);
	assert_int_equal(change(&flap, 25, 5, 1), FLAP_ON);
	assert_int_equal(change(&flap, 30, 5, 10), FLAP_ON);
}

static void changes_far_apart_never_do(void **state)
{
	struct flap flap = {0};

	(void)state;
	/* Four an hour, day and night. */
	for (int i = 0; i < 1000; i++)
		assert_int_equal(change(&flap, i * 15, 1, 1), FLAP_NONE);
}

static void a_window_ends_before_what_is_as_old_as_it(void **state)
{
	struct flap flap = {0};

	(void)state;
	change(&flap, 0, 15, 4);
	/* At 60, the one of 0 has just left. */
	assert_int_equal(change(&flap, 60, 1, 1), FLAP_NONE);
	flap = (struct flap){0};
	change(&flap, 0, 15, 4);
	assert_int_equal(change(&flap, 59, 1, 1), FLAP_STARTED);
}

/* Hysteresis: it takes far less to go on than to start. */
static void it_goes_on_while_pauses_are_short(void **state)
{
	struct flap flap = {0};

	(void)state;
	change(&flap, 0, 5, 5);
	for (int i = 1; i < 100; i++)
		assert_int_equal(change(&flap, 20 + i * 29, 1, 1), FLAP_ON);
}

static void a_pause_forgives_everything(void **state)
{
	struct flap flap = {0};

	(void)state;
	change(&flap, 0, 5, 5);
	assert_int_equal(change(&flap, 50, 1, 1), FLAP_NONE);
	assert_false(flap.flapping);
	assert_int_equal(change(&flap, 51, 1, 3), FLAP_NONE);
	assert_int_equal(change(&flap, 54, 1, 1), FLAP_STARTED);
}

static void it_ends_once_between_two_looks(void **state)
{
	struct flap flap = {0};

	(void)state;
	change(&flap, 0, 5, 5);
	assert_int_equal(flap_look(&flap, &limits, 20 * MINUTE, 25 * MINUTE), FLAP_ON);
	assert_int_equal(flap_look(&flap, &limits, 45 * MINUTE, 49 * MINUTE), FLAP_ON);
	assert_int_equal(
		flap_look(&flap, &limits, 49 * MINUTE, 50 * MINUTE), FLAP_ENDED);
	assert_int_equal(
		flap_look(&flap, &limits, 50 * MINUTE, 55 * MINUTE), FLAP_NONE);
	assert_int_equal(flap_look(&flap, &limits, BEFORE, 90 * MINUTE), FLAP_ENDED);
}

static void what_does_not_flap_does_not_end(void **state)
{
	struct flap flap = {0};

	(void)state;
	assert_int_equal(flap_look(&flap, &limits, BEFORE, 0), FLAP_NONE);
	change(&flap, 0, 5, 4);
	assert_int_equal(flap_look(&flap, &limits, BEFORE, 90 * MINUTE), FLAP_NONE);
}

static void many_changes_need_no_more_room(void **state)
{
	static const struct flap_limits wide = {.changes = FLAP_MAX_CHANGES,
		.within_us = INT64_C(10000) * MINUTE,
		.settle_us = 30 * MINUTE};
	struct flap flap = {0};

	(void)state;
	for (int i = 1; i < FLAP_MAX_CHANGES; i++)
		assert_int_equal(flap_change(&flap, &wide, i * MINUTE), FLAP_NONE);
	assert_int_equal(
		flap_change(&flap, &wide, FLAP_MAX_CHANGES * MINUTE), FLAP_STARTED);
	for (int i = 1; i < 1000; i++)
		assert_int_equal(
			flap_change(&flap, &wide, (FLAP_MAX_CHANGES + i) * MINUTE),
			FLAP_ON);
	assert_int_equal(flap.count, FLAP_MAX_CHANGES);
}

/* Whatever comes: started and ended take turns, and quiet lies between them. */
static void starts_and_ends_take_turns(void **state)
{
	struct random_state random;

	(void)state;
	random_seed(&random, 7);
	for (int run = 0; run < 50; run++) {
		uint32_t often = 2 + random_below(&random, 20);
		struct flap flap = {0};
		bool on = false;
		for (int minute = 1; minute < 3000; minute++) {
			int64_t now = minute * MINUTE;
			bool changed = random_below(&random, often) == 0;
			enum flap_phase phase =
				changed ? flap_change(&flap, &limits, now)
					: flap_look(&flap, &limits, now - MINUTE, now);
			if (phase == FLAP_STARTED)
				assert_false(on);
			if (phase == FLAP_ENDED || phase == FLAP_ON)
				assert_true(on);
			if (phase == FLAP_STARTED || phase == FLAP_ENDED)
				on = phase == FLAP_STARTED;
			else if (phase == FLAP_NONE && changed)
				on = false; /* after a pause that was long enough */
			else if (phase == FLAP_NONE)
				assert_false(on);
		}
	}
}

static void a_timeline_passes_over_what_a_clock_was_set_back_by(void **state)
{
	int64_t times[] = {0, 5, 10, 3, 8, 20, 19, 25};
	static const int64_t wanted[] = {0, 5, 10, 10, 15, 27, 27, 33};

	(void)state;
	flap_timeline(times, ARRAY_SIZE(times));
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		assert_int_equal(times[i], wanted[i]);
	flap_timeline(times, 0);
}

static void phases_have_words(void **state)
{
	(void)state;
	assert_null(flap_phase_word(FLAP_NONE));
	assert_string_equal(flap_phase_word(FLAP_STARTED), "started");
	assert_string_equal(flap_phase_word(FLAP_ON), "on");
	assert_string_equal(flap_phase_word(FLAP_ENDED), "ended");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_change_that_is_too_many_starts_it),
		cmocka_unit_test(changes_far_apart_never_do),
		cmocka_unit_test(a_window_ends_before_what_is_as_old_as_it),
		cmocka_unit_test(it_goes_on_while_pauses_are_short),
		cmocka_unit_test(a_pause_forgives_everything),
		cmocka_unit_test(it_ends_once_between_two_looks),
		cmocka_unit_test(what_does_not_flap_does_not_end),
		cmocka_unit_test(many_changes_need_no_more_room),
		cmocka_unit_test(starts_and_ends_take_turns),
		cmocka_unit_test(a_timeline_passes_over_what_a_clock_was_set_back_by),
		cmocka_unit_test(phases_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
