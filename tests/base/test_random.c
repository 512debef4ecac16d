/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/random.h"

static void repeats_the_published_sequence(void **state)
{
	(void)state;
	/* SplitMix64 from 1234567 starts 6457827717110365317, 3203168211198807973,
	 * 9817491932198370423 (the values in its reference code's test); a bound of
	 * 2^31 shows their topmost 31 bits. */
	struct random_state random;
	random_seed(&random, 1234567);
	assert_int_equal(random_below(&random, UINT32_C(1) << 31),
		UINT64_C(6457827717110365317) >> 33);
	assert_int_equal(random_below(&random, UINT32_C(1) << 31),
		UINT64_C(3203168211198807973) >> 33);
	assert_int_equal(random_below(&random, UINT32_C(1) << 31),
		UINT64_C(9817491932198370423) >> 33);
}

static void stays_below_its_bound_and_meets_every_number(void **state)
{
	(void)state;
	struct random_state random;
	random_seed(&random, 1);
	unsigned seen[7] = {0};
	for (int i = 0; i < 70000; i++) {
		uint32_t number = random_below(&random, 7);
		assert_true(number < 7);
		seen[number]++;
	}
	/* 10,000 each; ten standard deviations (93) to either side. */
	for (int i = 0; i < 7; i++)
		assert_in_range(seen[i], 9070, 10930);
	for (int i = 0; i < 100; i++)
		assert_int_equal(random_below(&random, 1), 0);
}

/* Without redrawing, every third number of a bound of three quarters of 2^32 would come
 * up twice as often as the others. */
static void is_even_where_the_bound_is_large_and_no_power_of_two(void **state)
{
	(void)state;
	struct random_state random;
	unsigned multiples = 0;
	random_seed(&random, 3);
	for (int i = 0; i < 30000; i++)
		multiples += random_below(&random, UINT32_C(3) << 30) % 3 == 0;
	/* 10,000; six standard deviations (82) to either side. */
	assert_in_range(multiples, 9500, 10500);
}

static void shuffles_into_a_permutation(void **state)
{
	(void)state;
	enum {
		COUNT = 1000
	};
	uint32_t items[COUNT], again[COUNT], seen[COUNT] = {0}, in_place = 0;
	struct random_state random;
	for (uint32_t i = 0; i < COUNT; i++)
		items[i] = again[i] = i;
	random_seed(&random, 42);
	random_shuffle(&random, items, COUNT);
	for (uint32_t i = 0; i < COUNT; i++) {
		assert_true(items[i] < COUNT);
		seen[items[i]]++;
		in_place += items[i] == i;
	}
	for (uint32_t i = 0; i < COUNT; i++)
		assert_int_equal(seen[i], 1);
	assert_true(in_place < 20);
	random_seed(&random, 42);
	random_shuffle(&random, again, COUNT);
	assert_memory_equal(items, again, sizeof items);
	random_seed(&random, 43);
	random_shuffle(&random, again, COUNT);
	assert_memory_not_equal(items, again, sizeof items);
}

static void shuffles_three_items_into_all_six_orders_alike(void **state)
{
	(void)state;
	unsigned seen[27] = {0};
	struct random_state random;
	random_seed(&random, 7);
	for (int i = 0; i < 60000; i++) {
		uint32_t items[] = {0, 1, 2};
		random_shuffle(&random, items, 3);
		seen[items[0] * 9 + items[1] * 3 + items[2]]++;
	}
	static const int orders[] = {5, 7, 11, 15, 19, 21};
	for (int i = 0; i < 6; i++)
		assert_in_range(seen[orders[i]], 9000, 11000);
}

static void leaves_nothing_and_one_alone(void **state)
{
	(void)state;
	struct random_state random;
	random_seed(&random, 7);
	uint32_t item = 42;
	random_shuffle(&random, NULL, 0);
	random_shuffle(&random, &item, 1);
	assert_int_equal(item, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repeats_the_published_sequence),
		cmocka_unit_test(stays_below_its_bound_and_meets_every_number),
		cmocka_unit_test(is_even_where_the_bound_is_large_and_no_power_of_two),
		cmocka_unit_test(shuffles_into_a_permutation),
		cmocka_unit_test(shuffles_three_items_into_all_six_orders_alike),
		cmocka_unit_test(leaves_nothing_and_one_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
