/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/size.h"
#include "daemon/analyze/judge.h"

/*
 * The table of product.md, by hand. One letter an answer (Pass, Fail, Inconclusive), in
 * the order: no control and closed not accepted; control; accepted; both.
 */
static const struct {
	enum probe_state state;
	const char *open, *clear, *blocked, *any;
} table[] = {
	{STATE_NONE, "IIII", "IIII", "IIII", "IIII"},
	{STATE_OPEN, "PPPP", "PPPP", "FFFF", "PPPP"},
	{STATE_CLOSED, "FFFF", "PPPP", "FFPP", "PPPP"},
	{STATE_FAILED, "FFFF", "PPPP", "FFFF", "PPPP"},
	{STATE_PARTIAL, "FFFF", "FFFF", "FFFF", "PPPP"},
	{STATE_FILTERED, "FFFF", "FFFF", "IPIP", "PPPP"},
	{STATE_PROHIBITED, "FFFF", "FFFF", "IPIP", "PPPP"},
	{STATE_UNREACHABLE, "FFFF", "FFFF", "IPIP", "PPPP"},
	{STATE_UNRESOLVED, "IIII", "IIII", "IIII", "IIII"},
	{STATE_ERROR, "IIII", "IIII", "IIII", "IIII"},
};

/* The same, of a `partial` by its reason: what its parts do. */
static const struct {
	enum probe_reason reason;
	const char *open, *clear, *blocked, *any;
} partial[] = {
	{REASON_NOT_ALL_ADDRESSES, "FFFF", "FFFF", "FFFF", "PPPP"},
	{REASON_SOME_BLOCKED, "FFFF", "FFFF", "FFFF", "PPPP"},
	{REASON_SOME_INTERFACES, "FFFF", "FFFF", "FFFF", "PPPP"},
	{REASON_ADDRESSES_DIFFER_CLEAR, "FFFF", "PPPP", "FFFF", "PPPP"},
	{REASON_ADDRESSES_DIFFER_BLOCKED, "FFFF", "FFFF", "IPIP", "PPPP"},
	{REASON_NO_ADDRESS_ACCEPTS, "FFFF", "FFFF", "FFIP", "PPPP"},
	{REASON_NO_PORT_ACCEPTS, "FFFF", "FFFF", "FFIP", "PPPP"},
};

static char letter(enum verdict verdict)
{
	return "PFI"[verdict];
}

static void check_row(enum probe_state state, enum probe_reason reason,
	enum rule_expect expect, const char *wanted)
{
	char got[5] = "";

	for (int i = 0; i < 4; i++) {
		struct judge_case c = {
			.state = state,
			.reason = reason,
			.expect = expect,
			.control_answered = i & 1,
			.accept_closed = i & 2,
		};
		got[i] = letter(judge_flow(&c));
	}
	if (strcmp(got, wanted) != 0)
		fail_msg("state %s, reason %s, expect %d: %s, not %s",
			probe_state_word(state), probe_reason_word(reason), (int)expect,
			got, wanted);
}

static void every_state_meets_every_expectation(void **unused)
{
	(void)unused;
	assert_int_equal(ARRAY_SIZE(table), STATE_COUNT);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		assert_int_equal(table[i].state, i);
		check_row(table[i].state, REASON_NONE, EXPECT_OPEN, table[i].open);
		check_row(table[i].state, REASON_NONE, EXPECT_CLEAR, table[i].clear);
		check_row(
			table[i].state, REASON_NONE, EXPECT_BLOCKED, table[i].blocked);
		check_row(table[i].state, REASON_NONE, EXPECT_ANY, table[i].any);
	}
}

static void a_partial_is_judged_by_its_parts(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(partial); i++) {
		enum probe_reason reason = partial[i].reason;
		check_row(STATE_PARTIAL, reason, EXPECT_OPEN, partial[i].open);
		check_row(STATE_PARTIAL, reason, EXPECT_CLEAR, partial[i].clear);
		check_row(STATE_PARTIAL, reason, EXPECT_BLOCKED, partial[i].blocked);
		check_row(STATE_PARTIAL, reason, EXPECT_ANY, partial[i].any);
	}
}

static void a_rule_without_require_needs_every_host(void **unused)
{
	(void)unused;
	assert_int_equal(judge_rule(2, 0, 0, 0), VERDICT_PASS);
	assert_int_equal(judge_rule(1, 1, 0, 0), VERDICT_INCONCLUSIVE);
	assert_int_equal(judge_rule(1, 0, 1, 0), VERDICT_FAIL);
	assert_int_equal(judge_rule(1, 1, 1, 0), VERDICT_FAIL);
	assert_int_equal(judge_rule(0, 2, 0, 0), VERDICT_INCONCLUSIVE);
}

static void a_rule_that_requires_one_holds_while_one_answers(void **unused)
{
	(void)unused;
	assert_int_equal(judge_rule(1, 0, 1, 1), VERDICT_PASS);
	assert_int_equal(judge_rule(0, 1, 1, 1), VERDICT_INCONCLUSIVE);
	assert_int_equal(judge_rule(0, 0, 2, 1), VERDICT_FAIL);
	assert_int_equal(judge_rule(1, 1, 1, 2), VERDICT_INCONCLUSIVE);
	assert_int_equal(judge_rule(1, 0, 2, 2), VERDICT_FAIL);
}

static void counts_near_the_limit_do_not_wrap(void **unused)
{
	(void)unused;
	assert_int_equal(judge_rule(1, UINT32_MAX, 0, 2), VERDICT_INCONCLUSIVE);
	assert_int_equal(judge_rule(UINT32_MAX, 0, UINT32_MAX, 0), VERDICT_FAIL);
}

static void words_go_both_ways(void **unused)
{
	enum verdict verdict;

	(void)unused;
	assert_string_equal(verdict_word(VERDICT_PASS), "pass");
	assert_string_equal(verdict_word(VERDICT_FAIL), "fail");
	assert_string_equal(verdict_word(VERDICT_INCONCLUSIVE), "inconclusive");
	assert_true(verdict_from_word("inconclusive", &verdict));
	assert_int_equal(verdict, VERDICT_INCONCLUSIVE);
	assert_true(verdict_from_word("pass", &verdict));
	assert_int_equal(verdict, VERDICT_PASS);
	assert_false(verdict_from_word("PASS", &verdict));
	assert_false(verdict_from_word("", &verdict));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_meets_every_expectation),
		cmocka_unit_test(a_partial_is_judged_by_its_parts),
		cmocka_unit_test(a_rule_without_require_needs_every_host),
		cmocka_unit_test(a_rule_that_requires_one_holds_while_one_answers),
		cmocka_unit_test(counts_near_the_limit_do_not_wrap),
		cmocka_unit_test(words_go_both_ways),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
