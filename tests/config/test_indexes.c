/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/indexes.h"

static void a_list_grows_and_keeps_its_order(void **state)
{
	(void)state;
	struct index_list list = {0};
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(index_list_add(&list, 1000 - i), 0);
	assert_int_equal(list.count, 1000);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(list.items[i], 1000 - i);
	index_list_fini(&list);
	assert_int_equal(list.count, 0);
	index_list_fini(&list);
}

static void sorting_and_dropping_repeats_make_a_set(void **state)
{
	(void)state;
	uint32_t items[] = {7, 3, UINT32_MAX, 3, 0, 7, 7};
	static const uint32_t sorted[] = {0, 3, 3, 7, 7, 7, UINT32_MAX};
	indexes_sort(items, 7);
	assert_memory_equal(items, sorted, sizeof sorted);
	static const uint32_t unique[] = {0, 3, 7, UINT32_MAX};
	assert_int_equal(indexes_unique(items, 7), 4);
	assert_memory_equal(items, unique, sizeof unique);
}

static void rising_and_empty_lists_stay(void **state)
{
	(void)state;
	uint32_t items[] = {1, 2, 9};
	indexes_sort(items, 3);
	assert_int_equal(items[0], 1);
	assert_int_equal(items[2], 9);
	assert_int_equal(indexes_unique(items, 3), 3);
	indexes_sort(items, 0);
	assert_int_equal(indexes_unique(items, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_grows_and_keeps_its_order),
		cmocka_unit_test(sorting_and_dropping_repeats_make_a_set),
		cmocka_unit_test(rising_and_empty_lists_stay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
