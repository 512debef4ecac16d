/* SPDX-License-Identifier: Apache-2.0 */
/* A scan that just ran, against the last confirmed states. */
#include <errno.h>

#include "daemon/query/change_set.h"

/* Groups of a host without "all", which says nothing about a cause. */
static int host_groups(struct change_set *set, const struct inventory *inventory,
	const struct inventory_host *from, struct incident_host *to)
{
	int64_t all = inventory_find_group(inventory, "all");
	uint32_t *groups = arena_calloc(
		&set->arena, from->n_groups ? from->n_groups : 1, sizeof *groups);

	if (!groups)
		return -ENOMEM;
	for (uint32_t i = 0; i < from->n_groups; i++)
		if (from->groups[i] != all)
			groups[to->n_groups++] = from->groups[i];
	to->groups = groups;
	return 0;
}

static int build_hosts(
	struct change_set *set, const struct plan *plan, const struct results *results)
{
	const struct inventory *inventory = &plan->config->inventory;
	struct incident_host *hosts = arena_calloc(
		&set->arena, plan->n_hosts ? plan->n_hosts : 1, sizeof *hosts);
	int rc = hosts ? 0 : -ENOMEM;

	for (uint32_t i = 0; rc == 0 && i < plan->n_hosts; i++) {
		const struct plan_host *host = &plan->hosts[i];
		hosts[i].name = host->name;
		if (results->hosts[i].count)
			hosts[i].address = results->hosts[i].items[0];
		if (host->inventory < inventory->n_hosts)
			rc = host_groups(set, inventory,
				&inventory->hosts[host->inventory], &hosts[i]);
	}
	set->input.hosts = hosts;
	set->input.n_hosts = plan->n_hosts;
	return rc;
}

static int build_names(struct change_set *set, const struct plan *plan)
{
	const struct inventory *inventory = &plan->config->inventory;
	const char **checks = arena_calloc(
		&set->arena, plan->n_checks ? plan->n_checks : 1, sizeof *checks);
	const char **groups = arena_calloc(&set->arena,
		inventory->n_groups ? inventory->n_groups : 1, sizeof *groups);

	if (!checks || !groups)
		return -ENOMEM;
	for (uint32_t i = 0; i < plan->n_checks; i++)
		checks[i] = plan->checks[i].name;
	for (uint32_t i = 0; i < inventory->n_groups; i++)
		groups[i] = inventory->groups[i].name;
	set->input.checks = checks;
	set->input.n_checks = plan->n_checks;
	set->input.groups = groups;
	set->input.n_groups = inventory->n_groups;
	return 0;
}

static int add_flow(struct change_set *set, const struct plan *plan,
	const struct results *results, const struct diff_side *before,
	struct incident_flow *entry, uint32_t index, bool withhold)
{
	const struct plan_flow *flow = &plan->flows[index];
	const struct flow_result *result = &results->flows[index];
	struct diff_side after = result_side(plan, results, index);
	enum change_kind kind =
		diff_flow(before, &after, (enum rule_expect)flow->expect);
	struct change change = {
		.flow = index,
		.host = plan->hosts[flow->host].name,
		.check = plan->checks[flow->check].name,
		.from = (uint8_t)before->state,
		.to = result->state,
		.reason = result->reason,
		.kind = (uint8_t)kind,
		.expect = flow->expect,
		.evidence = flow_result_evidence(result),
	};

	*entry = (struct incident_flow){
		.host = flow->host,
		.check = flow->check,
		.from = (uint8_t)(before->state ? before->state : result->state),
		.to = result->state,
		.expect = flow->expect,
		.reason = result->reason,
		.phase = result->phase,
	};
	/* What was not asked is no evidence that it stayed as it was. */
	if (kind == CHANGE_NONE && results_is_carried(results, index))
		entry->from = entry->to = STATE_NONE;
	if (kind == CHANGE_NONE || (withhold && kind != CHANGE_ADDED))
		return 0;
	entry->kind = (uint8_t)kind;
	if (kind == CHANGE_ADDED)
		change.flow = UINT32_MAX;
	else {
		entry->cause = changes_cause(&set->arena, &change);
		entry->hop = changes_hop(&set->arena, &change);
	}
	return change_set_add(set, &change);
}

static int add_removed(struct change_set *set, const struct previous *previous)
{
	int rc = 0;

	for (uint32_t i = 0; i < previous->n_removed && rc == 0; i++) {
		struct change change = {
			.flow = UINT32_MAX,
			.host = previous->removed[i].host,
			.check = previous->removed[i].check,
			.from = previous->removed[i].state,
			.kind = CHANGE_REMOVED,
		};
		rc = change_set_add(set, &change);
	}
	return rc;
}

static int build_flows(struct change_set *set, const struct plan *plan,
	const struct results *results, const struct previous *previous, bool withhold)
{
	struct incident_flow *flows = arena_calloc(
		&set->arena, plan->n_flows ? plan->n_flows : 1, sizeof *flows);
	int rc = flows ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < plan->n_flows && rc == 0; i++) {
		struct diff_side before = previous_side(previous, i);
		rc = add_flow(set, plan, results, &before, &flows[i], i, withhold);
	}
	set->input.flows = flows;
	set->input.n_flows = plan->n_flows;
	return rc == 0 ? add_removed(set, previous) : rc;
}

int changes_of_scan(const struct plan *plan, const struct results *results,
	const struct previous *previous, bool withhold, struct change_set *out)
{
	int rc;

	*out = (struct change_set){.vantage = plan->config->settings.vantage};
	arena_init(&out->arena, 0);
	out->input.vantage = out->vantage;
	if (!previous->scan)
		return 0;
	rc = build_flows(out, plan, results, previous, withhold);
	if (rc == 0 && out->reachability) {
		rc = build_names(out, plan);
		if (rc == 0)
			rc = build_hosts(out, plan, results);
	}
	if (rc == 0)
		rc = change_set_fold(out);
	if (rc < 0)
		changes_fini(out);
	return rc;
}
