/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/intern.h"
#include "base/size.h"

static void numbers_texts_in_the_order_they_came(void **state)
{
	struct intern names;
	char text[32];
	uint32_t number;

	(void)state;
	intern_init(&names, 42);
	assert_false(intern_find(&names, "0", &number));
	for (uint32_t i = 0; i < 5000; i++) {
		snprintf(text, sizeof text, "%*u", (int)(i % 20), i);
		assert_false(intern_find(&names, text, &number));
		assert_int_equal(intern_add(&names, text, &number), 0);
		assert_int_equal(number, i);
	}
	for (uint32_t i = 0; i < 5000; i++) {
		snprintf(text, sizeof text, "%*u", (int)(i % 20), i);
		assert_true(intern_find(&names, text, &number));
		assert_int_equal(number, i);
		assert_string_equal(names.texts[i], text);
	}
	intern_fini(&names);
}

static void tells_texts_apart_that_differ_anywhere(void **state)
{
	const char *const texts[] = {"", "a", "b", "aaaaaaaa", "aaaaaaab", "aaaaaaaaa",
		"aaaaaaaab", "aaaaaaaaaaaaaaaa", "baaaaaaaaaaaaaaa", "\xff", "\xfe"};
	struct intern names;
	uint32_t number;

	(void)state;
	intern_init(&names, 0);
	for (uint32_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_false(intern_find(&names, texts[i], &number));
		assert_int_equal(intern_add(&names, texts[i], &number), 0);
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_true(intern_find(&names, texts[i], &number));
		assert_int_equal(number, i);
	}
	intern_fini(&names);
}

static void another_seed_makes_other_hashes(void **state)
{
	struct intern one, two;
	uint32_t number;

	(void)state;
	intern_init(&one, 1);
	intern_init(&two, 2);
	assert_int_equal(intern_add(&one, "licence.corp.example", &number), 0);
	assert_int_equal(intern_add(&two, "licence.corp.example", &number), 0);
	assert_true(one.hashes[0] != two.hashes[0]);
	intern_fini(&one);
	intern_fini(&two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_texts_in_the_order_they_came),
		cmocka_unit_test(tells_texts_apart_that_differ_anywhere),
		cmocka_unit_test(another_seed_makes_other_hashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
