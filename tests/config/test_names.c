/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "config/names.h"

struct thing {
	const char *name;
	int other;
};

enum {
	MANY = 5000,
};

static struct thing things[MANY];
static char texts[MANY][16];

static int make_names(void **state)
{
	(void)state;
	for (int i = 0; i < MANY; i++) {
		snprintf(texts[i], sizeof texts[i], "host%d", i);
		things[i] = (struct thing){.name = texts[i], .other = i};
	}
	return 0;
}

static void an_empty_table_finds_nothing(void **state)
{
	(void)state;
	struct name_table table = {0};
	assert_int_equal(name_table_find(&table, NAME_ARRAY(things, 0), "host0"), -1);
	name_table_fini(&table);
}

static void every_name_is_found_while_the_table_grows(void **state)
{
	(void)state;
	struct name_table table = {0};
	for (uint32_t i = 0; i < MANY; i++) {
		assert_int_equal(
			name_table_find(&table, NAME_ARRAY(things, i), texts[i]), -1);
		assert_int_equal(name_table_add(&table, NAME_ARRAY(things, i + 1)), 0);
		assert_int_equal(
			name_table_find(&table, NAME_ARRAY(things, i + 1), texts[i]),
			i);
	}
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(
			name_table_find(&table, NAME_ARRAY(things, MANY), texts[i]), i);
	assert_true(table.size >= 10000 && table.size < 40000);
	name_table_fini(&table);
}

static void a_table_built_at_once_finds_the_same(void **state)
{
	(void)state;
	struct name_table table;
	struct arena arena;
	arena_init(&arena, 0);
	assert_int_equal(name_table_build(&table, NAME_ARRAY(things, MANY), &arena), 0);
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(
			name_table_find(&table, NAME_ARRAY(things, MANY), texts[i]), i);
	assert_int_equal(name_table_find(&table, NAME_ARRAY(things, MANY), "host"), -1);
	assert_int_equal(name_table_find(&table, NAME_ARRAY(things, MANY), ""), -1);
	arena_fini(&arena);
}

static void the_array_may_move(void **state)
{
	(void)state;
	struct name_table table = {0};
	const char *first[] = {"a"}, *second[] = {"a", "b"};
	assert_int_equal(name_table_add(&table, NAME_ARRAY(first, 1)), 0);
	assert_int_equal(name_table_add(&table, NAME_ARRAY(second, 2)), 0);
	assert_int_equal(name_table_find(&table, NAME_ARRAY(second, 2), "a"), 0);
	assert_int_equal(name_table_find(&table, NAME_ARRAY(second, 2), "b"), 1);
	name_table_fini(&table);
}

static void a_full_arena_is_no_memory(void **state)
{
	(void)state;
	struct name_table table;
	struct arena arena;
	arena_init(&arena, 16);
	assert_true(name_table_build(&table, NAME_ARRAY(things, MANY), &arena) < 0);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_table_finds_nothing),
		cmocka_unit_test(every_name_is_found_while_the_table_grows),
		cmocka_unit_test(a_table_built_at_once_finds_the_same),
		cmocka_unit_test(the_array_may_move),
		cmocka_unit_test(a_full_arena_is_no_memory),
	};
	return cmocka_run_group_tests(tests, make_names, NULL);
}
