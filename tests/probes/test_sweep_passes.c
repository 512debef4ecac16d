/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probes/sweep/passes.h"

#define SECOND UINT64_C(1000000)

static struct sweep_passes passes;

static void init(uint32_t attempts)
{
	sweep_passes_init(&passes, attempts, 2000, 32);
}

static void answer(uint64_t us)
{
	sweep_passes_answer(&passes, us, false);
}

static void without_any_answer_every_dial_has_the_full_time(void **state)
{
	(void)state;
	init(3);
	assert_int_equal(sweep_passes_limit_ms(&passes), 2000);
	assert_true(sweep_passes_next(&passes, 10));
	assert_int_equal(sweep_passes_limit_ms(&passes), 2000);
	assert_true(sweep_passes_next(&passes, 10));
	assert_int_equal(sweep_passes_limit_ms(&passes), 2000);
	/* Three attempts asked for, three made. */
	assert_false(sweep_passes_next(&passes, 10));
}

static void answers_shorten_all_passes_but_the_last(void **state)
{
	(void)state;
	init(3);
	answer(1000);
	assert_int_equal(sweep_passes_limit_ms(&passes), 50);
	assert_true(sweep_passes_next(&passes, 10));
	assert_int_equal(sweep_passes_limit_ms(&passes), 50);
	assert_true(sweep_passes_next(&passes, 10));
	assert_int_equal(sweep_passes_limit_ms(&passes), 2000);
	assert_false(sweep_passes_next(&passes, 10));
}

static void one_attempt_is_one_pass_in_full(void **state)
{
	(void)state;
	init(1);
	answer(1000);
	assert_int_equal(sweep_passes_limit_ms(&passes), 2000);
	assert_int_equal(passes.room, 32);
	assert_false(sweep_passes_next(&passes, 10));
}

/* 8 x 20 ms + 4 x 10 ms = 200 ms, met exactly by 50 x 4. */
static void the_short_time_follows_the_round_trip(void **state)
{
	(void)state;
	init(2);
	answer(20000);
	assert_int_equal(sweep_passes_limit_ms(&passes), 200);
	/* 8 x 60 + 4 x 30 = 600 ms: 800. */
	init(2);
	answer(60000);
	assert_int_equal(sweep_passes_limit_ms(&passes), 800);
	/* Never more than the time limit: 8 x 400 ms. */
	init(2);
	answer(400000);
	assert_int_equal(sweep_passes_limit_ms(&passes), 2000);
}

/* An answer to the kernel's second SYN has no round trip to tell. */
static void an_answer_after_a_second_leaves_the_round_trip_alone(void **state)
{
	(void)state;
	init(2);
	answer(1000);
	answer(1001000);
	assert_int_equal(passes.trip_us, 1000);
	assert_int_equal(passes.least_us, 1000);
}

static void the_least_round_trip_is_kept(void **state)
{
	(void)state;
	init(2);
	answer(900);
	answer(300);
	answer(0);
	answer(5000);
	assert_int_equal(passes.least_us, 1);
}

static void two_cheap_attempts_have_a_brief_pass_between(void **state)
{
	(void)state;
	init(2);
	answer(1000);
	assert_true(sweep_passes_next(&passes, 10));
	assert_false(passes.last);
	assert_true(sweep_passes_next(&passes, 10));
	assert_true(passes.last);
	assert_false(sweep_passes_next(&passes, 10));
}

static void losses_repeat_the_brief_pass_but_not_for_ever(void **state)
{
	(void)state;
	unsigned brief = 0;
	init(2);
	answer(1000);
	while (!passes.last) {
		assert_true(sweep_passes_next(&passes, 10));
		brief += !passes.last;
		sweep_passes_answer(&passes, 1000, true);
	}
	assert_int_equal(brief, 7);
	/* The brief passes have looked for losses already. */
	assert_false(sweep_passes_next(&passes, 10));
}

static void losses_repeat_the_last_pass_where_brief_ones_are_none(void **state)
{
	(void)state;
	unsigned more = 0;
	init(2);
	answer(300000);
	assert_true(sweep_passes_next(&passes, 10));
	assert_true(passes.last);
	sweep_passes_answer(&passes, 300000, true);
	while (sweep_passes_next(&passes, 10)) {
		more++;
		sweep_passes_answer(&passes, 300000, true);
	}
	assert_int_equal(more, 2);
}

static void ends_as_soon_as_nothing_is_silent(void **state)
{
	(void)state;
	init(5);
	assert_false(sweep_passes_next(&passes, 0));
}

static void each_brief_pass_is_slower_than_the_one_before(void **state)
{
	(void)state;
	static const uint32_t rooms[] = {16, 8, 4, 4};
	init(6);
	answer(1000);
	assert_int_equal(passes.room, 32);
	for (int i = 0; i < 4; i++) {
		assert_true(sweep_passes_next(&passes, 10));
		assert_int_equal(passes.room, rooms[i]);
	}
	assert_true(sweep_passes_next(&passes, 10));
	/* In which each silent port takes forty times as long. */
	assert_true(passes.last);
	assert_int_equal(passes.room, 32);
}

static void a_last_pass_after_none_that_was_brief_is_slower(void **state)
{
	(void)state;
	init(2);
	assert_true(sweep_passes_next(&passes, 10));
	assert_true(passes.last);
	assert_int_equal(passes.room, 16);
}

static void there_is_always_room_for_one(void **state)
{
	(void)state;
	sweep_passes_init(&passes, 4, 2000, 1);
	while (sweep_passes_next(&passes, 1))
		assert_int_equal(passes.room, 1);
	sweep_passes_shortage(&passes, SECOND);
	assert_int_equal(passes.room, 1);
}

static void a_shortage_halves_the_room_and_waits_ever_longer(void **state)
{
	(void)state;
	static const uint32_t waits[] = {20, 40, 80, 160, 320, 640, 1000, 1000};
	init(2);
	for (int i = 0; i < 8; i++)
		assert_int_equal(sweep_passes_shortage(&passes, 5 * SECOND), waits[i]);
	assert_int_equal(passes.room, 1);
}

static void patience_ends_after_thirty_seconds_without_success(void **state)
{
	(void)state;
	init(2);
	assert_true(sweep_passes_shortage(&passes, 5 * SECOND) > 0);
	assert_true(sweep_passes_shortage(&passes, 35 * SECOND - 1) > 0);
	assert_int_equal(sweep_passes_shortage(&passes, 35 * SECOND), 0);
}

static void a_success_renews_patience_and_room_comes_back(void **state)
{
	(void)state;
	init(2);
	sweep_passes_shortage(&passes, 5 * SECOND);
	assert_int_equal(passes.room, 16);
	sweep_passes_started(&passes);
	assert_int_equal(sweep_passes_shortage(&passes, 40 * SECOND), 20);
	for (int i = 0; i < 10000; i++)
		sweep_passes_started(&passes);
	assert_int_equal(passes.room, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_any_answer_every_dial_has_the_full_time),
		cmocka_unit_test(answers_shorten_all_passes_but_the_last),
		cmocka_unit_test(one_attempt_is_one_pass_in_full),
		cmocka_unit_test(the_short_time_follows_the_round_trip),
		cmocka_unit_test(an_answer_after_a_second_leaves_the_round_trip_alone),
		cmocka_unit_test(the_least_round_trip_is_kept),
		cmocka_unit_test(two_cheap_attempts_have_a_brief_pass_between),
		cmocka_unit_test(losses_repeat_the_brief_pass_but_not_for_ever),
		cmocka_unit_test(losses_repeat_the_last_pass_where_brief_ones_are_none),
		cmocka_unit_test(ends_as_soon_as_nothing_is_silent),
		cmocka_unit_test(each_brief_pass_is_slower_than_the_one_before),
		cmocka_unit_test(a_last_pass_after_none_that_was_brief_is_slower),
		cmocka_unit_test(there_is_always_room_for_one),
		cmocka_unit_test(a_shortage_halves_the_room_and_waits_ever_longer),
		cmocka_unit_test(patience_ends_after_thirty_seconds_without_success),
		cmocka_unit_test(a_success_renews_patience_and_room_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
