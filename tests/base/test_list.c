/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/list.h"
#include "base/size.h"

struct item {
	int value;
	struct list link;
};

static void keeps_the_order_of_appending(void **state)
{
	(void)state;
	struct item items[3] = {{.value = 0}, {.value = 1}, {.value = 2}};
	struct list head;
	list_init(&head);
	assert_true(list_empty(&head));
	for (int i = 0; i < 3; i++)
		list_append(&head, &items[i].link);
	assert_false(list_empty(&head));
	for (int i = 0; i < 3; i++) {
		struct item *item = LIST_FIRST(&head, struct item, link);
		assert_int_equal(item->value, i);
		list_remove(&item->link);
	}
	assert_true(list_empty(&head));
}

static void removes_from_the_middle_and_twice(void **state)
{
	(void)state;
	struct item items[3] = {{.value = 0}, {.value = 1}, {.value = 2}};
	struct list head;
	list_init(&head);
	for (int i = 0; i < 3; i++)
		list_append(&head, &items[i].link);
	list_remove(&items[1].link);
	list_remove(&items[1].link);
	assert_ptr_equal(head.next, &items[0].link);
	assert_ptr_equal(head.next->next, &items[2].link);
	assert_ptr_equal(head.prev, &items[2].link);
	assert_ptr_equal(items[1].link.next, &items[1].link);
}

static void tells_sizes_that_overflow(void **state)
{
	(void)state;
	size_t out = 0;
	assert_true(size_mul(SIZE_MAX / 2, 2, &out));
	assert_int_equal(out, SIZE_MAX - 1);
	assert_false(size_mul(SIZE_MAX / 2 + 1, 2, &out));
	assert_true(size_mul(0, SIZE_MAX, &out));
	assert_int_equal(out, 0);
	assert_true(size_add(SIZE_MAX - 1, 1, &out));
	assert_true(out == SIZE_MAX);
	assert_false(size_add(SIZE_MAX, 1, &out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_order_of_appending),
		cmocka_unit_test(removes_from_the_middle_and_twice),
		cmocka_unit_test(tells_sizes_that_overflow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
