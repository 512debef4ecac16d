/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/diff.h"

#include <stddef.h>
#include <string.h>

static bool same_identity(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

/*
 * How much gets through. With `expect: open` nothing but `open` is the hoped-for
 * answer, and among the half good ones (a service that is gone, one that is sick, one
 * address of two) no order can be told from the states; elsewhere the path decides.
 */
static int rank(enum probe_state state, enum rule_expect expect)
{
	bool wants_open = expect == EXPECT_OPEN;

	switch (state) {
	case STATE_OPEN:
		return 3;
	case STATE_CLOSED:
		return wants_open ? 1 : 3;
	case STATE_FAILED:
		return wants_open ? 1 : 2;
	case STATE_PARTIAL:
		return 1;
	default:
		return 0;
	}
}

/* 0: nothing gets through; 1: an answer; 2: the port accepts. */
static int exposed(enum probe_state state)
{
	switch (state) {
	case STATE_OPEN:
	case STATE_FAILED:
		return 2;
	case STATE_CLOSED:
	case STATE_PARTIAL:
		return 1;
	default:
		return 0;
	}
}

/* What should be blocked: more that gets through is an exposure, nothing any more is
 * the recovery from one. A name that no longer resolves proves neither. */
static enum change_kind diff_blocked(enum probe_state from, enum probe_state to)
{
	bool became_clear = probe_state_path(from) != PATH_CLEAR &&
			    probe_state_path(to) == PATH_CLEAR;

	if (to == STATE_OPEN || became_clear || exposed(to) > exposed(from))
		return CHANGE_EXPOSURE;
	if (exposed(from) && probe_state_path(to) == PATH_BLOCKED)
		return CHANGE_RECOVERY;
	if (exposed(from) > exposed(to) && to == STATE_PARTIAL)
		return CHANGE_RECOVERY;
	return CHANGE_OTHER;
}

/* With `accept: [closed]` a RST is the firewall's way to block. */
static enum probe_state or_blocked(enum probe_state state, bool accepts_closed)
{
	return accepts_closed && state == STATE_CLOSED ? STATE_FILTERED : state;
}

static bool unmeasured(const struct diff_side *side)
{
	return side->state == STATE_NONE || side->state == STATE_ERROR;
}

static bool same_state(const struct diff_side *before, const struct diff_side *after)
{
	bool by_path = before->by_path || after->by_path;

	if (before->state == after->state)
		return true;
	return by_path &&
	       (before->state == STATE_OPEN || before->state == STATE_CLOSED) &&
	       (after->state == STATE_OPEN || after->state == STATE_CLOSED);
}

enum change_kind diff_flow(const struct diff_side *before,
	const struct diff_side *after, enum rule_expect expect)
{
	if (!before->present || !after->present) {
		if (before->present == after->present)
			return CHANGE_NONE;
		return after->present ? CHANGE_ADDED : CHANGE_REMOVED;
	}
	if (unmeasured(before) || unmeasured(after))
		return CHANGE_NONE;
	if (same_state(before, after))
		return same_identity(before->identity, after->identity) ? CHANGE_NONE
									: CHANGE_OTHER;
	if (expect == EXPECT_BLOCKED) {
		bool accepts = before->accepts_closed || after->accepts_closed;
		return diff_blocked(or_blocked(before->state, accepts),
			or_blocked(after->state, accepts));
	}

	int was = rank(before->state, expect);
	int is = rank(after->state, expect);
	if (was == is)
		return CHANGE_OTHER;
	return was > is ? CHANGE_REGRESSION : CHANGE_RECOVERY;
}
