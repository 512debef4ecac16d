/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/pattern.h"

static void text_without_wildcards_is_itself(void **state)
{
	(void)state;
	assert_true(pattern_matches("", ""));
	assert_true(pattern_matches("tcp/443", "tcp/443"));
	assert_false(pattern_matches("tcp/443", "tcp/4430"));
	assert_false(pattern_matches("tcp/4430", "tcp/443"));
	assert_false(pattern_matches("", "a"));
	assert_false(pattern_matches("a", ""));
}

static void case_is_ignored(void **state)
{
	(void)state;
	assert_true(pattern_matches("RDLS01.Corp.Example", "rdls01.corp.EXAMPLE"));
}

static void a_star_is_any_run(void **state)
{
	(void)state;
	assert_true(pattern_matches("*", ""));
	assert_true(pattern_matches("*", "anything"));
	assert_true(pattern_matches("rdls*", "rdls"));
	assert_true(pattern_matches("rdls*", "rdls01"));
	assert_true(pattern_matches("*.corp.example", "a.b.corp.example"));
	assert_true(pattern_matches("a*b*c", "a-b-b-c"));
	assert_true(pattern_matches("a**c", "abc"));
	assert_false(pattern_matches("a*b*c", "a-c-b"));
	assert_false(pattern_matches("rdls*", "xrdls"));
}

static void a_question_mark_is_one_byte(void **state)
{
	(void)state;
	assert_true(pattern_matches("rdls0?", "rdls01"));
	assert_false(pattern_matches("rdls0?", "rdls0"));
	assert_false(pattern_matches("rdls0?", "rdls012"));
	assert_true(pattern_matches("*0?", "rdls001"));
}

/* Would take for ever where each star is tried anew for every place of the last. */
static void many_stars_end_soon(void **state)
{
	char pattern[2048], text[4096];

	(void)state;
	for (size_t i = 0; i + 2 < sizeof pattern; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[sizeof pattern - 2] = 'b';
	pattern[sizeof pattern - 1] = '\0';
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_false(pattern_matches(pattern, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_without_wildcards_is_itself),
		cmocka_unit_test(case_is_ignored),
		cmocka_unit_test(a_star_is_any_run),
		cmocka_unit_test(a_question_mark_is_one_byte),
		cmocka_unit_test(many_stars_end_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
