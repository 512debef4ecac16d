/* SPDX-License-Identifier: Apache-2.0 */
/* Rules times hosts: a counting sort by host, then one pass that merges. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/plan_build.h"

/* Sources that a host has before duplicates are merged, by host. */
struct buckets {
	uint32_t *start; /* per inventory host, and one more: where its sources begin */
	uint32_t *sources; /* indexes into builder->sources, rising in a bucket */
};

static int count_sources(const struct plan_builder *builder, struct buckets *buckets)
{
	const struct config *config = builder->config;
	uint64_t total = 0;

	for (uint32_t s = 0; s < builder->n_sources; s++) {
		const struct rule *rule =
			&config->rules.rules[builder->sources[s].rule];
		total += rule->n_to;
		if (total > PLAN_MAX_FLOWS) {
			conf_error(builder->report, rule->mark,
				"the rules up to '%s' make over %u flows; give them "
				"fewer hosts or checks",
				rule->name, (unsigned)PLAN_MAX_FLOWS);
			return -EINVAL;
		}
		for (uint32_t i = 0; i < rule->n_to; i++)
			buckets->start[rule->to[i] + 1U]++;
	}
	for (uint32_t h = 0; h < config->inventory.n_hosts; h++)
		buckets->start[h + 1U] += buckets->start[h];
	return 0;
}

/* `start` serves as the place to write, and is moved back by one host afterwards. */
static void fill_sources(const struct plan_builder *builder, struct buckets *buckets)
{
	uint32_t n_hosts = builder->config->inventory.n_hosts;

	for (uint32_t s = 0; s < builder->n_sources; s++) {
		const struct rule *rule =
			&builder->config->rules.rules[builder->sources[s].rule];
		for (uint32_t i = 0; i < rule->n_to; i++)
			buckets->sources[buckets->start[rule->to[i]]++] = s;
	}
	memmove(buckets->start + 1, buckets->start, n_hosts * sizeof *buckets->start);
	buckets->start[0] = 0;
}

/* What is known of each check while one host is merged. */
struct last_seen {
	uint32_t host;   /* 1 + the inventory host it was last seen on */
	uint32_t flow;   /* its flow there */
	uint32_t source; /* the source that set the flow's expectation */
};

static int report_contradiction(
	struct plan_builder *builder, uint32_t host, uint32_t first, uint32_t second)
{
	struct plan_source *there = &builder->sources[first];
	struct plan_source *here = &builder->sources[second];
	const struct rule *rules = builder->config->rules.rules;

	if (here->told == first + 1)
		return -EINVAL;
	here->told = first + 1;
	conf_error(builder->report, here->entry->mark,
		"rule '%s' expects %s on '%s' to be %s%s, rule '%s' expects %s%s (%s:%u)",
		rules[here->rule].name, builder->plan->checks[here->check].name,
		builder->config->inventory.hosts[host].name,
		rule_expect_name(here->expect), here->accept_closed ? " or closed" : "",
		rules[there->rule].name, rule_expect_name(there->expect),
		there->accept_closed ? " or closed" : "",
		conf_report_file(builder->report, there->entry->mark.file),
		(unsigned)there->entry->mark.line);
	conf_help(builder->report, "let one rule speak for a check on a host");
	return -EINVAL;
}

/* A source sets what its flow is, for the first time or over a mere control. */
static int set_flow(struct plan_builder *builder, struct plan_flow *flow, uint32_t s)
{
	const struct plan_source *source = &builder->sources[s];

	flow->check = source->check;
	flow->expect = source->expect;
	flow->accept_closed = source->accept_closed;
	flow->control = source->control;
	return rule_trie_add(&builder->trie, 0, source->rule, &flow->rules);
}

static int merge_source(
	struct plan_builder *builder, uint32_t host, struct last_seen *seen, uint32_t s)
{
	const struct plan_source *source = &builder->sources[s];
	struct plan_flow *flow = &builder->plan->flows[seen->flow];

	if (source->control && !flow->control)
		return 0; /* asked anyway, and judged by the rule that asks */
	if (!source->control && flow->control) {
		seen->source = s;
		return set_flow(builder, flow, s);
	}
	if (source->expect != flow->expect ||
		source->accept_closed != flow->accept_closed)
		return report_contradiction(builder, host, seen->source, s);
	return rule_trie_add(&builder->trie, flow->rules, source->rule, &flow->rules);
}

static int add_asker(struct plan_builder *builder, struct plan_flow *flow, uint32_t s)
{
	uint32_t rule = builder->sources[s].rule;

	flow->vital |= builder->config->rules.rules[rule].vital;
	return rule_trie_add(&builder->trie, flow->askers, rule, &flow->askers);
}

/* `seen` has an element per check. */
static int unroll_host(struct plan_builder *builder, const struct buckets *buckets,
	uint32_t host, struct last_seen *seen)
{
	struct plan *plan = builder->plan;
	int rc = 0;

	for (uint32_t i = buckets->start[host]; i < buckets->start[host + 1U]; i++) {
		uint32_t s = buckets->sources[i];
		struct last_seen *last = &seen[builder->sources[s].check];
		int one;
		if (last->host == host + 1U) {
			one = merge_source(builder, host, last, s);
		} else {
			*last = (struct last_seen){host + 1U, plan->n_flows, s};
			plan->flows[plan->n_flows].host = plan->n_hosts;
			one = set_flow(builder, &plan->flows[plan->n_flows++], s);
		}
		if (one == 0)
			one = add_asker(builder, &plan->flows[last->flow], s);
		rc = one < 0 ? one : rc;
		if (rc == -ENOMEM)
			break;
	}
	return rc;
}

static void add_host(struct plan *plan, uint32_t host, uint32_t first_flow)
{
	const struct inventory_host *from = &plan->config->inventory.hosts[host];

	plan->hosts[plan->n_hosts++] = (struct plan_host){
		.name = from->name,
		.dial_name = from->dial_name,
		.addresses = from->addresses,
		.n_addresses = from->dial_name ? 0 : from->n_addresses,
		.first_flow = first_flow,
		.n_flows = plan->n_flows - first_flow,
		.inventory = host,
	};
}

static int unroll_hosts(struct plan_builder *builder, const struct buckets *buckets)
{
	struct plan *plan = builder->plan;
	uint32_t n_hosts = builder->config->inventory.n_hosts;
	struct last_seen *seen = calloc(plan->n_checks + 1U, sizeof *seen);
	int rc = seen ? 0 : -ENOMEM;

	for (uint32_t h = 0; h < n_hosts && rc != -ENOMEM; h++) {
		uint32_t first_flow = plan->n_flows;
		if (buckets->start[h] == buckets->start[h + 1U])
			continue;
		int one = unroll_host(builder, buckets, h, seen);
		rc = one < 0 ? one : rc;
		add_host(plan, h, first_flow);
	}
	free(seen);
	return rc;
}

/* Room for every source as a flow; what duplicates leave over is given back. */
static int allocate_flows(
	struct plan *plan, const struct buckets *buckets, uint32_t n_hosts)
{
	uint32_t with_flows = 0;

	for (uint32_t h = 0; h < n_hosts; h++)
		with_flows += buckets->start[h] != buckets->start[h + 1U];
	plan->hosts = arena_calloc(&plan->arena, with_flows + 1U, sizeof *plan->hosts);
	plan->flows = calloc(buckets->start[n_hosts] + 1U, sizeof *plan->flows);
	return plan->hosts && plan->flows ? 0 : -ENOMEM;
}

static void shrink_flows(struct plan *plan)
{
	struct plan_flow *flows =
		realloc(plan->flows, (plan->n_flows + 1U) * sizeof *flows);

	if (flows)
		plan->flows = flows;
}

int plan_unroll(struct plan_builder *builder)
{
	uint32_t n_hosts = builder->config->inventory.n_hosts;
	struct buckets buckets = {0};
	int rc = -ENOMEM;

	buckets.start = calloc(n_hosts + 2U, sizeof *buckets.start);
	if (!buckets.start)
		return -ENOMEM;
	rc = count_sources(builder, &buckets);
	if (rc < 0)
		goto out;
	buckets.sources = calloc(buckets.start[n_hosts] + 1U, sizeof *buckets.sources);
	rc = buckets.sources ? allocate_flows(builder->plan, &buckets, n_hosts)
			     : -ENOMEM;
	if (rc < 0)
		goto out;
	fill_sources(builder, &buckets);
	rc = unroll_hosts(builder, &buckets);
	shrink_flows(builder->plan);
out:
	free(buckets.start);
	free(buckets.sources);
	return rc;
}
