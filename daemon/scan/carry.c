/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/scan/carry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_asked(const struct plan *plan, const bool *rules, uint32_t flow)
{
	const struct plan_rule_set *askers = &plan->rule_sets[plan->flows[flow].askers];

	for (uint32_t i = 0; i < askers->count; i++)
		if (rules[askers->rules[i]])
			return true;
	return plan->flows[flow].vital;
}

int carry_select(
	const struct plan *plan, const bool *rules, uint32_t **flows, size_t *count)
{
	*count = 0;
	*flows = calloc(plan->n_flows + 1U, sizeof **flows);
	if (!*flows)
		return -ENOMEM;
	for (uint32_t i = 0; i < plan->n_flows; i++)
		if (is_asked(plan, rules, i))
			(*flows)[(*count)++] = i;
	return 0;
}

/* An identity is part of what may differ. */
static int carry_identity(const char *identity, struct flow_result *result)
{
	if (!identity)
		return 0;
	result->detail = calloc(1, sizeof *result->detail);
	if (!result->detail)
		return -ENOMEM;
	result->detail->identity = strdup(identity);
	return result->detail->identity ? 0 : -ENOMEM;
}

static int carry_flow(
	const struct previous *previous, uint32_t flow, struct results *results)
{
	struct flow_result *result = &results->flows[flow];

	results->carried[flow] = CARRIED;
	result->reason = REASON_NOT_DUE;
	if (!previous->scan || previous->states[flow] == STATE_NONE)
		return 0;
	if (previous->proved[flow])
		results->carried[flow] = CARRIED_PROVED;
	result->state = previous->states[flow];
	if (result->state == STATE_PARTIAL)
		result->reason = previous->reasons[flow]; /* the path is its parts' */
	return carry_identity(previous->identities[flow], result);
}

int carry_over(const struct plan *plan, const struct previous *previous,
	const uint32_t *flows, size_t count, struct results *results)
{
	size_t at = 0;
	int rc = 0;

	results->carried = calloc(plan->n_flows + 1U, sizeof *results->carried);
	if (!results->carried)
		return -ENOMEM;
	for (uint32_t i = 0; i < plan->n_flows && rc == 0; i++) {
		if (at < count && flows[at] == i)
			at++;
		else
			rc = carry_flow(previous, i, results);
	}
	return rc;
}
