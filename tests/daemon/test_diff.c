/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/size.h"
#include "daemon/analyze/diff.h"

/*
 * By hand, one row a state before, one column a state after, both in the order of
 * probes/reason.h: None Open Closed Failed Partial Filtered proHibited Unreachable
 * unResolved Error. '.' none, '-' regression, '+' recovery, '!' exposure, 'o' other.
 */
static const char *const expect_open[STATE_COUNT] = {
	/* to:           NOCFPFHURE */
	[STATE_NONE] = "..........",
	[STATE_OPEN] = "..-------.",
	[STATE_CLOSED] = ".+.oo----.",
	[STATE_FAILED] = ".+o.o----.",
	[STATE_PARTIAL] = ".+oo.----.",
	[STATE_FILTERED] = ".++++.ooo.",
	[STATE_PROHIBITED] = ".++++o.oo.",
	[STATE_UNREACHABLE] = ".++++oo.o.",
	[STATE_UNRESOLVED] = ".++++ooo..",
	[STATE_ERROR] = "..........",
};

static const char *const expect_clear[STATE_COUNT] = {
	/* to:           NOCFPFHURE */
	[STATE_NONE] = "..........",
	[STATE_OPEN] = "..o------.",
	[STATE_CLOSED] = ".o.------.",
	[STATE_FAILED] = ".++.-----.",
	[STATE_PARTIAL] = ".+++.----.",
	[STATE_FILTERED] = ".++++.ooo.",
	[STATE_PROHIBITED] = ".++++o.oo.",
	[STATE_UNREACHABLE] = ".++++oo.o.",
	[STATE_UNRESOLVED] = ".++++ooo..",
	[STATE_ERROR] = "..........",
};

static const char *const expect_blocked[STATE_COUNT] = {
	/* to:           NOCFPFHURE */
	[STATE_NONE] = "..........",
	[STATE_OPEN] = "..oo++++o.",
	[STATE_CLOSED] = ".!.!o+++o.",
	[STATE_FAILED] = ".!o.++++o.",
	[STATE_PARTIAL] = ".!!!.+++o.",
	[STATE_FILTERED] = ".!!!!.ooo.",
	[STATE_PROHIBITED] = ".!!!!o.oo.",
	[STATE_UNREACHABLE] = ".!!!!oo.o.",
	[STATE_UNRESOLVED] = ".!!!!ooo..",
	[STATE_ERROR] = "..........",
};

static char sign(enum change_kind kind)
{
	switch (kind) {
	case CHANGE_NONE:
		return '.';
	case CHANGE_REGRESSION:
		return '-';
	case CHANGE_RECOVERY:
		return '+';
	case CHANGE_EXPOSURE:
		return '!';
	case CHANGE_OTHER:
		return 'o';
	default:
		return '?';
	}
}

static enum change_kind diff_states(
	enum probe_state from, enum probe_state to, enum rule_expect expect)
{
	struct diff_side before = {.present = true, .state = from};
	struct diff_side after = {.present = true, .state = to, .identity = ""};
	return diff_flow(&before, &after, expect);
}

static void check_table(const char *const *table, enum rule_expect expect)
{
	for (int from = 0; from < STATE_COUNT; from++) {
		char got[STATE_COUNT + 1] = "";
		for (int to = 0; to < STATE_COUNT; to++)
			got[to] = sign(diff_states(
				(enum probe_state)from, (enum probe_state)to, expect));
		if (strcmp(got, table[from]) != 0)
			fail_msg("from %s, expect %d: %s, not %s",
				probe_state_word((enum probe_state)from), (int)expect,
				got, table[from]);
	}
}

static void every_pair_of_states_has_its_kind(void **unused)
{
	(void)unused;
	check_table(expect_open, EXPECT_OPEN);
	check_table(expect_clear, EXPECT_CLEAR);
	check_table(expect_clear, EXPECT_ANY);
	check_table(expect_blocked, EXPECT_BLOCKED);
}

static void equal_states_of_other_identity_are_an_other_change(void **unused)
{
	(void)unused;
	for (int expect = EXPECT_OPEN; expect <= EXPECT_ANY; expect++) {
		struct diff_side before = {.present = true,
			.state = STATE_PARTIAL,
			.identity = "49152-49663"};
		struct diff_side after = {.present = true,
			.state = STATE_PARTIAL,
			.identity = "49152-49664"};
		assert_int_equal(diff_flow(&before, &after, (enum rule_expect)expect),
			CHANGE_OTHER);
		after.identity = "49152-49663";
		assert_int_equal(diff_flow(&before, &after, (enum rule_expect)expect),
			CHANGE_NONE);
		before.identity = NULL;
		after.identity = "";
		assert_int_equal(diff_flow(&before, &after, (enum rule_expect)expect),
			CHANGE_NONE);
		before.state = after.state = STATE_ERROR;
		after.identity = "x";
		assert_int_equal(diff_flow(&before, &after, (enum rule_expect)expect),
			CHANGE_NONE);
	}
}

static void the_kind_of_two_states_does_not_hang_on_the_identity(void **unused)
{
	struct diff_side before = {
		.present = true, .state = STATE_OPEN, .identity = "a"};
	struct diff_side after = {
		.present = true, .state = STATE_FILTERED, .identity = "b"};

	(void)unused;
	assert_int_equal(diff_flow(&before, &after, EXPECT_OPEN), CHANGE_REGRESSION);
}

static void the_inventory_alone_adds_and_removes(void **unused)
{
	const struct diff_side absent = {.present = false, .state = STATE_NONE};

	(void)unused;
	for (int state = 0; state < STATE_COUNT; state++) {
		struct diff_side side = {
			.present = true, .state = (enum probe_state)state};
		for (int expect = EXPECT_OPEN; expect <= EXPECT_ANY; expect++) {
			enum rule_expect e = (enum rule_expect)expect;
			assert_int_equal(diff_flow(&absent, &side, e), CHANGE_ADDED);
			assert_int_equal(diff_flow(&side, &absent, e), CHANGE_REMOVED);
		}
	}
	assert_int_equal(diff_flow(&absent, &absent, EXPECT_OPEN), CHANGE_NONE);
}

static void kinds_have_the_promised_words(void **unused)
{
	(void)unused;
	assert_string_equal(change_kind_word(CHANGE_NONE), "none");
	assert_string_equal(change_kind_word(CHANGE_REGRESSION), "regression");
	assert_string_equal(change_kind_word(CHANGE_RECOVERY), "recovery");
	assert_string_equal(change_kind_word(CHANGE_EXPOSURE), "exposure");
	assert_string_equal(change_kind_word(CHANGE_FAILING), "failing");
	assert_string_equal(change_kind_word(CHANGE_OTHER), "other");
	assert_string_equal(change_kind_word(CHANGE_ADDED), "added");
	assert_string_equal(change_kind_word(CHANGE_REMOVED), "removed");
}

static void listeners_of_a_range_may_come_and_go(void **state)
{
	struct diff_side open = {.present = true, .state = STATE_OPEN, .by_path = true};
	struct diff_side closed = {.present = true, .state = STATE_CLOSED};
	struct diff_side partial = {.present = true, .state = STATE_PARTIAL};

	(void)state;
	for (int e = EXPECT_OPEN; e <= EXPECT_ANY; e++) {
		enum rule_expect expect = (enum rule_expect)e;
		assert_int_equal(diff_flow(&open, &closed, expect), CHANGE_NONE);
		assert_int_equal(diff_flow(&closed, &open, expect), CHANGE_NONE);
		assert_int_not_equal(diff_flow(&open, &partial, expect), CHANGE_NONE);
	}
}

static void an_accepted_reset_is_as_good_as_silence(void **state)
{
	struct diff_side silent = {.present = true, .state = STATE_FILTERED};
	struct diff_side open = {.present = true, .state = STATE_OPEN};
	struct diff_side reset = {
		.present = true, .state = STATE_CLOSED, .accepts_closed = true};

	(void)state;
	assert_int_equal(diff_flow(&silent, &reset, EXPECT_BLOCKED), CHANGE_OTHER);
	assert_int_equal(diff_flow(&reset, &silent, EXPECT_BLOCKED), CHANGE_OTHER);
	assert_int_equal(diff_flow(&reset, &open, EXPECT_BLOCKED), CHANGE_EXPOSURE);
	assert_int_equal(diff_flow(&open, &reset, EXPECT_BLOCKED), CHANGE_RECOVERY);
	reset.accepts_closed = false;
	assert_int_equal(diff_flow(&silent, &reset, EXPECT_BLOCKED), CHANGE_EXPOSURE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_accepted_reset_is_as_good_as_silence),
		cmocka_unit_test(listeners_of_a_range_may_come_and_go),
		cmocka_unit_test(every_pair_of_states_has_its_kind),
		cmocka_unit_test(equal_states_of_other_identity_are_an_other_change),
		cmocka_unit_test(the_kind_of_two_states_does_not_hang_on_the_identity),
		cmocka_unit_test(the_inventory_alone_adds_and_removes),
		cmocka_unit_test(kinds_have_the_promised_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
