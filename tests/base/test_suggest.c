/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/size.h"
#include "base/suggest.h"

static const char *const keys[] = {
	"name", "from", "to", "check", "expect", "accept", "timeout", "ports"};

static const char *nearest(const char *word)
{
	return suggest_nearest(word, keys, ARRAY_SIZE(keys));
}

static void finds_the_word_that_was_meant(void **state)
{
	(void)state;
	assert_string_equal(nearest("port"), "ports");      /* insert */
	assert_string_equal(nearest("checks"), "check");    /* delete */
	assert_string_equal(nearest("exqect"), "expect");   /* replace */
	assert_string_equal(nearest("form"), "from");       /* swap */
	assert_string_equal(nearest("TimeOut"), "timeout"); /* case */
	assert_string_equal(nearest("timeuot"), "timeout");
	assert_string_equal(nearest("tiemoutt"), "timeout"); /* two of eight */
	assert_string_equal(nearest("too"), "to");
}

static void is_silent_when_nothing_is_near(void **state)
{
	(void)state;
	assert_null(nearest("schedule"));
	assert_null(nearest("zz"));
	assert_null(nearest("fxxm")); /* two of four */
	assert_null(nearest(""));
	assert_null(suggest_nearest("name", keys, 0));
}

static void prefers_the_nearest_and_then_the_first(void **state)
{
	(void)state;
	static const char *const words[] = {"abcdefxx", "abcdefgx", "abcdefgy"};
	assert_string_equal(
		suggest_nearest("abcdefgh", words, ARRAY_SIZE(words)), "abcdefgx");
}

static void leaves_long_words_alone(void **state)
{
	(void)state;
	char word[66], candidate[66];
	memset(word, 'a', 65);
	memset(candidate, 'a', 65);
	word[64] = candidate[64] = '\0';
	word[0] = 'b';
	const char *const words[] = {candidate};
	assert_ptr_equal(suggest_nearest(word, words, 1), candidate);
	word[64] = 'a';
	word[65] = '\0';
	assert_null(suggest_nearest(word, words, 1));
	word[64] = '\0';
	candidate[64] = 'a';
	candidate[65] = '\0';
	assert_null(suggest_nearest(word, words, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_word_that_was_meant),
		cmocka_unit_test(is_silent_when_nothing_is_near),
		cmocka_unit_test(prefers_the_nearest_and_then_the_first),
		cmocka_unit_test(leaves_long_words_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
