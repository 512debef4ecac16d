/* SPDX-License-Identifier: Apache-2.0 */
/* A plan of one flow, for a probe by hand. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/plan_build.h"

/* A host that the inventory does not name: its address, or a name to resolve. */
static int single_outsider(struct plan *plan, const char *name)
{
	struct net_address *address = arena_calloc(&plan->arena, 1, sizeof *address);
	char *copy = arena_strdup(&plan->arena, name);

	if (!address || !copy)
		return -ENOMEM;
	*plan->hosts = (struct plan_host){.name = copy, .inventory = UINT32_MAX};
	if (net_address_parse(name, address)) {
		plan->hosts->addresses = address;
		plan->hosts->n_addresses = 1;
	} else {
		plan->hosts->dial_name = copy;
	}
	return 0;
}

static int single_host(struct plan *plan, const char *name)
{
	const struct inventory *inventory = &plan->config->inventory;
	int64_t found = -1;

	plan->hosts = arena_calloc(&plan->arena, 1, sizeof *plan->hosts);
	if (!plan->hosts)
		return -ENOMEM;
	if (inventory->n_hosts > 0)
		found = inventory_find_host(inventory, name);
	if (found < 0)
		return single_outsider(plan, name);
	const struct inventory_host *host = &inventory->hosts[found];
	*plan->hosts = (struct plan_host){
		.name = host->name,
		.dial_name = host->dial_name,
		.addresses = host->addresses,
		.n_addresses = host->dial_name ? 0 : host->n_addresses,
		.inventory = (uint32_t)found,
	};
	return 0;
}

static int single_check(struct plan *plan, const char *text, struct conf_report *report)
{
	const struct settings *settings = &plan->config->settings;
	uint32_t file = conf_report_add_file(report, "<check>", text, strlen(text));

	plan->checks = arena_calloc(&plan->arena, 1, sizeof *plan->checks);
	if (!plan->checks)
		return -ENOMEM;
	int rc = plan_parse_check(
		plan, text, (struct conf_mark){file, 1, 1}, NULL, report, plan->checks);
	plan->checks->timeout_ms = settings->timeout_ms;
	plan->checks->attempts = settings->attempts;
	return rc;
}

static int fill_single(struct plan *plan, const char *check, const char *host,
	struct conf_report *report)
{
	int rc = single_check(plan, check, report);

	if (rc == 0)
		rc = single_host(plan, host);
	if (rc < 0)
		return rc;
	plan->flows = calloc(1, sizeof *plan->flows);
	plan->rule_sets = arena_calloc(&plan->arena, 1, sizeof *plan->rule_sets);
	if (!plan->flows || !plan->rule_sets)
		return -ENOMEM;
	bool clear = plan->checks->ops->flags & PROBE_EXPECTS_CLEAR;
	plan->flows->expect = clear ? EXPECT_CLEAR : EXPECT_OPEN;
	plan->n_flows = plan->n_hosts = plan->n_checks = plan->n_rule_sets = 1;
	plan->hosts->n_flows = 1;
	return plan_measure(plan);
}

int plan_single(const struct config *config, const char *check, const char *host,
	struct conf_report *report, struct plan **out)
{
	struct plan *plan = plan_new(config);
	int rc;

	if (!plan)
		return -ENOMEM;
	rc = plan_read_vocabulary(plan, report);
	if (rc == 0)
		rc = fill_single(plan, check, host, report);
	if (rc < 0)
		plan_free(plan);
	else
		*out = plan;
	return rc;
}
