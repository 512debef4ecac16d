/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/controls.h"

bool controls_answers(uint8_t state, uint8_t reason)
{
	return observation_parts(state, reason) & (PARTS_ACCEPT | PARTS_CLOSED);
}

static bool answered(const struct controls_before *before, uint32_t flow)
{
	return before->states &&
	       controls_answers(before->states[flow], before->reasons[flow]);
}

static bool was_silent(const struct controls_before *before, uint32_t flow)
{
	return before->states && before->states[flow] != STATE_NONE &&
	       !answered(before, flow);
}

bool controls_is_silent(const struct plan *plan, const struct results *results,
	const struct controls_before *before, uint32_t flow)
{
	const struct flow_result *now = &results->flows[flow];

	return plan->flows[flow].vital && !was_silent(before, flow) &&
	       !controls_answers(now->state, now->reason);
}

struct controls_finding controls_look(const struct plan *plan,
	const struct results *results, const struct controls_before *before)
{
	struct controls_finding found = {0};

	for (uint32_t i = 0; i < plan->n_flows; i++) {
		const struct flow_result *now = &results->flows[i];
		if (plan->flows[i].vital) {
			found.count += !was_silent(before, i);
			found.silent += controls_is_silent(plan, results, before, i);
		} else if (!results_is_carried(results, i) && answered(before, i) &&
			   now->state != STATE_ERROR && now->state != STATE_NONE) {
			found.others++;
			found.dark += !controls_answers(now->state, now->reason);
		}
	}
	return found;
}

bool controls_lack(const struct controls_finding *finding, uint32_t require)
{
	uint32_t need = require < finding->count ? require : finding->count;

	return finding->count - finding->silent < need;
}

bool controls_alone(const struct controls_finding *finding, uint32_t share)
{
	return (uint64_t)finding->dark * 100 < (uint64_t)finding->others * share;
}
