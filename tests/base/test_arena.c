/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"

static void gives_zeroed_and_aligned_objects(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 0);
	for (size_t size = 1; size < 300; size++) {
		assert_non_null(arena_strndup(&arena, "x", 1));
		unsigned char *bytes = arena_calloc(&arena, 1, size);
		assert_non_null(bytes);
		assert_int_equal((uintptr_t)bytes % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(bytes[i], 0);
		memset(bytes, 0xff, size);
	}
	arena_fini(&arena);
}

static void keeps_objects_apart(void **state)
{
	(void)state;
	enum {
		COUNT = 2000
	};
	static unsigned char *objects[COUNT];
	struct arena arena;
	arena_init(&arena, 0);
	for (size_t i = 0; i < COUNT; i++) {
		objects[i] = arena_calloc(&arena, 1, i + 1);
		assert_non_null(objects[i]);
		memset(objects[i], (int)(i & 0xff), i + 1);
	}
	for (size_t i = 0; i < COUNT; i++)
		for (size_t j = 0; j <= i; j++)
			assert_int_equal(objects[i][j], i & 0xff);
	arena_fini(&arena);
}

static void copies_text_with_its_length(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 0);
	assert_string_equal(arena_strndup(&arena, "session_hosts", 7), "session");
	assert_string_equal(arena_strndup(&arena, NULL, 0), "");
	assert_string_equal(arena_strdup(&arena, "rdls01"), "rdls01");
	assert_memory_equal(arena_strndup(&arena, "a\0b", 3), "a\0b", 4);
	arena_fini(&arena);
}

static void formats_text_longer_than_a_block(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 0);
	assert_string_equal(arena_printf(&arena, "%s/%d", "tcp", 443), "tcp/443");
	char *text = arena_printf(&arena, "%0*d", 100000, 7);
	assert_non_null(text);
	assert_int_equal(strlen(text), 100000);
	assert_int_equal(text[99999], '7');
	arena_fini(&arena);
}

static void goes_on_filling_a_block_after_a_large_object(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 0);
	char *before = arena_strdup(&arena, "a");
	assert_non_null(arena_calloc(&arena, 1, 1 << 20));
	assert_ptr_equal(arena_strdup(&arena, "b"), before + 2);
	arena_fini(&arena);
}

static void stops_at_its_limit(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 100);
	assert_non_null(arena_strndup(&arena, "0123456789", 9));
	assert_int_equal(arena.used, 10);
	assert_null(arena_calloc(&arena, 1, 91));
	assert_non_null(arena_strndup(&arena, "", 0));
	assert_int_equal(arena.used, 11);
	assert_non_null(arena_calloc(&arena, 1, 84)); /* at 16 */
	assert_int_equal(arena.used, 100);
	assert_null(arena_strdup(&arena, ""));
	assert_null(arena_printf(&arena, "x"));
	arena_fini(&arena);
}

static void refuses_products_that_overflow(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 0);
	assert_null(arena_calloc(&arena, SIZE_MAX / 2, 3));
	assert_null(arena_calloc(&arena, 1, SIZE_MAX));
	assert_null(arena_strndup(&arena, "x", SIZE_MAX));
	assert_int_equal(arena.used, 0);
	arena_fini(&arena);
}

static void serves_again_after_fini(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 50);
	assert_non_null(arena_calloc(&arena, 1, 50));
	assert_null(arena_calloc(&arena, 1, 1));
	arena_fini(&arena);
	assert_int_equal(arena.used, 0);
	assert_non_null(arena_calloc(&arena, 1, 50));
	assert_null(arena_calloc(&arena, 1, 1));
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_zeroed_and_aligned_objects),
		cmocka_unit_test(keeps_objects_apart),
		cmocka_unit_test(copies_text_with_its_length),
		cmocka_unit_test(formats_text_longer_than_a_block),
		cmocka_unit_test(goes_on_filling_a_block_after_a_large_object),
		cmocka_unit_test(stops_at_its_limit),
		cmocka_unit_test(refuses_products_that_overflow),
		cmocka_unit_test(serves_again_after_fini),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
