/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/size.h"
#include "daemon/analyze/diff.h"
#include "daemon/analyze/judge.h"

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
	[STATE_OPEN] = "..++++++o.",
	[STATE_CLOSED] = ".!.!++++o.",
	[STATE_FAILED] = ".!+.++++o.",
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

/* ---- many ports ------------------------------------------------------------------ */

static struct diff_side sweep(
	enum probe_state state, enum probe_reason reason, const char *identity)
{
	return (struct diff_side){.present = true,
		.state = state,
		.reason = reason,
		.identity = identity,
		.by_path = true};
}

/* The change, and that the way back is its opposite. */
static void assert_change(const struct diff_side *before, const struct diff_side *after,
	enum rule_expect expect, enum change_kind kind)
{
	enum change_kind back = kind;

	if (kind == CHANGE_REGRESSION || kind == CHANGE_EXPOSURE)
		back = CHANGE_RECOVERY;
	else if (kind == CHANGE_RECOVERY)
		back = expect == EXPECT_BLOCKED ? CHANGE_EXPOSURE : CHANGE_REGRESSION;
	assert_string_equal(change_kind_word(diff_flow(before, after, expect)),
		change_kind_word(kind));
	assert_string_equal(change_kind_word(diff_flow(after, before, expect)),
		change_kind_word(back));
}

static void listeners_of_a_range_may_come_and_go(void **state)
{
	struct diff_side open = sweep(STATE_OPEN, REASON_ALL_CLEAR, NULL);
	struct diff_side closed = sweep(STATE_CLOSED, REASON_RST, NULL);
	struct diff_side both =
		sweep(STATE_PARTIAL, REASON_ADDRESSES_DIFFER_CLEAR, "v4 clear");
	struct diff_side partial =
		sweep(STATE_PARTIAL, REASON_SOME_BLOCKED, "1-2 clear,3-4 blocked");

	(void)state;
	for (int e = EXPECT_CLEAR; e <= EXPECT_ANY; e++) {
		enum rule_expect expect = (enum rule_expect)e;
		assert_change(&open, &closed, expect, CHANGE_NONE);
		assert_change(&open, &both, expect, CHANGE_NONE);
		assert_change(&closed, &both, expect, CHANGE_NONE);
		assert_int_not_equal(diff_flow(&open, &partial, expect), CHANGE_NONE);
	}
}

static void the_last_listener_gone_breaks_what_should_be_open(void **state)
{
	struct diff_side open = sweep(STATE_OPEN, REASON_ALL_CLEAR, NULL);
	struct diff_side closed = sweep(STATE_CLOSED, REASON_RST, NULL);

	(void)state;
	assert_change(&open, &closed, EXPECT_OPEN, CHANGE_REGRESSION);
}

static void a_listener_is_an_exposure_where_closed_is_as_good_as_blocked(void **state)
{
	struct diff_side silent = sweep(STATE_FILTERED, REASON_ALL_SILENT, NULL);
	struct diff_side closed = sweep(STATE_CLOSED, REASON_RST, NULL);
	struct diff_side none = sweep(STATE_PARTIAL, REASON_NO_PORT_ACCEPTS,
		"1-2 clear,3-4 blocked; 2 clear; 0 open");
	struct diff_side fewer = sweep(STATE_PARTIAL, REASON_NO_PORT_ACCEPTS,
		"1-1 clear,2-4 blocked; 1 clear; 0 open");
	struct diff_side one =
		sweep(STATE_OPEN, REASON_ALL_CLEAR, "4 clear; 1 open 2-2");
	struct diff_side other =
		sweep(STATE_OPEN, REASON_ALL_CLEAR, "4 clear; 1 open 3-3");
	struct diff_side two = sweep(STATE_PARTIAL, REASON_SOME_BLOCKED,
		"1-3 clear,4-4 blocked; 3 clear; 2 open 1-1,3-3");
	struct diff_side some = sweep(STATE_PARTIAL, REASON_SOME_BLOCKED,
		"1-2 clear,3-4 blocked; 2 clear; 1 open 1-1");
	struct diff_side not_kept = sweep(
		STATE_PARTIAL, REASON_SOME_BLOCKED, "1-2 clear,3-4 blocked; 2 clear");
	struct diff_side *all[] = {
		&silent, &closed, &none, &fewer, &one, &other, &two, &some, &not_kept};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		all[i]->accepts_closed = true;
	assert_change(&closed, &one, EXPECT_BLOCKED, CHANGE_EXPOSURE);
	assert_change(&silent, &one, EXPECT_BLOCKED, CHANGE_EXPOSURE);
	assert_change(&none, &one, EXPECT_BLOCKED, CHANGE_EXPOSURE);
	assert_change(&none, &two, EXPECT_BLOCKED, CHANGE_EXPOSURE);
	assert_change(&closed, &two, EXPECT_BLOCKED, CHANGE_EXPOSURE);
	/* More accept, though more are blocked as well. */
	assert_change(&one, &two, EXPECT_BLOCKED, CHANGE_EXPOSURE);
	assert_change(&one, &other, EXPECT_BLOCKED, CHANGE_OTHER);
	assert_change(&one, &one, EXPECT_BLOCKED, CHANGE_NONE);
	/* As many accept; that the rest is closed or silent is as good. */
	assert_change(&one, &some, EXPECT_BLOCKED, CHANGE_OTHER);
	/* The rule was another before, and who listened was not kept. */
	assert_change(&some, &not_kept, EXPECT_BLOCKED, CHANGE_NONE);
	assert_change(&closed, &silent, EXPECT_BLOCKED, CHANGE_OTHER);
	assert_change(&closed, &none, EXPECT_BLOCKED, CHANGE_OTHER);
	assert_change(&none, &fewer, EXPECT_BLOCKED, CHANGE_OTHER);
	/* Without accept: it is the path that counts, and who listens does not. */
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		all[i]->accepts_closed = false;
	assert_change(&closed, &one, EXPECT_BLOCKED, CHANGE_NONE);
	assert_change(&one, &other, EXPECT_CLEAR, CHANGE_NONE);
}

static void more_ports_than_before_is_an_exposure(void **state)
{
	struct diff_side one = sweep(
		STATE_PARTIAL, REASON_SOME_BLOCKED, "1-1 clear,2-9 blocked; 1 clear");
	struct diff_side ten = sweep(STATE_PARTIAL, REASON_SOME_BLOCKED,
		"8 runs, 0123456789abcdef; 10 clear");
	struct diff_side moved = sweep(
		STATE_PARTIAL, REASON_SOME_BLOCKED, "1-8 blocked,9-9 clear; 1 clear");
	struct diff_side of_old =
		sweep(STATE_PARTIAL, REASON_SOME_BLOCKED, "1-1 clear,2-9 blocked");
	struct diff_side of_old_more =
		sweep(STATE_PARTIAL, REASON_SOME_BLOCKED, "1-2 clear,3-9 blocked");
	struct diff_side two_addresses = sweep(STATE_PARTIAL, REASON_NOT_ALL_ADDRESSES,
		"v4 filtered, v6 partial (1-1 clear,2-9 blocked; 1 clear)");
	struct diff_side two_more = sweep(STATE_PARTIAL, REASON_NOT_ALL_ADDRESSES,
		"v4 filtered, v6 partial (1-2 clear,3-9 blocked; 2 clear)");
	struct diff_side first_of_two = sweep(STATE_PARTIAL, REASON_NOT_ALL_ADDRESSES,
		"v4 partial (1-1 clear,2-9 blocked; 1 clear), v6 filtered");
	struct diff_side prohibited_too = sweep(STATE_PARTIAL, REASON_NOT_ALL_ADDRESSES,
		"v4 partial (1-1 clear,2-9 blocked; 1 clear), v6 prohibited");
	struct diff_side longer = sweep(STATE_PARTIAL, REASON_SOME_BLOCKED,
		"1-1 clear,2-9 blocked,10-10 clear");
	struct diff_side none = sweep(STATE_FILTERED, REASON_ALL_SILENT, NULL);
	struct diff_side all = sweep(STATE_CLOSED, REASON_RST, NULL);

	(void)state;
	assert_change(&one, &ten, EXPECT_BLOCKED, CHANGE_EXPOSURE);
	assert_change(&one, &moved, EXPECT_BLOCKED, CHANGE_OTHER);
	assert_change(&none, &one, EXPECT_BLOCKED, CHANGE_EXPOSURE);
	assert_change(&ten, &all, EXPECT_BLOCKED, CHANGE_EXPOSURE);
	/* What an older version stored has no counts. */
	assert_change(&one, &of_old, EXPECT_BLOCKED, CHANGE_NONE);
	assert_change(&one, &of_old_more, EXPECT_BLOCKED, CHANGE_OTHER);
	assert_change(&two_addresses, &two_more, EXPECT_BLOCKED, CHANGE_OTHER);
	assert_change(&two_addresses, &two_addresses, EXPECT_BLOCKED, CHANGE_NONE);
	assert_change(&first_of_two, &prohibited_too, EXPECT_BLOCKED, CHANGE_OTHER);
	assert_change(&of_old, &longer, EXPECT_BLOCKED, CHANGE_OTHER);
	assert_change(&one, &ten, EXPECT_CLEAR, CHANGE_OTHER);
}

/* ---- several addresses -------------------------------------------------------------
 */

static void a_partial_ranks_with_the_path_of_its_parts(void **state)
{
	struct diff_side open = {.present = true, .state = STATE_OPEN};
	struct diff_side silent = {.present = true, .state = STATE_FILTERED};
	struct diff_side closed = {.present = true, .state = STATE_CLOSED};
	struct diff_side clear = {.present = true,
		.state = STATE_PARTIAL,
		.reason = REASON_ADDRESSES_DIFFER_CLEAR,
		.identity = "v4 1 closed 1 open"};
	struct diff_side blocked = {.present = true,
		.state = STATE_PARTIAL,
		.reason = REASON_ADDRESSES_DIFFER_BLOCKED,
		.identity = "v4 1 filtered 1 prohibited"};
	struct diff_side mixed = {.present = true,
		.state = STATE_PARTIAL,
		.reason = REASON_NOT_ALL_ADDRESSES,
		.identity = "v4 1 filtered 1 open"};
	struct diff_side refused = {.present = true,
		.state = STATE_PARTIAL,
		.reason = REASON_NO_ADDRESS_ACCEPTS,
		.identity = "v4 1 closed 1 filtered"};

	(void)state;
	assert_change(&silent, &blocked, EXPECT_BLOCKED, CHANGE_OTHER);
	assert_change(&blocked, &mixed, EXPECT_BLOCKED, CHANGE_EXPOSURE);
	assert_change(&blocked, &clear, EXPECT_BLOCKED, CHANGE_EXPOSURE);
	assert_change(&blocked, &refused, EXPECT_BLOCKED, CHANGE_EXPOSURE);
	assert_change(&open, &blocked, EXPECT_OPEN, CHANGE_REGRESSION);
	assert_change(&clear, &blocked, EXPECT_OPEN, CHANGE_REGRESSION);
	assert_change(&clear, &mixed, EXPECT_OPEN, CHANGE_OTHER);
	assert_change(&open, &clear, EXPECT_OPEN, CHANGE_REGRESSION);
	assert_change(&open, &clear, EXPECT_CLEAR, CHANGE_OTHER);
	assert_change(&clear, &mixed, EXPECT_CLEAR, CHANGE_REGRESSION);
	assert_change(&silent, &blocked, EXPECT_CLEAR, CHANGE_OTHER);
	refused.accepts_closed = true;
	assert_change(&silent, &refused, EXPECT_BLOCKED, CHANGE_OTHER);
	assert_change(&refused, &closed, EXPECT_BLOCKED, CHANGE_OTHER);
	assert_change(&refused, &mixed, EXPECT_BLOCKED, CHANGE_EXPOSURE);
}

/* ---- any two observations ----------------------------------------------------------
 */

/* What can be observed: first of one port, from `first_of_many` on of many. */
static const struct observation {
	enum probe_state state;
	enum probe_reason reason;
	const char *identity;
} seen[] = {
	{STATE_FAILED, REASON_NO_ANSWER, NULL},
	{STATE_UNRESOLVED, REASON_NXDOMAIN, NULL},
	{STATE_FILTERED, REASON_TIMEOUT, NULL},
	{STATE_PROHIBITED, REASON_ICMP_ADMIN_PROHIBITED, NULL},
	{STATE_UNREACHABLE, REASON_ICMP_HOST_UNREACHABLE, NULL},
	{STATE_PARTIAL, REASON_SOME_INTERFACES, "one, two"},
	{STATE_PARTIAL, REASON_NOT_ALL_ADDRESSES, "v4 1 filtered 1 open"},
	{STATE_PARTIAL, REASON_NOT_ALL_ADDRESSES, "v4 1 failed 1 filtered"},
	{STATE_PARTIAL, REASON_NO_ADDRESS_ACCEPTS, "v4 1 closed 1 filtered"},
	{STATE_PARTIAL, REASON_ADDRESSES_DIFFER_CLEAR, "v4 1 closed 1 open"},
	{STATE_PARTIAL, REASON_ADDRESSES_DIFFER_CLEAR, "v4 1 failed 1 open"},
	{STATE_PARTIAL, REASON_ADDRESSES_DIFFER_BLOCKED, "v4 filtered, v6 prohibited"},
	{STATE_OPEN, REASON_SYN_ACK, NULL},
	{STATE_CLOSED, REASON_RST, NULL},
	{STATE_OPEN, REASON_ALL_CLEAR, "4 clear; 1 open 2-2"},
	{STATE_OPEN, REASON_ALL_CLEAR, "4 clear; 2 open 3-4"},
	{STATE_OPEN, REASON_ALL_CLEAR, "4 clear; 2 open 1-2"},
	{STATE_PARTIAL, REASON_SOME_BLOCKED, "1-2 clear,3-4 blocked; 2 clear"},
	{STATE_PARTIAL, REASON_SOME_BLOCKED,
		"1-2 clear,3-4 blocked; 2 clear; 1 open 1-1"},
	{STATE_PARTIAL, REASON_SOME_BLOCKED,
		"1-3 clear,4-4 blocked; 3 clear; 3 open 1-3"},
	{STATE_PARTIAL, REASON_NO_PORT_ACCEPTS,
		"1-2 clear,3-4 blocked; 2 clear; 0 open"},
	{STATE_PARTIAL, REASON_NO_PORT_ACCEPTS,
		"1-1 clear,2-4 blocked; 1 clear; 0 open"},
	{STATE_PARTIAL, REASON_NOT_ALL_ADDRESSES,
		"v4 filtered, v6 partial (1-2 clear,3-4 blocked; 2 clear)"},
};

#define FIRST_OF_MANY 12
#define SIDES ARRAY_SIZE(seen)

/* Flags: 1 of many ports, 2 accepts closed ones. */
static struct diff_side side_at(size_t at, unsigned flags)
{
	return (struct diff_side){.present = true,
		.state = seen[at].state,
		.reason = seen[at].reason,
		.identity = seen[at].identity,
		.by_path = flags & 1 && at >= FIRST_OF_MANY,
		.accepts_closed = flags & 2};
}

static void the_way_back_is_the_opposite(void **state)
{
	(void)state;
	for (unsigned at = 0; at < 4U * 4 * SIDES * SIDES; at++) {
		enum rule_expect expect = (enum rule_expect)(EXPECT_OPEN + at / 4 % 4);
		struct diff_side a = side_at(at / 16 % SIDES, at % 4);
		struct diff_side b = side_at(at / 16 / SIDES, at % 4);
		/* See the table: it proves nothing. */
		if (expect == EXPECT_BLOCKED &&
			(a.state == STATE_UNRESOLVED || b.state == STATE_UNRESOLVED))
			continue;
		assert_change(&a, &b, expect, diff_flow(&a, &b, expect));
	}
}

static void nothing_differs_from_itself(void **state)
{
	(void)state;
	for (unsigned flags = 0; flags < 4; flags++)
		for (int e = EXPECT_OPEN; e <= EXPECT_ANY; e++)
			for (size_t i = 0; i < SIDES; i++) {
				struct diff_side a = side_at(i, flags);
				assert_int_equal(diff_flow(&a, &a, (enum rule_expect)e),
					CHANGE_NONE);
			}
}

static bool is_kind_of(enum change_kind kind, enum verdict was, enum verdict is)
{
	if (was == VERDICT_PASS && is == VERDICT_FAIL)
		return kind == CHANGE_REGRESSION || kind == CHANGE_EXPOSURE;
	if (was == VERDICT_FAIL && is == VERDICT_PASS)
		return kind == CHANGE_RECOVERY;
	return true;
}

/* What a rule holds for broken after and not before has become worse, and the other
 * way round. */
static void kinds_agree_with_verdicts(void **state)
{
	(void)state;
	for (unsigned at = 0; at < 4U * 4 * SIDES * SIDES; at++) {
		unsigned flags = at % 4;
		enum rule_expect expect = (enum rule_expect)(EXPECT_OPEN + at / 4 % 4);
		size_t i = at / 16 % SIDES, j = at / 16 / SIDES;
		struct diff_side a = side_at(i, flags), b = side_at(j, flags);
		struct judge_case before = {.state = a.state,
			.reason = a.reason,
			.expect = expect,
			.accept_closed = a.accepts_closed,
			.control_answered = true};
		struct judge_case after = before;
		enum change_kind kind = diff_flow(&a, &b, expect);

		after.state = b.state;
		after.reason = b.reason;
		if (!is_kind_of(kind, judge_flow(&before), judge_flow(&after)))
			fail_msg("expect %d, flags %u: %zu -> %zu is %s", (int)expect,
				flags, i, j, change_kind_word(kind));
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
		cmocka_unit_test(the_last_listener_gone_breaks_what_should_be_open),
		cmocka_unit_test(
			a_listener_is_an_exposure_where_closed_is_as_good_as_blocked),
		cmocka_unit_test(more_ports_than_before_is_an_exposure),
		cmocka_unit_test(a_partial_ranks_with_the_path_of_its_parts),
		cmocka_unit_test(the_way_back_is_the_opposite),
		cmocka_unit_test(nothing_differs_from_itself),
		cmocka_unit_test(kinds_agree_with_verdicts),
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
