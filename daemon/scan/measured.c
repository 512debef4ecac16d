/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/scan/measured.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/scan/carry.h"

/* Groups of a host without "all", which says nothing about a cause. */
static int fill_groups(const struct inventory *inventory, uint32_t index,
	struct arena *arena, struct snapshot_set *out)
{
	const struct inventory_host *from;
	int64_t all = inventory_find_group(inventory, "all");
	uint32_t *items;

	if (index >= inventory->n_hosts)
		return 0;
	from = &inventory->hosts[index];
	items = arena_calloc(arena, from->n_groups + 1U, sizeof *items);
	for (uint32_t i = 0; items && i < from->n_groups; i++)
		if (from->groups[i] != all)
			items[out->count++] = from->groups[i];
	out->items = items;
	return items ? 0 : -ENOMEM;
}

static int fill_hosts(const struct plan *plan, struct snapshot *out)
{
	int rc = 0;

	for (uint32_t i = 0; i < plan->n_hosts && rc == 0; i++) {
		const struct plan_host *from = &plan->hosts[i];
		out->hosts[i] = (struct snapshot_host){
			.name = from->name,
			.first_flow = from->first_flow,
			.n_flows = from->n_flows,
		};
		rc = fill_groups(&plan->config->inventory, from->inventory, &out->arena,
			&out->hosts[i].groups);
	}
	out->n_hosts = plan->n_hosts;
	return rc;
}

static int fill_names(const struct plan *plan, struct snapshot *out)
{
	const struct inventory *inventory = &plan->config->inventory;
	const struct rule_list *rules = &plan->config->rules;
	const char **groups =
		arena_calloc(&out->arena, inventory->n_groups + 1U, sizeof *groups);
	const char **names =
		arena_calloc(&out->arena, rules->count + 1U, sizeof *names);

	if (!groups || !names)
		return -ENOMEM;
	for (uint32_t i = 0; i < inventory->n_groups; i++)
		groups[i] = inventory->groups[i].name;
	for (uint32_t i = 0; i < rules->count; i++)
		names[i] = rules->rules[i].name;
	out->groups = groups;
	out->n_groups = inventory->n_groups;
	out->rules = names;
	out->n_rules = rules->count;
	for (uint32_t i = 0; i < plan->n_checks; i++)
		out->checks[i] = (struct snapshot_check){
			plan->checks[i].name, plan->checks[i].ops};
	out->n_checks = plan->n_checks;
	for (uint32_t i = 0; i < plan->n_rule_sets; i++)
		out->rule_sets[i] = (struct snapshot_set){
			plan->rule_sets[i].rules, plan->rule_sets[i].count};
	out->n_rule_sets = plan->n_rule_sets;
	return 0;
}

static int fill_flows(const struct plan *plan, struct snapshot *out)
{
	uint64_t *checks = calloc(plan->n_checks + 1U, sizeof *checks);

	if (!checks)
		return -ENOMEM;
	for (uint32_t i = 0; i < plan->n_checks; i++)
		checks[i] = carry_question_of_check(&plan->checks[i]);
	for (uint32_t h = 0; h < plan->n_hosts; h++) {
		const struct plan_host *host = &plan->hosts[h];
		uint64_t of_host = carry_question_of_host(host);
		uint32_t end = host->first_flow + host->n_flows;
		for (uint32_t i = host->first_flow; i < end; i++) {
			const struct plan_flow *from = &plan->flows[i];
			out->flows[i] = (struct snapshot_flow){
				.question =
					carry_question(checks[from->check], of_host),
				.host = from->host,
				.check = from->check,
				.rules = from->rules,
				.expect = from->expect,
				.accepts_closed = from->accept_closed,
			};
		}
	}
	out->n_flows = plan->n_flows;
	free(checks);
	return 0;
}

int measured_frame(const struct plan *plan, struct snapshot *out)
{
	int rc = snapshot_init(out);

	if (rc < 0)
		return rc;
	out->vantage = plan->config->settings.vantage;
	out->hosts = calloc(plan->n_hosts + 1U, sizeof *out->hosts);
	out->checks = calloc(plan->n_checks + 1U, sizeof *out->checks);
	out->rule_sets = calloc(plan->n_rule_sets + 1U, sizeof *out->rule_sets);
	out->flows = calloc(plan->n_flows + 1U, sizeof *out->flows);
	if (!out->hosts || !out->checks || !out->rule_sets || !out->flows)
		return -ENOMEM;
	rc = fill_hosts(plan, out);
	if (rc == 0)
		rc = fill_names(plan, out);
	return rc < 0 ? rc : fill_flows(plan, out);
}

static int fill_flow(const struct results *results, const struct assessment *assessment,
	uint32_t index, struct snapshot *snapshot)
{
	const struct flow_result *result = &results->flows[index];
	struct snapshot_flow *flow = &snapshot->flows[index];

	flow->state = result->state;
	flow->reason = result->reason;
	flow->phase = result->phase;
	flow->carried = results_is_carried(results, index);
	flow->gap_reason = result->state == STATE_ERROR ? result->reason : REASON_NONE;
	flow->verdict = assessment->verdicts[index];
	flow->own_verdict = assessment->own_verdicts[index];
	flow->proved =
		flow->expect == EXPECT_BLOCKED && flow->own_verdict == VERDICT_PASS;
	flow->silence = assessment->silences ? assessment->silences[index] : 0;
	flow->flap = assessment->phases ? assessment->phases[index] : FLAP_NONE;
	flow->evidence = flow_result_evidence(result);
	return snapshot_text(snapshot, result->detail ? result->detail->identity : NULL,
		&flow->identity);
}

int measured_fill(const struct plan *plan, const struct results *results,
	const struct assessment *assessment, bool degraded, struct snapshot *snapshot)
{
	int rc = 0;

	snapshot->degraded = degraded;
	for (uint32_t i = 0; i < plan->n_hosts; i++)
		if (results->hosts[i].count)
			snapshot->hosts[i].address = results->hosts[i].items[0];
	for (uint32_t i = 0; i < plan->n_flows && rc == 0; i++)
		rc = fill_flow(results, assessment, i, snapshot);
	return rc;
}
