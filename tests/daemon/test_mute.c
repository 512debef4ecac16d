/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "daemon/analyze/mute.h"

static const char *const groups[] = {"license_servers", "paris"};
static const char *const rules[] = {"licensing RPC", "no RDP"};
static const struct silence_flow flow = {
	.vantage = "par-sh-001",
	.host = "rdls01.corp.example",
	.check = "rpc/licensing",
	.groups = groups,
	.n_groups = 2,
	.rules = rules,
	.n_rules = 2,
};

/* Words up to NULL. */
static bool covers(const char *const *words)
{
	struct silence silence = {.id = 1};

	for (; *words; words++)
		assert_null(silence_scope_add(&silence.scope, *words));
	return silence_of(&silence, 1, &flow) != NULL;
}

#define COVERS(...) covers((const char *const[]){__VA_ARGS__, NULL})

static void a_bare_word_is_a_host(void **state)
{
	(void)state;
	assert_true(COVERS("rdls01*"));
	assert_true(COVERS("host=RDLS0?.corp.example"));
	assert_false(COVERS("rdls02*"));
	assert_true(COVERS("*"));
}

static void each_key_is_its_own(void **state)
{
	(void)state;
	assert_true(COVERS("group=paris"));
	assert_true(COVERS("group=license_*"));
	assert_false(COVERS("group=rome"));
	assert_true(COVERS("rule=*"));
	assert_false(COVERS("rule=no"));
	assert_true(COVERS("check=rpc/*"));
	assert_false(COVERS("check=tcp/*"));
	assert_true(COVERS("vantage=par-*"));
	assert_false(COVERS("vantage=rom-*"));
}

static void all_words_must_match(void **state)
{
	(void)state;
	assert_true(COVERS("group=paris", "check=rpc/*", "vantage=par-sh-001"));
	assert_false(COVERS("group=paris", "check=tcp/*"));
	assert_false(COVERS("group=paris", "rdls02*"));
}

static void a_flow_without_groups_is_in_none(void **state)
{
	struct silence_flow bare = flow;
	struct silence silence = {.scope = {.group = "*"}};

	(void)state;
	bare.n_groups = 0;
	assert_non_null(silence_of(&silence, 1, &flow));
	assert_null(silence_of(&silence, 1, &bare));
	silence.scope.group = "";
	assert_non_null(silence_of(&silence, 1, &bare));
}

/* The number of the one that is found, or 0. */
static uint32_t found(const struct silence *silences, size_t count)
{
	const struct silence *one = silence_of(silences, count, &flow);

	return one ? one->id : 0;
}

static void a_rule_hides_no_flow_that_another_asks_for(void **state)
{
	const struct silence one = {.id = 1, .scope = {.rule = "licensing RPC"}};
	struct silence_flow alone = flow;

	(void)state;
	assert_int_equal(found(&one, 1), 0);
	alone.n_rules = 1;
	assert_non_null(silence_of(&one, 1, &alone));
	alone.n_rules = 0;
	assert_null(silence_of(&one, 1, &alone));
}

static void all_its_rules_hide_it(void **state)
{
	const struct silence both[] = {
		{.id = 1, .scope = {.rule = "no RDP"}},
		{.id = 2, .scope = {.rule = "*HTTP*"}},
		{.id = 3, .scope = {.rule = "licensing*"}},
	};

	(void)state;
	assert_int_equal(found(both, 2), 0);
	assert_true(found(both, 3) > 0);
}

static void a_rule_and_what_is_not_of_a_rule_hide_it(void **state)
{
	const struct silence both[] = {
		{.id = 1, .scope = {.rule = "no RDP"}},
		{.id = 2, .scope = {.host = "rdls01*"}},
	};

	(void)state;
	assert_int_equal(found(both, 1), 0);
	assert_true(found(both, 2) > 0);
}

static void says_what_is_wrong_with_a_word(void **state)
{
	struct silence_scope scope = {.host = NULL};

	(void)state;
	assert_non_null(silence_scope_add(&scope, "port=443"));
	assert_non_null(silence_scope_add(&scope, "=x"));
	assert_non_null(silence_scope_add(&scope, "host="));
	assert_non_null(silence_scope_add(&scope, ""));
	assert_null(silence_scope_add(&scope, "a"));
	assert_non_null(silence_scope_add(&scope, "host=b"));
	assert_string_equal(scope.host, "a");
}

static void holds_until_its_time_or_its_end(void **state)
{
	struct silence silence = {.from_us = 100, .until_us = 200};

	(void)state;
	assert_true(silence_holds(&silence, 199));
	assert_false(silence_holds(&silence, 200));
	/* The clock was set back: what is silenced stays so. */
	assert_true(silence_holds(&silence, 50));
	silence.ended_us = 150;
	assert_false(silence_holds(&silence, 120));
}

static void held_between_its_beginning_and_its_end(void **state)
{
	struct silence silence = {.from_us = 100, .until_us = 200};

	(void)state;
	assert_false(silence_held(&silence, 99));
	assert_true(silence_held(&silence, 100));
	assert_true(silence_held(&silence, 199));
	assert_false(silence_held(&silence, 200));
	silence.ended_us = 150;
	assert_true(silence_held(&silence, 149));
	assert_false(silence_held(&silence, 150));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bare_word_is_a_host),
		cmocka_unit_test(each_key_is_its_own),
		cmocka_unit_test(all_words_must_match),
		cmocka_unit_test(a_flow_without_groups_is_in_none),
		cmocka_unit_test(a_rule_hides_no_flow_that_another_asks_for),
		cmocka_unit_test(all_its_rules_hide_it),
		cmocka_unit_test(a_rule_and_what_is_not_of_a_rule_hide_it),
		cmocka_unit_test(says_what_is_wrong_with_a_word),
		cmocka_unit_test(holds_until_its_time_or_its_end),
		cmocka_unit_test(held_between_its_beginning_and_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
