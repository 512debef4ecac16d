/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/notify/retry.h"

static void waits_twice_as_long_each_time_up_to_five_minutes(void **state)
{
	static const uint32_t wanted[] = {1000, 2000, 4000, 8000, 16000, 32000, 64000,
		128000, 256000, 300000, 300000};

	(void)state;
	for (uint32_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		assert_int_equal(retry_delay_ms(i + 1, 0, 0), wanted[i]);
	assert_int_equal(retry_delay_ms(UINT32_MAX, 0, 0), 300000);
}

static void chance_takes_off_half_at_most(void **state)
{
	(void)state;
	assert_int_equal(retry_delay_ms(1, UINT32_MAX, 0), 500);
	assert_int_equal(retry_delay_ms(1, UINT32_MAX / 2, 0), 751);
	assert_int_equal(retry_delay_ms(99, UINT32_MAX, 0), 150000);
}

static void the_receivers_wish_counts_within_bounds(void **state)
{
	(void)state;
	assert_int_equal(retry_delay_ms(1, 0, 60000), 60000);
	assert_int_equal(retry_delay_ms(5, 0, 1000), 16000);
	assert_int_equal(retry_delay_ms(1, 0, UINT64_MAX), 300000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_twice_as_long_each_time_up_to_five_minutes),
		cmocka_unit_test(chance_takes_off_half_at_most),
		cmocka_unit_test(the_receivers_wish_counts_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
