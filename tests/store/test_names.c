/* SPDX-License-Identifier: Apache-2.0 */
#include "store/names.h"
#include "tests/store/fixture.h"

static void numbers_texts_in_the_order_they_came(void **state)
{
	struct names names;
	char text[32];
	uint32_t number;

	(void)state;
	names_init(&names, 42);
	assert_false(names_find(&names, "0", &number));
	for (uint32_t i = 0; i < 5000; i++) {
		snprintf(text, sizeof text, "%*u", (int)(i % 20), i);
		assert_false(names_find(&names, text, &number));
		assert_int_equal(names_add(&names, text, &number), 0);
		assert_int_equal(number, i);
	}
	for (uint32_t i = 0; i < 5000; i++) {
		snprintf(text, sizeof text, "%*u", (int)(i % 20), i);
		assert_true(names_find(&names, text, &number));
		assert_int_equal(number, i);
		assert_string_equal(names.texts[i], text);
	}
	names_fini(&names);
}

static void tells_texts_apart_that_differ_anywhere(void **state)
{
	const char *const texts[] = {"", "a", "b", "aaaaaaaa", "aaaaaaab", "aaaaaaaaa",
		"aaaaaaaab", "aaaaaaaaaaaaaaaa", "baaaaaaaaaaaaaaa", "\xff", "\xfe"};
	struct names names;
	uint32_t number;

	(void)state;
	names_init(&names, 0);
	for (uint32_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_false(names_find(&names, texts[i], &number));
		assert_int_equal(names_add(&names, texts[i], &number), 0);
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_true(names_find(&names, texts[i], &number));
		assert_int_equal(number, i);
	}
	names_fini(&names);
}

static void another_seed_makes_other_hashes(void **state)
{
	struct names one, two;
	uint32_t number;

	(void)state;
	names_init(&one, 1);
	names_init(&two, 2);
	assert_int_equal(names_add(&one, "licence.corp.example", &number), 0);
	assert_int_equal(names_add(&two, "licence.corp.example", &number), 0);
	assert_true(one.hashes[0] != two.hashes[0]);
	names_fini(&one);
	names_fini(&two);
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
