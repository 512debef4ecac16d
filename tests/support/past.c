/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/past.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "daemon/scan/measured.h"

void past_init(struct past *past, const struct plan *plan)
{
	struct snapshot *then = &past->earlier.snapshot;

	assert_int_equal(measured_frame(plan, &past->frame), 0);
	assert_int_equal(measured_frame(plan, then), 0);
	then->scan = 1;
	past->earlier.states = calloc(plan->n_flows + 1U, sizeof(uint8_t));
	past->earlier.reasons = calloc(plan->n_flows + 1U, sizeof(uint8_t));
	assert_true(past->earlier.states && past->earlier.reasons);
	past->earlier.last =
		(struct controls_before){past->earlier.states, past->earlier.reasons};
	assert_int_equal(snapshot_match(then, &past->frame, &past->earlier.places), 0);
	for (uint32_t i = 0; i < plan->n_flows; i++)
		past_set_state(past, i, STATE_OPEN);
}

void past_init_scan(struct past *past, const struct plan *plan,
	const struct results *results, const struct assessment *assessment)
{
	past_init(past, plan);
	assert_int_equal(measured_fill(plan, results, assessment, false,
				 &past->earlier.snapshot),
		0);
	for (uint32_t i = 0; i < plan->n_flows; i++) {
		struct snapshot_flow *then = past_flow(past, i);
		/* The store shows what could not be measured as it was before. */
		if (then->state == STATE_ERROR)
			then->state = STATE_OPEN;
		past->earlier.states[i] = then->state;
		past->earlier.reasons[i] = then->reason;
	}
}

struct snapshot_flow *past_flow(struct past *past, uint32_t flow)
{
	return &past->earlier.snapshot.flows[past->earlier.places[flow]];
}

void past_set_state(struct past *past, uint32_t flow, enum probe_state state)
{
	struct snapshot_flow *then = past_flow(past, flow);

	then->state = then->reported_state = (uint8_t)state;
	then->verdict = then->own_verdict = then->reported_verdict = VERDICT_PASS;
	then->is_reported = state != STATE_NONE;
	past->earlier.states[flow] = (uint8_t)state;
}

void past_set_identity(struct past *past, uint32_t flow, const char *identity)
{
	struct snapshot_flow *then = past_flow(past, flow);

	assert_int_equal(
		snapshot_text(&past->earlier.snapshot, identity, &then->identity), 0);
	then->reported_identity = then->identity;
}

void past_fini(struct past *past)
{
	snapshot_fini(&past->frame);
	earlier_fini(&past->earlier);
}
