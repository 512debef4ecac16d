/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/engine/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/strbuf.h"
#include "daemon/engine/plan_build.h"

/* The finalizer of SplitMix64. */
uint64_t plan_hash_number(uint64_t number)
{
	number = (number ^ (number >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	number = (number ^ (number >> 27)) * UINT64_C(0x94d049bb133111eb);
	return number ^ (number >> 31);
}

/* A sum, so that the order of hosts and rules does not matter. */
static uint64_t scope_of(const struct plan *plan, const uint64_t *check_hashes)
{
	uint64_t scope = 0;

	for (uint32_t h = 0; h < plan->n_hosts; h++) {
		const struct plan_host *host = &plan->hosts[h];
		uint64_t name = hash_of_text(host->name);
		for (uint32_t i = 0; i < host->n_flows; i++) {
			uint32_t check = plan->flows[host->first_flow + i].check;
			scope += plan_hash_number(name * 3 + check_hashes[check]);
		}
	}
	return scope;
}

static uint32_t check_connections(const struct plan_check *check)
{
	if (check->ops->connections)
		return check->ops->connections(check->conf);
	return check->ops->flags & PROBE_PER_HOST ? 0 : 1;
}

/* Addresses of a host that will be dialled; a name has one, for all that is known. */
static uint64_t count_dialled(const struct plan *plan, const struct plan_host *host)
{
	int family = plan->config ? plan->config->settings.family : SETTINGS_BOTH;
	uint64_t count = 0;

	if (host->n_addresses == 0)
		return 1;
	for (uint32_t i = 0; i < host->n_addresses; i++)
		count += family == SETTINGS_BOTH ||
			 (host->addresses[i].family == 4) == (family == SETTINGS_IPV4);
	return count;
}

static uint32_t connections_of(const struct plan *plan)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < plan->n_flows; i++)
		sum += count_dialled(plan, &plan->hosts[plan->flows[i].host]) *
		       plan->checks[plan->flows[i].check].connections;
	return sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
}

int plan_measure(struct plan *plan)
{
	uint64_t *hashes = calloc(plan->n_checks + 1U, sizeof *hashes);

	if (!hashes)
		return -ENOMEM;
	for (uint32_t i = 0; i < plan->n_checks; i++) {
		hashes[i] = plan_hash_number(hash_of_text(plan->checks[i].name));
		plan->checks[i].connections = check_connections(&plan->checks[i]);
	}
	plan->scope = scope_of(plan, hashes);
	plan->connections = connections_of(plan);
	free(hashes);
	return 0;
}

struct plan *plan_new(const struct config *config)
{
	struct plan *plan = calloc(1, sizeof *plan);

	if (!plan)
		return NULL;
	arena_init(&plan->arena, 0);
	plan->config = config;
	return plan;
}

static int build(struct plan_builder *builder)
{
	int checks, rc = plan_select_rules(builder);

	if (rc == -ENOMEM)
		return rc;
	/* Also where no rule applies: a mistake in a check is one at every vantage. */
	checks = plan_resolve_checks(builder);
	if (rc < 0 || checks < 0)
		return checks < 0 ? checks : rc;
	rc = rule_trie_init(&builder->trie);
	if (rc == 0)
		rc = plan_unroll(builder);
	if (rc == 0)
		rc = rule_trie_finish(&builder->trie, builder->plan);
	if (rc == 0)
		rc = plan_measure(builder->plan);
	return rc;
}

int plan_build(
	const struct config *config, struct conf_report *report, struct plan **out)
{
	struct plan_builder builder = {.config = config, .report = report};
	int rc;

	if (config->rules.count == 0) {
		conf_error(report, (struct conf_mark){0},
			"there are no rules, so there is nothing to probe");
		return -EINVAL;
	}
	builder.plan = plan_new(config);
	if (!builder.plan)
		return -ENOMEM;
	rc = plan_read_vocabulary(builder.plan, report);
	if (rc != -ENOMEM)
		rc = conf_worse(rc, build(&builder));
	rule_trie_fini(&builder.trie);
	free(builder.applies);
	free(builder.sources);
	if (rc < 0)
		plan_free(builder.plan);
	else
		*out = builder.plan;
	return rc;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	free(plan->flows);
	arena_fini(&plan->arena);
	free(plan);
}

static int64_t find_host(const struct plan *plan, const char *name)
{
	const struct inventory *inventory = &plan->config->inventory;
	uint32_t low = 0, high = plan->n_hosts;

	/* The only host of an ad hoc plan may be in no inventory. */
	if (plan->n_hosts == 1)
		return strcmp(plan->hosts[0].name, name) == 0 ? 0 : -1;
	int64_t wanted = inventory_find_host(inventory, name);
	while (wanted >= 0 && low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (plan->hosts[middle].inventory == wanted)
			return middle;
		if (plan->hosts[middle].inventory < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

int64_t plan_find(const struct plan *plan, const char *host, const char *check)
{
	int64_t found = find_host(plan, host);

	if (found < 0)
		return -1;
	const struct plan_host *at = &plan->hosts[found];
	for (uint32_t i = 0; i < at->n_flows; i++) {
		uint32_t flow = at->first_flow + i;
		if (strcmp(plan->checks[plan->flows[flow].check].name, check) == 0)
			return flow;
	}
	return -1;
}

/* RFC 8259, section 7. Names are UTF-8 already. */
static void add_json_text(struct strbuf *buf, const char *text)
{
	strbuf_adds(buf, "\"");
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '"' || c == '\\')
			strbuf_addf(buf, "\\%c", c);
		else if (c < 0x20)
			strbuf_addf(buf, "\\u%04x", c);
		else
			strbuf_add(buf, text, 1);
	}
	strbuf_adds(buf, "\"");
}

char *plan_rules_json(const struct plan *plan, const struct plan_flow *flow)
{
	const struct plan_rule_set *set = &plan->rule_sets[flow->rules];
	struct strbuf buf;

	strbuf_init(&buf);
	strbuf_adds(&buf, "[");
	for (uint32_t i = 0; i < set->count; i++) {
		strbuf_adds(&buf, i ? "," : "");
		add_json_text(&buf, plan->config->rules.rules[set->rules[i]].name);
	}
	strbuf_adds(&buf, "]");
	return strbuf_take(&buf);
}
