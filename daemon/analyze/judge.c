/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/judge.h"

#include <assert.h>

/*
 * Silence proves a firewall only where other packets get an answer. A RST that the rule
 * accepts is an answer itself and needs no control; parts that are silent beside it do.
 */
static enum verdict judge_blocked(const struct judge_case *c)
{
	unsigned parts = observation_parts(c->state, c->reason);

	if (parts & PARTS_ACCEPT || (parts & PARTS_CLOSED && !c->accept_closed))
		return VERDICT_FAIL;
	if (parts & PARTS_BLOCKED && !c->control_answered)
		return VERDICT_INCONCLUSIVE;
	return VERDICT_PASS;
}

static enum verdict verdict_if(bool passes)
{
	return passes ? VERDICT_PASS : VERDICT_FAIL;
}

enum verdict judge_flow(const struct judge_case *c)
{
	enum probe_path path = observation_path(c->state, c->reason);

	if (path == PATH_UNKNOWN)
		return VERDICT_INCONCLUSIVE;
	switch (c->expect) {
	case EXPECT_OPEN:
		return verdict_if(c->state == STATE_OPEN);
	case EXPECT_CLEAR:
		return verdict_if(path == PATH_CLEAR);
	case EXPECT_BLOCKED:
		return judge_blocked(c);
	case EXPECT_ANY:
		return VERDICT_PASS;
	case EXPECT_DEFAULT:
		break;
	}
	assert(c->expect != EXPECT_DEFAULT); /* the plan replaces it */
	return VERDICT_INCONCLUSIVE;
}

enum verdict judge_rule(
	uint32_t pass, uint32_t inconclusive, uint32_t fail, uint32_t need)
{
	uint64_t possible = (uint64_t)pass + inconclusive;
	uint64_t wanted = need ? need : possible + fail;

	if (pass >= wanted)
		return VERDICT_PASS;
	return possible >= wanted ? VERDICT_INCONCLUSIVE : VERDICT_FAIL;
}
