/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/fold.h"

/* What a state says about packets, as far as causes are concerned. */
enum reach {
	REACH_UNKNOWN,
	REACH_SOME, /* something gets through */
	REACH_BLOCKED,
	REACH_UNRESOLVED
};

/* Besides the states, what a way may lead to. */
enum {
	TO_CLEAR = STATE_COUNT, /* the path came back; whatever stands behind it */
	TO_BLOCKED              /* whichever way it is blocked */
};

/* Bits of a way, from the lowest: to, from, same, kind. */
enum {
	TO_BITS = 4,
	FROM_SHIFT = TO_BITS,
	SAME_SHIFT = FROM_SHIFT + 2,
	KIND_SHIFT = SAME_SHIFT + 1
};

_Static_assert(TO_BLOCKED < 1 << TO_BITS, "a way has room for every state");

static enum reach reach_of(unsigned state)
{
	if (state == STATE_UNRESOLVED)
		return REACH_UNRESOLVED;
	switch (probe_state_path((enum probe_state)state)) {
	case PATH_CLEAR:
	case PATH_PARTIAL:
		return REACH_SOME;
	case PATH_BLOCKED:
		return REACH_BLOCKED;
	default:
		return REACH_UNKNOWN;
	}
}

static unsigned to_of(const struct incident_flow *flow, bool broad)
{
	enum reach from = reach_of(flow->from), to = reach_of(flow->to);

	if (to == REACH_SOME && from != REACH_SOME && flow->to != STATE_PARTIAL)
		return TO_CLEAR;
	if (broad && to == REACH_BLOCKED && from != REACH_BLOCKED)
		return TO_BLOCKED;
	return flow->to;
}

uint16_t fold_way(const struct incident_flow *flow, bool broad)
{
	unsigned same = flow->from == flow->to;

	return (uint16_t)(to_of(flow, broad) |
			  (unsigned)reach_of(flow->from) << FROM_SHIFT |
			  same << SAME_SHIFT | (unsigned)flow->kind << KIND_SHIFT);
}

uint32_t fold_way_mask(uint16_t way)
{
	unsigned to = way & ((1U << TO_BITS) - 1);
	unsigned from = (unsigned)way >> FROM_SHIFT & 3;
	uint32_t mask = 0;

	if (way >> SAME_SHIFT & 1)
		return UINT32_C(1) << to;
	for (unsigned state = 0; state < STATE_COUNT; state++)
		if ((unsigned)reach_of(state) == from && state != to)
			mask |= UINT32_C(1) << state;
	return mask;
}

uint8_t fold_one_state(uint32_t states)
{
	if (states & (states - 1))
		return STATE_NONE;
	return (uint8_t)__builtin_ctz(states);
}

bool fold_stayed(const struct incident_flow *flow, uint32_t mask)
{
	return flow->kind == CHANGE_NONE && flow->from == flow->to &&
	       (mask >> flow->from & 1);
}
