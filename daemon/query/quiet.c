/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/query/quiet.h"

#include <errno.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/array.h"

/* Names of one flow that are looked at. */
#define MAX_NAMES 256

/* ---- loading -------------------------------------------------------------- */

struct loading {
	struct quiet *quiet;
	bool (*counts)(const struct silence *silence, int64_t time_us);
	int64_t time_us;
	int rc;
};

static int keep(struct quiet *quiet, struct silence *silence)
{
	struct silence *items = array_grow(
		quiet->silences, &quiet->capacity, quiet->count, sizeof *items);
	const char **texts[] = {&silence->scope.host, &silence->scope.group,
		&silence->scope.rule, &silence->scope.check, &silence->scope.vantage};

	if (!items)
		return -ENOMEM;
	quiet->silences = items;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		*texts[i] = arena_strdup(&quiet->arena, *texts[i]);
		if (!*texts[i])
			return -ENOMEM;
	}
	items[quiet->count++] = *silence;
	return 0;
}

static bool on_silence(void *data, const struct store_silence *row)
{
	struct loading *loading = data;
	struct silence silence = {
		.id = (uint32_t)row->id,
		.scope = {row->host, row->group, row->rule, row->check, row->vantage},
		.from_us = row->from_us,
		.until_us = row->until_us,
		.ended_us = row->ended_us,
		.after_scan = row->after_scan,
	};

	if (loading->counts(&silence, loading->time_us))
		loading->rc = keep(loading->quiet, &silence);
	return loading->rc == 0;
}

static int load(struct loading *loading, struct store *store)
{
	int rc;

	*loading->quiet = (struct quiet){.count = 0};
	arena_init(&loading->quiet->arena, 0);
	rc = store_silence_list(store, on_silence, loading);
	if (rc == 0)
		rc = loading->rc;
	if (rc < 0)
		quiet_fini(loading->quiet);
	return rc;
}

int quiet_load(struct store *store, int64_t now_us, struct quiet *out)
{
	struct loading loading = {out, silence_holds, now_us, 0};

	return load(&loading, store);
}

int quiet_load_past(struct store *store, int64_t then_us, struct quiet *out)
{
	struct loading loading = {out, silence_held, then_us, 0};

	return load(&loading, store);
}

static bool is_any(const struct silence *silence, int64_t time_us)
{
	(void)silence;
	(void)time_us;
	return true;
}

int quiet_load_all(struct store *store, struct quiet *out)
{
	struct loading loading = {out, is_any, 0, 0};

	return load(&loading, store);
}

void quiet_fini(struct quiet *quiet)
{
	free(quiet->silences);
	arena_fini(&quiet->arena);
	*quiet = (struct quiet){.count = 0};
}

/* ---- flows ---------------------------------------------------------------- */

static size_t plan_groups(
	const struct plan *plan, const struct plan_host *host, const char **out)
{
	const struct inventory *inventory = &plan->config->inventory;
	const struct inventory_host *from;
	size_t n = 0;

	if (host->inventory >= inventory->n_hosts)
		return 0;
	from = &inventory->hosts[host->inventory];
	for (; n < from->n_groups && n < MAX_NAMES; n++)
		out[n] = inventory->groups[from->groups[n]].name;
	return n;
}

static size_t plan_rules(
	const struct plan *plan, const struct plan_flow *flow, const char **out)
{
	size_t n = 0;

	if (flow->rules >= plan->n_rule_sets)
		return 0;
	for (; n < plan->rule_sets[flow->rules].count && n < MAX_NAMES; n++) {
		uint32_t rule = plan->rule_sets[flow->rules].rules[n];
		out[n] = plan->config->rules.rules[rule].name;
	}
	return n;
}

const struct silence *quiet_find(
	const struct quiet *quiet, const struct plan *plan, uint32_t index)
{
	const struct plan_flow *flow = &plan->flows[index];
	const struct plan_host *host = &plan->hosts[flow->host];
	const char *groups[MAX_NAMES], *rules[MAX_NAMES];
	struct silence_flow what = {
		.vantage = plan->config->settings.vantage,
		.host = host->name,
		.check = plan->checks[flow->check].name,
		.groups = groups,
		.rules = rules,
	};

	if (quiet->count == 0)
		return NULL;
	what.n_groups = plan_groups(plan, host, groups);
	what.n_rules = plan_rules(plan, flow, rules);
	return silence_of(quiet->silences, quiet->count, &what);
}

static uint32_t id_of(const struct silence *silence)
{
	return silence ? silence->id : 0;
}

static size_t list_names(const json_t *list, const char **out)
{
	size_t n = 0, i;
	const json_t *item;

	json_array_foreach(list, i, item)
	{
		const char *text = json_string_value(item);
		if (text && n < MAX_NAMES)
			out[n++] = text;
	}
	return n;
}

uint32_t quiet_of_stored(const struct quiet *quiet, const struct store_flow *flow)
{
	const char *group_names[MAX_NAMES], *rule_names[MAX_NAMES];
	struct silence_flow what = {
		.vantage = flow->vantage,
		.host = flow->host,
		.check = flow->check,
		.groups = group_names,
		.rules = rule_names,
	};
	json_t *groups, *rules;
	uint32_t id;

	if (!quiet || quiet->count == 0)
		return 0;
	groups = json_loads(flow->groups, 0, NULL);
	rules = json_loads(flow->rules, 0, NULL);
	what.n_groups = list_names(groups, group_names);
	what.n_rules = list_names(rules, rule_names);
	id = id_of(silence_of(quiet->silences, quiet->count, &what));
	json_decref(groups);
	json_decref(rules);
	return id;
}

uint32_t *quiet_of_all(const struct quiet *quiet, const struct plan *plan, int *rc)
{
	uint32_t *ids;

	*rc = 0;
	if (quiet->count == 0 || plan->n_flows == 0)
		return NULL;
	ids = calloc(plan->n_flows, sizeof *ids);
	if (!ids)
		*rc = -ENOMEM;
	for (uint32_t i = 0; ids && i < plan->n_flows; i++)
		ids[i] = id_of(quiet_find(quiet, plan, i));
	return ids;
}
