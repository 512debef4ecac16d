/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/size.h"
#include "probes/deadline.h"

#define MANY 1000

struct item {
	struct deadline deadline;
	struct scene *scene;
	unsigned expired;
	uint64_t at_us;
	unsigned order;
};

struct scene {
	uv_loop_t loop;
	struct deadline_set set;
	struct item items[MANY];
	unsigned count; /* expired so far */
};

static struct scene scene;

static void on_expired(struct deadline *deadline)
{
	struct item *item = CONTAINER_OF(deadline, struct item, deadline);
	item->expired++;
	item->at_us = clock_monotonic_us();
	item->order = scene.count++;
}

static int setup(void **state)
{
	(void)state;
	scene = (struct scene){.count = 0};
	uv_loop_init(&scene.loop);
	deadline_set_init(&scene.set, &scene.loop);
	for (int i = 0; i < MANY; i++)
		deadline_init(&scene.items[i].deadline);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	deadline_set_close(&scene.set);
	uv_run(&scene.loop, UV_RUN_DEFAULT);
	return uv_loop_close(&scene.loop);
}

static void arm(int i, uint32_t ms)
{
	assert_int_equal(
		deadline_arm(&scene.set, &scene.items[i].deadline, ms, on_expired), 0);
}

static void run(void)
{
	uv_run(&scene.loop, UV_RUN_DEFAULT);
}

static void expires_once_and_never_early(void **state)
{
	(void)state;
	static const uint32_t lengths[] = {0, 1, 7, 20, 33};
	for (int i = 0; i < 5; i++) {
		uint64_t start_us = clock_monotonic_us();
		arm(i, lengths[i]);
		assert_int_equal(scene.items[i].expired, 0);
		run();
		assert_int_equal(scene.items[i].expired, 1);
		assert_true(
			scene.items[i].at_us - start_us >= (uint64_t)lengths[i] * 1000);
	}
}

/* The loop's cached time is old when a callback has worked for long: a deadline that is
 * armed then still has its full length. */
static void is_not_early_when_the_loop_has_an_old_clock(void **state)
{
	(void)state;
	uv_update_time(&scene.loop);
	for (uint64_t start = clock_monotonic_us();
		clock_monotonic_us() - start < 15000;)
		;
	uint64_t start_us = clock_monotonic_us();
	arm(0, 10);
	run();
	assert_true(scene.items[0].at_us - start_us >= 10000);
}

static void expires_in_the_order_of_arming(void **state)
{
	(void)state;
	for (int i = 0; i < MANY; i++)
		arm(i, 10);
	run();
	for (unsigned i = 0; i < MANY; i++) {
		assert_int_equal(scene.items[i].expired, 1);
		assert_int_equal(scene.items[i].order, i);
	}
}

static void shorter_ones_expire_before_longer_ones(void **state)
{
	(void)state;
	arm(0, 30);
	arm(1, 5);
	arm(2, 15);
	run();
	assert_int_equal(scene.items[1].order, 0);
	assert_int_equal(scene.items[2].order, 1);
	assert_int_equal(scene.items[0].order, 2);
}

static void a_disarmed_one_stays_silent(void **state)
{
	(void)state;
	arm(0, 5);
	arm(1, 5);
	arm(2, 5);
	deadline_disarm(&scene.items[0].deadline);
	deadline_disarm(&scene.items[2].deadline);
	deadline_disarm(&scene.items[2].deadline);
	run();
	assert_int_equal(scene.items[0].expired, 0);
	assert_int_equal(scene.items[1].expired, 1);
	assert_int_equal(scene.items[2].expired, 0);
}

/* The timer of the class runs on, but nothing waits for it. */
static void disarming_the_last_lets_the_loop_end(void **state)
{
	(void)state;
	arm(0, 60000);
	deadline_disarm(&scene.items[0].deadline);
	uint64_t start_us = clock_monotonic_us();
	run();
	assert_true(clock_monotonic_us() - start_us < 5000000);
	assert_int_equal(scene.items[0].expired, 0);
}

/* The timer still stands at the first one's time when the second is armed. */
static void an_old_timer_does_not_make_a_new_one_early(void **state)
{
	(void)state;
	arm(0, 20);
	for (uint64_t start = clock_monotonic_us();
		clock_monotonic_us() - start < 8000;)
		;
	deadline_disarm(&scene.items[0].deadline);
	uint64_t start_us = clock_monotonic_us();
	arm(1, 20);
	run();
	assert_int_equal(scene.items[1].expired, 1);
	assert_true(scene.items[1].at_us - start_us >= 20000);
}

static void arming_again_moves_it(void **state)
{
	(void)state;
	uint64_t start_us = clock_monotonic_us();
	arm(0, 5);
	arm(0, 25);
	run();
	assert_int_equal(scene.items[0].expired, 1);
	assert_true(scene.items[0].at_us - start_us >= 25000);
}

static void on_first_of_two(struct deadline *deadline)
{
	on_expired(deadline);
	deadline_disarm(&scene.items[1].deadline);
	arm(2, 1);
}

static void may_disarm_and_arm_others_when_it_expires(void **state)
{
	(void)state;
	assert_int_equal(
		deadline_arm(&scene.set, &scene.items[0].deadline, 5, on_first_of_two),
		0);
	arm(1, 5);
	run();
	assert_int_equal(scene.items[0].expired, 1);
	assert_int_equal(scene.items[1].expired, 0);
	assert_int_equal(scene.items[2].expired, 1);
}

static void on_repeat(struct deadline *deadline)
{
	struct item *item = CONTAINER_OF(deadline, struct item, deadline);
	on_expired(deadline);
	if (item->expired < 5)
		deadline_arm(&scene.set, deadline, 0, on_repeat);
}

static void may_arm_itself_when_it_expires(void **state)
{
	(void)state;
	deadline_arm(&scene.set, &scene.items[0].deadline, 0, on_repeat);
	run();
	assert_int_equal(scene.items[0].expired, 5);
}

static unsigned active_timers(void)
{
	return scene.loop.active_handles;
}

/* All lengths from 1 s to 2 s fall into at most 100 classes, each within 1 %. */
static void like_lengths_share_a_timer(void **state)
{
	(void)state;
	for (int i = 0; i < MANY; i++) {
		uint64_t before_us = clock_monotonic_us();
		arm(i, 1000 + (uint32_t)i);
		uint64_t length_us = scene.items[i].deadline.due_us - before_us;
		assert_true(length_us >= (1000 + (uint64_t)i) * 1000);
		assert_true(length_us <= (1000 + (uint64_t)i) * 1010 + 2000);
	}
	assert_in_range(active_timers(), 1, 200);
	for (int i = 0; i < MANY; i++)
		deadline_disarm(&scene.items[i].deadline);
	assert_int_equal(active_timers(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			expires_once_and_never_early, setup, teardown),
		cmocka_unit_test_setup_teardown(
			is_not_early_when_the_loop_has_an_old_clock, setup, teardown),
		cmocka_unit_test_setup_teardown(
			expires_in_the_order_of_arming, setup, teardown),
		cmocka_unit_test_setup_teardown(
			shorter_ones_expire_before_longer_ones, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_disarmed_one_stays_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(
			disarming_the_last_lets_the_loop_end, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_old_timer_does_not_make_a_new_one_early, setup, teardown),
		cmocka_unit_test_setup_teardown(arming_again_moves_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
			may_disarm_and_arm_others_when_it_expires, setup, teardown),
		cmocka_unit_test_setup_teardown(
			may_arm_itself_when_it_expires, setup, teardown),
		cmocka_unit_test_setup_teardown(
			like_lengths_share_a_timer, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
