/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "base/size.h"
#include "base/utf8.h"

static void decodes_one_to_four_bytes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t bytes;
		uint32_t code;
	} cases[] = {
		{"a", 1, 'a'},
		{"\x7f", 1, 0x7f},
		{"\xc2\x80", 2, 0x80},
		{"\xc3\xa9", 2, 0xe9},
		{"\xdf\xbf", 2, 0x7ff},
		{"\xe0\xa0\x80", 3, 0x800},
		{"\xe2\x86\x92", 3, 0x2192},
		{"\xed\x9f\xbf", 3, 0xd7ff},
		{"\xee\x80\x80", 3, 0xe000},
		{"\xf0\x90\x80\x80", 4, 0x10000},
		{"\xf0\x9f\x98\x80", 4, 0x1f600},
		{"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t code = 42;
		size_t length = strlen(cases[i].text);
		assert_int_equal(
			utf8_read(cases[i].text, length, &code), cases[i].bytes);
		assert_int_equal(code, cases[i].code);
		/* A character that is cut short is none. */
		if (length > 1)
			assert_int_equal(
				utf8_read(cases[i].text, length - 1, &code), 0);
	}
	uint32_t code = 42;
	assert_int_equal(utf8_read("", 1, &code), 1);
	assert_int_equal(code, 0);
}

static void refuses_what_rfc_3629_forbids(void **state)
{
	(void)state;
	static const char *const cases[] = {"\x80", /* a trailing byte alone */
		"\xbf", "\xc0\xaf", "\xc1\xbf",     /* overlong */
		"\xe0\x80\xaf", "\xe0\x9f\xbf", "\xf0\x80\x80\xaf", "\xf0\x8f\xbf\xbf",
		"\xed\xa0\x80", "\xed\xbf\xbf", /* surrogates */
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe\x80\x80\x80", "\xff",
		"\xc3(", "\xe2\x82(", "\xe2(\xa1", "\xf0\x9f\x98("};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t code = 42;
		assert_int_equal(utf8_read(cases[i], strlen(cases[i]), &code), 0);
		assert_int_equal(code, 42);
	}
}

static void tells_what_a_terminal_would_obey(void **state)
{
	(void)state;
	static const uint32_t hidden[] = {0, '\t', '\n', 0x1b, 0x7f, 0x9b, 0x200e,
		0x202e, 0x2028, 0x2066, 0xfe0f, 0xfeff, 0xffff, 0xe0041, 0x200b, 0xe000,
		0x10ffff};
	static const uint32_t shown[] = {
		' ', '~', 0xa0, 0xe9, 0x301, 0x2192, 0x65e5, 0x1f600, 0x2fa1d};
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		assert_false(utf8_is_printable(hidden[i]));
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		assert_true(utf8_is_printable(shown[i]));
}

static void knows_the_columns_of_a_character(void **state)
{
	(void)state;
	assert_int_equal(utf8_columns('a'), 1);
	assert_int_equal(utf8_columns(0xe9), 1);
	assert_int_equal(utf8_columns(0x2192), 1);
	assert_int_equal(utf8_columns(0x301), 0);
	assert_int_equal(utf8_columns(0x65e5), 2);
	assert_int_equal(utf8_columns(0x1f600), 2);
	assert_int_equal(utf8_columns(0xff21), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_one_to_four_bytes),
		cmocka_unit_test(refuses_what_rfc_3629_forbids),
		cmocka_unit_test(tells_what_a_terminal_would_obey),
		cmocka_unit_test(knows_the_columns_of_a_character),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
