/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/strbuf.h"
#include "config/inventory.h"

struct collected {
	struct strbuf text; /* the names, each behind a blank */
	uint32_t count;
	uint32_t stop_at;
};

static int collect(void *data, const char *name)
{
	struct collected *collected = data;
	if (collected->count++ < 50)
		strbuf_addf(&collected->text, " %s", name);
	return collected->stop_at && collected->count == collected->stop_at ? -EINTR
									    : 0;
}

static void expect_names(const char *pattern, const char *names)
{
	struct collected collected = {0};
	const char *error = NULL;
	assert_int_equal(
		inventory_expand(pattern, 1000000, collect, &collected, &error), 0);
	assert_null(error);
	assert_string_equal(collected.text.text + 1, names);
	strbuf_fini(&collected.text);
}

static void expect_mistake(const char *pattern, const char *part)
{
	struct collected collected = {0};
	const char *error = NULL;
	assert_int_equal(
		inventory_expand(pattern, 1000000, collect, &collected, &error),
		-EINVAL);
	assert_int_equal(collected.count, 0);
	assert_non_null(error);
	assert_non_null(strstr(error, part));
}

static void text_without_brackets_is_one_name(void **state)
{
	(void)state;
	expect_names("rdls01.corp.example", "rdls01.corp.example");
	expect_names("10.20.0.11", "10.20.0.11");
	expect_names("2001:db8::1", "2001:db8::1");
}

static void numbers_count_up_with_both_ends(void **state)
{
	(void)state;
	expect_names("h[1:3]", "h1 h2 h3");
	expect_names("h[8:11].x", "h8.x h9.x h10.x h11.x");
	expect_names("[5:5]", "5");
	expect_names("10.0.0.[9:10]", "10.0.0.9 10.0.0.10");
}

static void padding_is_that_of_the_start(void **state)
{
	(void)state;
	expect_names("h[08:11]", "h08 h09 h10 h11");
	expect_names("h[001:002]", "h001 h002");
	expect_names("h[099:101]", "h099 h100 h101");
	expect_names("h[98:101]", "h98 h99 h100 h101");
	expect_names("h[08:111:50]", "h08 h58 h108");
	expect_names("h[0:1]", "h0 h1");
	expect_names("h[00:1]", "h00 h01");
}

static void a_missing_start_is_zero(void **state)
{
	(void)state;
	expect_names("h[:2]", "h0 h1 h2");
}

static void steps_start_at_the_begin_and_stay_below_the_end(void **state)
{
	(void)state;
	expect_names("h[1:10:3]", "h1 h4 h7 h10");
	expect_names("h[1:9:3]", "h1 h4 h7");
	expect_names("h[01:20:10]", "h01 h11");
	expect_names("h[a:f:2]", "ha hc he");
	expect_names("h[1:3:4294967295]", "h1");
}

static void letters_run_from_a_to_z_and_on_to_capitals(void **state)
{
	(void)state;
	expect_names("db-[a:d]", "db-a db-b db-c db-d");
	expect_names("[X:Z]", "X Y Z");
	expect_names("[y:B]", "y z A B");
}

static void several_ranges_multiply_and_the_last_turns_fastest(void **state)
{
	(void)state;
	expect_names("r[1:2]-[a:c]", "r1-a r1-b r1-c r2-a r2-b r2-c");
	expect_names("[0:1][0:1][0:1]", "000 001 010 011 100 101 110 111");
}

static void malformed_ranges_say_what_is_right(void **state)
{
	(void)state;
	expect_mistake("h[1]", "[begin:end]");
	expect_mistake("h[]", "[begin:end]");
	expect_mistake("h[1:]", "needs an end");
	expect_mistake("h[1:2:3:4]", "step");
	expect_mistake("h[1:9:0]", "step");
	expect_mistake("h[1:9:-1]", "step");
	expect_mistake("h[1:9:]", "step");
	expect_mistake("h[a:9]", "two numbers");
	expect_mistake("h[aa:bb]", "two letters");
	expect_mistake("h[-1:3]", "two numbers");
	expect_mistake("h[1:3", "not closed");
	expect_mistake("h[1:[2:3]]", "not closed");
	expect_mistake("h1:3]", "has no '['");
	expect_mistake("h]x[1:3]", "has no '['");
	expect_mistake("h[1:1000000000000000]", "15 digits");
	expect_mistake("h[0000000000000001:2]", "15 digits");
	expect_mistake("[1:2][1:2][1:2][1:2][1:2][1:2][1:2][1:2][1:2]", "at most 8");
}

static void ranges_that_run_backwards_are_mistakes(void **state)
{
	(void)state;
	expect_mistake("h[9:1]", "backwards");
	expect_mistake("h[c:a]", "backwards");
	expect_mistake("h[A:z]", "backwards");
}

static void explosions_are_refused_before_any_name_is_made(void **state)
{
	(void)state;
	expect_mistake("h[1:1000001]", "too many");
	expect_mistake("[1:999999999999999]", "too many");
	expect_mistake("[1:1001]-[1:1000]", "too many");
	expect_mistake(
		"[1:99999999999999][1:99999999999999][1:99999999999999]", "too many");
}

static void the_maximum_itself_is_allowed(void **state)
{
	(void)state;
	struct collected collected = {0};
	const char *error = NULL;
	assert_int_equal(
		inventory_expand("h[1:10]", 10, collect, &collected, &error), 0);
	assert_int_equal(collected.count, 10);
	strbuf_fini(&collected.text);
	assert_int_equal(
		inventory_expand("h[1:10]", 9, collect, &collected, &error), -EINVAL);
	assert_int_equal(
		inventory_expand("h", 0, collect, &collected, &error), -EINVAL);
}

static void names_have_at_most_255_bytes(void **state)
{
	(void)state;
	char text[300];
	memset(text, 'a', sizeof text);
	memcpy(text, "[98:101]", 8);
	text[8 + 252] = '\0'; /* 3 digits at most and 252 letters */
	struct collected collected = {.stop_at = 4};
	const char *error = NULL;
	assert_int_equal(
		inventory_expand(text, 100, collect, &collected, &error), -EINTR);
	strbuf_fini(&collected.text);
	text[8 + 252] = 'a';
	text[8 + 253] = '\0';
	expect_mistake(text, "too long");
}

static void what_each_returns_ends_the_expansion(void **state)
{
	(void)state;
	struct collected collected = {.stop_at = 3};
	const char *error = NULL;
	assert_int_equal(
		inventory_expand("h[1:9]", 100, collect, &collected, &error), -EINTR);
	assert_int_equal(collected.count, 3);
	assert_string_equal(collected.text.text, " h1 h2 h3");
	strbuf_fini(&collected.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_without_brackets_is_one_name),
		cmocka_unit_test(numbers_count_up_with_both_ends),
		cmocka_unit_test(padding_is_that_of_the_start),
		cmocka_unit_test(a_missing_start_is_zero),
		cmocka_unit_test(steps_start_at_the_begin_and_stay_below_the_end),
		cmocka_unit_test(letters_run_from_a_to_z_and_on_to_capitals),
		cmocka_unit_test(several_ranges_multiply_and_the_last_turns_fastest),
		cmocka_unit_test(malformed_ranges_say_what_is_right),
		cmocka_unit_test(ranges_that_run_backwards_are_mistakes),
		cmocka_unit_test(explosions_are_refused_before_any_name_is_made),
		cmocka_unit_test(the_maximum_itself_is_allowed),
		cmocka_unit_test(names_have_at_most_255_bytes),
		cmocka_unit_test(what_each_returns_ends_the_expansion),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
