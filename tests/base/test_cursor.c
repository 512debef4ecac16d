/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

#include "base/cursor.h"

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 0xff};

static void reads_both_byte_orders(void **state)
{
	(void)state;
	struct cursor c;
	cursor_init(&c, bytes, sizeof bytes);
	assert_int_equal(cursor_u8(&c), 0x01);
	assert_int_equal(cursor_u16be(&c), 0x0203);
	assert_int_equal(cursor_u16le(&c), 0x0504);
	assert_int_equal(cursor_left(&c), 3);
	cursor_seek(&c, 0);
	assert_int_equal(cursor_u32be(&c), 0x01020304);
	cursor_seek(&c, 4);
	assert_int_equal(cursor_u32le(&c), 0xff070605);
	assert_int_equal(cursor_left(&c), 0);
	assert_false(c.failed);
}

static void yields_zeros_past_the_end(void **state)
{
	(void)state;
	struct cursor c;
	uint8_t out[4] = {9, 9, 9, 9};
	cursor_init(&c, bytes, 3);
	assert_int_equal(cursor_u32be(&c), 0);
	assert_true(c.failed);
	/* Also what would have fitted before the failure. */
	assert_int_equal(cursor_u8(&c), 0);
	assert_int_equal(cursor_u16be(&c), 0);
	assert_int_equal(cursor_u16le(&c), 0);
	assert_int_equal(cursor_u32le(&c), 0);
	assert_int_equal(cursor_left(&c), 0);
	cursor_bytes(&c, out, sizeof out);
	assert_memory_equal(out, "\0\0\0\0", 4);
}

static void copies_all_bytes_or_none(void **state)
{
	(void)state;
	struct cursor c;
	uint8_t out[8] = {0};
	cursor_init(&c, bytes, 4);
	cursor_bytes(&c, out, 4);
	assert_memory_equal(out, bytes, 4);
	assert_false(c.failed);
	cursor_seek(&c, 1);
	cursor_bytes(&c, out, 4);
	assert_memory_equal(out, "\0\0\0\0", 4);
	assert_true(c.failed);
}

static void fails_on_skips_and_seeks_past_the_end(void **state)
{
	(void)state;
	struct cursor c;
	cursor_init(&c, bytes, 4);
	cursor_skip(&c, 4);
	assert_false(c.failed);
	cursor_skip(&c, 0);
	assert_false(c.failed);
	cursor_skip(&c, SIZE_MAX);
	assert_true(c.failed);
	cursor_init(&c, bytes, 4);
	cursor_seek(&c, 4);
	assert_false(c.failed);
	cursor_seek(&c, 5);
	assert_true(c.failed);
	cursor_seek(&c, 0);
	assert_true(c.failed);
}

static void reads_nothing_from_nothing(void **state)
{
	(void)state;
	struct cursor c;
	cursor_init(&c, NULL, 0);
	assert_int_equal(cursor_left(&c), 0);
	cursor_bytes(&c, NULL, 0);
	cursor_skip(&c, 0);
	assert_false(c.failed);
	assert_int_equal(cursor_u8(&c), 0);
	assert_true(c.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_both_byte_orders),
		cmocka_unit_test(yields_zeros_past_the_end),
		cmocka_unit_test(copies_all_bytes_or_none),
		cmocka_unit_test(fails_on_skips_and_seeks_past_the_end),
		cmocka_unit_test(reads_nothing_from_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
