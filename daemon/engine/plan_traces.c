/* SPDX-License-Identifier: Apache-2.0 */
/* A plan of traces: what no rule can ask for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/plan_build.h"
#include "probes/trace.h"

static bool is_same_host(const struct plan_host *a, const struct plan_host *b)
{
	if (strcmp(a->name, b->name) != 0 || a->n_addresses != b->n_addresses ||
		!a->dial_name != !b->dial_name ||
		(a->dial_name && strcmp(a->dial_name, b->dial_name) != 0))
		return false;
	for (uint32_t i = 0; i < a->n_addresses; i++)
		if (net_address_compare(&a->addresses[i], &b->addresses[i]) != 0)
			return false;
	return true;
}

/* Traces to one host share it, and what may be open to it at once. */
static uint32_t host_of(
	struct plan *plan, uint32_t index, const struct plan_trace *trace)
{
	struct plan_host *host = &plan->hosts[plan->n_hosts];

	if (plan->n_hosts > 0 && is_same_host(host - 1, &trace->host)) {
		host[-1].n_flows++;
		return plan->n_hosts - 1;
	}
	*host = trace->host;
	host->first_flow = index;
	host->n_flows = 1;
	return plan->n_hosts++;
}

static int add_trace(struct plan *plan, uint32_t index, const struct plan_trace *trace)
{
	struct trace_conf *conf = arena_calloc(&plan->arena, 1, sizeof *conf);

	if (!conf)
		return -ENOMEM;
	*conf = (struct trace_conf){
		.port = trace->port,
		.distance = trace->distance,
		.budget_ms = trace->budget_ms,
	};
	plan->checks[index] = (struct plan_check){
		.name = trace_probe_ops.name,
		.ops = &trace_probe_ops,
		.conf = conf,
		.timeout_ms = trace->timeout_ms,
		.attempts = 1,
	};
	plan->flows[index] = (struct plan_flow){.host = host_of(plan, index, trace),
		.check = index,
		.expect = EXPECT_ANY};
	return 0;
}

static int fill_traces(
	struct plan *plan, const struct plan_trace *traces, uint32_t count)
{
	int rc = 0;

	plan->hosts = arena_calloc(&plan->arena, count, sizeof *plan->hosts);
	plan->checks = arena_calloc(&plan->arena, count, sizeof *plan->checks);
	plan->rule_sets = arena_calloc(&plan->arena, 1, sizeof *plan->rule_sets);
	plan->flows = calloc(count, sizeof *plan->flows);
	if (!plan->hosts || !plan->checks || !plan->rule_sets || !plan->flows)
		return -ENOMEM;
	for (uint32_t i = 0; i < count && rc == 0; i++)
		rc = add_trace(plan, i, &traces[i]);
	plan->n_checks = plan->n_flows = count;
	plan->n_rule_sets = 1;
	return rc == 0 ? plan_measure(plan) : rc;
}

int plan_traces(const struct config *config, const struct plan_trace *traces,
	uint32_t n_traces, struct plan **out)
{
	struct plan *plan = plan_new(config);
	int rc = plan ? fill_traces(plan, traces, n_traces) : -ENOMEM;

	if (rc == 0)
		*out = plan;
	else if (plan)
		plan_free(plan);
	return rc;
}
