/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/analyze/controls.h"

static bool answers(uint8_t state)
{
	enum probe_path path = probe_state_path((enum probe_state)state);

	return path == PATH_CLEAR || path == PATH_PARTIAL;
}

static bool was_silent(const uint8_t *before, uint32_t flow)
{
	return before && before[flow] != STATE_NONE && !answers(before[flow]);
}

bool controls_is_silent(const struct plan *plan, const struct results *results,
	const uint8_t *before, uint32_t flow)
{
	return plan->flows[flow].vital && !was_silent(before, flow) &&
	       !answers(results->flows[flow].state);
}

struct controls_finding controls_look(
	const struct plan *plan, const struct results *results, const uint8_t *before)
{
	struct controls_finding found = {0};

	for (uint32_t i = 0; i < plan->n_flows; i++) {
		uint8_t now = results->flows[i].state;
		if (plan->flows[i].vital) {
			found.count += !was_silent(before, i);
			found.silent += controls_is_silent(plan, results, before, i);
		} else if (!results_is_carried(results, i) && before &&
			   answers(before[i]) && now != STATE_ERROR &&
			   now != STATE_NONE) {
			found.others++;
			found.dark += !answers(now);
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
