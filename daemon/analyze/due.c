/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/due.h"

#include "daemon/analyze/diff.h"
#include "probes/probe.h"

bool due_is_measured(const struct snapshot_flow *now)
{
	return !now->carried && now->gap_reason == REASON_NONE &&
	       now->state != STATE_NONE && now->state != STATE_ERROR;
}

bool due_is_muted(const struct snapshot_flow *now)
{
	return now->silence || now->flap == FLAP_ON;
}

bool due_opens(enum change_kind kind)
{
	return kind == CHANGE_REGRESSION || kind == CHANGE_EXPOSURE ||
	       kind == CHANGE_FAILING;
}

struct diff_side snapshot_side(
	const struct snapshot *snapshot, const struct snapshot_flow *flow)
{
	const struct probe_ops *ops = snapshot->checks[flow->check].ops;

	return (struct diff_side){
		.present = !flow->absent,
		.state = (enum probe_state)flow->state,
		.reason = (enum probe_reason)flow->reason,
		.identity = snapshot->texts.texts[flow->identity],
		.by_path = ops && ops->flags & PROBE_EXPECTS_CLEAR,
		.accepts_closed = flow->accepts_closed,
	};
}

static struct diff_side reported_side(
	const struct snapshot *before, const struct snapshot_flow *then)
{
	struct diff_side side = snapshot_side(before, then);

	side.state = (enum probe_state)then->reported_state;
	side.reason = (enum probe_reason)then->reported_reason;
	side.identity = before->texts.texts[then->reported_identity];
	return side;
}

static struct due due_of_new(const struct snapshot_flow *now)
{
	if (now->verdict == VERDICT_FAIL)
		return (struct due){CHANGE_FAILING, STATE_NONE, false};
	return (struct due){CHANGE_NONE, STATE_NONE,
		observation_path((enum probe_state)now->state,
			(enum probe_reason)now->reason) != PATH_UNKNOWN};
}

/* It is as its rule wants it, and part of an incident. Of `clear` and `any` it may be
 * both: what got worse there passes all the same. */
static bool is_over(const struct snapshot_flow *then, const struct snapshot_flow *now)
{
	return now->own_verdict == VERDICT_PASS && then->incident &&
	       (now->expect == EXPECT_OPEN || now->expect == EXPECT_BLOCKED ||
		       then->reported_verdict == VERDICT_FAIL);
}

/* The state is what people know. Its rule may have changed, or another flow that
 * `require` counted on. */
static enum change_kind kind_of_verdict(
	const struct snapshot_flow *then, const struct snapshot_flow *now)
{
	if (now->verdict == VERDICT_FAIL && then->reported_verdict != VERDICT_FAIL &&
		!then->incident)
		return CHANGE_FAILING;
	return is_over(then, now) ? CHANGE_RECOVERY : CHANGE_NONE;
}

struct due due_of(const struct snapshot *before, const struct snapshot_flow *then,
	const struct snapshot *after, const struct snapshot_flow *now)
{
	struct diff_side was, is;
	struct due due = {.kind = CHANGE_NONE};

	if (!due_is_measured(now))
		return due;
	if (!then || !then->is_reported)
		return due_of_new(now);
	was = reported_side(before, then);
	is = snapshot_side(after, now);
	due.from = was.state;
	due.kind = diff_flow(&was, &is, (enum rule_expect)now->expect);
	if (due.kind == CHANGE_NONE)
		due.kind = kind_of_verdict(then, now);
	else if (due.kind == CHANGE_OTHER && is_over(then, now))
		due.kind = CHANGE_RECOVERY;
	else if (due.kind == CHANGE_RECOVERY && now->own_verdict == VERDICT_FAIL)
		due.kind = CHANGE_OTHER;
	due.adopt = due.kind == CHANGE_NONE &&
		    (then->reported_state != now->state ||
			    then->reported_verdict != now->verdict);
	return due;
}
