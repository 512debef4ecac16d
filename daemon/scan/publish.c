/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/scan/publish.h"

#include <errno.h>
#include <stdlib.h>

#include "config/inventory.h"

/* The addresses a flow was probed on: of its legs, or the one its result is of. */
static size_t fill_addresses(const struct plan *plan, const struct results *results,
	uint32_t index, struct report_address *out)
{
	const struct flow_result *result = &results->flows[index];
	const struct plan_flow *flow = &plan->flows[index];
	const struct host_addresses *addresses = &results->hosts[flow->host];
	const struct flow_detail *detail = result->detail;
	uint32_t count = detail ? detail->n_addresses : 0;

	if (plan->checks[flow->check].ops->flags & PROBE_PER_HOST ||
		result->phase == PHASE_RESOLVE)
		return 0;
	for (uint32_t i = 0; i < count && i < INVENTORY_MAX_ADDRESSES; i++) {
		const struct flow_address *leg = &detail->addresses[i];
		out[i] = (struct report_address){
			.address = leg->address,
			.state = (enum probe_state)leg->state,
			.reason = (enum probe_reason)leg->reason,
			.rtt_us = leg->rtt_us,
			.evidence = leg->evidence,
		};
	}
	if (count || addresses->count != 1)
		return count;
	out[0] = (struct report_address){
		.address = addresses->items[0],
		.state = (enum probe_state)result->state,
		.reason = (enum probe_reason)result->reason,
		.rtt_us = result->rtt_us,
	};
	return 1;
}

/* Room for the most rule names that one flow has. */
static const char **rule_names(const struct plan *plan)
{
	uint32_t most = 1;

	for (uint32_t i = 0; i < plan->n_rule_sets; i++)
		if (plan->rule_sets[i].count > most)
			most = plan->rule_sets[i].count;
	return calloc(most, sizeof(char *));
}

static size_t fill_rules(
	const struct plan *plan, const struct plan_flow *flow, const char **out)
{
	const struct plan_rule_set *set;

	if (flow->rules >= plan->n_rule_sets)
		return 0;
	set = &plan->rule_sets[flow->rules];
	for (uint32_t i = 0; i < set->count; i++)
		out[i] = plan->config->rules.rules[set->rules[i]].name;
	return set->count;
}

int publish_results(const struct plan *plan, const struct results *results,
	const struct assessment *assessment, int64_t scan, int64_t started_us,
	struct report *report)
{
	struct report_address addresses[INVENTORY_MAX_ADDRESSES];
	const char **rules = rule_names(plan);
	int rc = rules ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < plan->n_flows && rc == 0; i++) {
		const struct plan_flow *flow = &plan->flows[i];
		const struct flow_result *result = &results->flows[i];
		struct report_result out = {
			.scan = scan,
			.time_us = started_us + (int64_t)result->at_ms * 1000,
			.vantage = plan->config->settings.vantage,
			.host = plan->hosts[flow->host].name,
			.check = plan->checks[flow->check].name,
			.rules = rules,
			.n_rules = fill_rules(plan, flow, rules),
			.state = (enum probe_state)result->state,
			.reason = (enum probe_reason)result->reason,
			.phase = (enum probe_phase)result->phase,
			.expect = (enum rule_expect)flow->expect,
			.verdict = (enum verdict)assessment->verdicts[i],
			.held_by = assessment_held_by(assessment, i),
			.flapping = assessment->phases &&
				    (assessment->phases[i] == FLAP_STARTED ||
					    assessment->phases[i] == FLAP_ON),
			.silence = assessment->silences ? assessment->silences[i] : 0,
			.attempts = result->attempts,
			.rtt_us = result->rtt_us,
			.addresses = addresses,
			.evidence = result->detail ? result->detail->evidence : NULL,
		};
		out.n_addresses = fill_addresses(plan, results, i, addresses);
		rc = report_result(report, &out);
	}
	free(rules);
	return rc;
}
