/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/engine/throttle.h"

#define MS UINT64_C(1000)
#define START UINT64_C(5000000)

static void halves_what_is_open_when_something_runs_short(void **state)
{
	struct throttle t;

	(void)state;
	throttle_init(&t, 1000, 30000);
	throttle_shortage(&t, START, START, 100);
	assert_int_equal(t.limit, 50);
	throttle_shortage(&t, START + 1, START + 1, 400);
	assert_int_equal(t.limit, 25);
}

static void never_goes_below_one(void **state)
{
	struct throttle t;

	(void)state;
	throttle_init(&t, 1000, 30000);
	for (uint64_t i = 0; i < 40; i++)
		throttle_shortage(&t, START + i * MS, START + i * MS, 0);
	assert_int_equal(t.limit, 1);
	assert_int_equal(t.shortages, 40);
	throttle_init(&t, 0, 30000);
	assert_int_equal(t.limit, 1);
}

static void cuts_once_for_those_that_started_together(void **state)
{
	struct throttle t;

	(void)state;
	throttle_init(&t, 1000, 30000);
	for (uint64_t i = 0; i < 64; i++)
		throttle_shortage(&t, START, START + MS + i, 1000);
	assert_int_equal(t.limit, 500);
	assert_int_equal(t.pause_ms, 10);
}

static void pauses_longer_each_time_up_to_a_second(void **state)
{
	static const uint64_t pauses_ms[] = {10, 20, 40, 80, 160, 320, 640, 1000, 1000};
	struct throttle t;
	uint64_t now = START;

	(void)state;
	throttle_init(&t, 1000, 30000);
	for (int i = 0; i < 9; i++) {
		throttle_shortage(&t, now, now, 10);
		assert_int_equal(throttle_wait_us(&t, now), pauses_ms[i] * MS);
		now += pauses_ms[i] * MS;
		assert_int_equal(throttle_wait_us(&t, now), 0);
	}
	throttle_success(&t);
	throttle_shortage(&t, now, now, 10);
	assert_int_equal(throttle_wait_us(&t, now), 10 * MS);
}

static void recovers_by_a_sixteenth_when_it_is_calm(void **state)
{
	struct throttle t;

	(void)state;
	throttle_init(&t, 1000, 30000);
	throttle_shortage(&t, START, START, 320);
	assert_int_equal(t.limit, 160);
	throttle_recover(&t, START + 99 * MS);
	assert_int_equal(t.limit, 160);
	throttle_recover(&t, START + 100 * MS);
	assert_int_equal(t.limit, 170);
	for (int i = 0; i < 100; i++)
		throttle_recover(&t, START + 200 * MS);
	assert_int_equal(t.limit, 1000);
}

static void recovers_from_one(void **state)
{
	struct throttle t;

	(void)state;
	throttle_init(&t, 4, 30000);
	throttle_shortage(&t, START, START, 1);
	assert_int_equal(t.limit, 1);
	throttle_recover(&t, START + 200 * MS);
	assert_int_equal(t.limit, 2);
}

static void is_stuck_when_nothing_gets_through_for_its_patience(void **state)
{
	struct throttle t;

	(void)state;
	throttle_init(&t, 1000, 500);
	assert_false(throttle_is_stuck(&t, START));
	throttle_shortage(&t, START, START, 10);
	throttle_shortage(&t, START + 400 * MS, START + 400 * MS, 10);
	assert_false(throttle_is_stuck(&t, START + 500 * MS));
	assert_true(throttle_is_stuck(&t, START + 501 * MS));
	throttle_shortage(&t, START + 600 * MS, START + 600 * MS, 10);
	/* then waiting is over for everyone */
	assert_int_equal(throttle_wait_us(&t, START + 600 * MS), 0);
	throttle_success(&t);
	assert_false(throttle_is_stuck(&t, START + 601 * MS));
}

static void follows_a_ceiling_that_moves(void **state)
{
	struct throttle t;

	(void)state;
	throttle_init(&t, 500, 30000);
	throttle_set_ceiling(&t, 1000);
	assert_int_equal(t.limit, 1000);
	throttle_shortage(&t, START, START, 1000);
	assert_int_equal(t.limit, 500);
	throttle_set_ceiling(&t, 2000); /* it was cut: it has to recover */
	assert_int_equal(t.limit, 500);
	for (int i = 0; i < 100; i++)
		throttle_recover(&t, START + 200 * MS);
	assert_int_equal(t.limit, 2000);
	throttle_set_ceiling(&t, 0);
	assert_int_equal(t.limit, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(halves_what_is_open_when_something_runs_short),
		cmocka_unit_test(never_goes_below_one),
		cmocka_unit_test(cuts_once_for_those_that_started_together),
		cmocka_unit_test(pauses_longer_each_time_up_to_a_second),
		cmocka_unit_test(recovers_by_a_sixteenth_when_it_is_calm),
		cmocka_unit_test(recovers_from_one),
		cmocka_unit_test(is_stuck_when_nothing_gets_through_for_its_patience),
		cmocka_unit_test(follows_a_ceiling_that_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
