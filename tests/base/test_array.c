/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/array.h"

static void keeps_what_it_holds_as_it_grows(void **state)
{
	(void)state;
	uint64_t *items = NULL;
	uint32_t capacity = 0;
	for (uint32_t count = 0; count < 1000; count++) {
		uint64_t *grown = array_grow(items, &capacity, count, sizeof *items);
		assert_non_null(grown);
		assert_true(capacity > count);
		items = grown;
		items[count] = count * UINT64_C(0x100000001);
	}
	for (uint32_t i = 0; i < 1000; i++)
		assert_true(items[i] == i * UINT64_C(0x100000001));
	free(items);
}

static void stays_where_there_is_room(void **state)
{
	(void)state;
	uint32_t capacity = 0;
	char *items = array_grow(NULL, &capacity, 0, 1);
	assert_non_null(items);
	uint32_t before = capacity;
	assert_ptr_equal(array_grow(items, &capacity, before - 1, 1), items);
	assert_int_equal(capacity, before);
	free(items);
}

static void refuses_what_no_number_can_count(void **state)
{
	(void)state;
	uint32_t capacity = UINT32_MAX / 2 + 1;
	assert_null(array_grow(NULL, &capacity, capacity, 1));
	assert_int_equal(capacity, UINT32_MAX / 2 + 1);
	capacity = 1u << 30;
	assert_null(array_grow(NULL, &capacity, capacity, SIZE_MAX / 2));
	assert_int_equal(capacity, 1u << 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_it_holds_as_it_grows),
		cmocka_unit_test(stays_where_there_is_room),
		cmocka_unit_test(refuses_what_no_number_can_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
