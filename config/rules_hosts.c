/* SPDX-License-Identifier: Apache-2.0 */
/* The names of groups and hosts in rules. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "config/indexes.h"
#include "config/rules_bind.h"

/* With more hosts than this only groups are suggested: every host costs a comparison.
 */
#define SUGGESTED_HOSTS 10000

static void suggest(const struct rules_binder *binder, const char *name)
{
	const struct inventory *inventory = binder->inventory;
	uint32_t n_hosts =
		inventory->n_hosts <= SUGGESTED_HOSTS ? inventory->n_hosts : 0;
	size_t count = 0;
	const char **names =
		calloc((size_t)inventory->n_groups + n_hosts + 1, sizeof *names);
	if (!names)
		return;
	for (uint32_t i = 0; i < inventory->n_groups; i++)
		names[count++] = inventory->groups[i].name;
	for (uint32_t i = 0; i < n_hosts; i++)
		names[count++] = inventory->hosts[i].name;
	const char *near = suggest_nearest(name, names, count);
	if (near)
		conf_help(binder->report, "did you mean '%s'?", near);
	free(names);
}

static void report_unknown(
	const struct rules_binder *binder, const char *name, struct conf_mark mark)
{
	if (binder->inventory->incomplete)
		return;
	conf_error(binder->report, mark, "the inventory has no group and no host '%s'",
		name);
	suggest(binder, name);
}

/* The hosts behind one name; groups go before hosts, as Ansible's patterns do. -1 when
 * there are none by that name. */
static int64_t look_up(const struct inventory *inventory, const char *name,
	const uint32_t **hosts, uint32_t *storage)
{
	int64_t index = inventory_find_group(inventory, name);
	if (index >= 0) {
		*hosts = inventory->groups[index].hosts;
		return inventory->groups[index].n_hosts;
	}
	index = inventory_find_host(inventory, name);
	if (index < 0)
		return -1;
	*storage = (uint32_t)index;
	*hosts = storage;
	return 1;
}

bool rule_from_check(const struct rules_binder *binder, const struct rule *rule)
{
	const uint32_t *hosts;
	uint32_t one;
	int64_t count = look_up(binder->inventory, rule->from, &hosts, &one);
	if (count < 0) {
		report_unknown(binder, rule->from, rule->from_mark);
		return binder->inventory->incomplete;
	}
	if (count > 0 || binder->inventory->incomplete)
		return true;
	conf_error(binder->report, rule->from_mark,
		"rule '%s' has no flows: group '%s' has no hosts", rule->name,
		rule->from);
	return false;
}

/* How many hosts the names stand for, those named twice counted twice. False when a
 * name is unknown. */
static bool count_hosts(const struct rules_binder *binder,
	const struct conf_texts *names, size_t *total)
{
	bool known = true;
	*total = 0;
	for (size_t i = 0; i < names->count; i++) {
		const uint32_t *hosts;
		uint32_t one;
		int64_t count =
			look_up(binder->inventory, names->items[i], &hosts, &one);
		if (count < 0) {
			report_unknown(binder, names->items[i], names->nodes[i]->mark);
			known = false;
		}
		*total += count > 0 ? (size_t)count : 0;
		if (count == 0 && names->count > 1 && !binder->inventory->incomplete)
			conf_warning(binder->report, names->nodes[i]->mark,
				"group '%s' has no hosts", names->items[i]);
	}
	return known;
}

static int join_names(
	struct arena *arena, const struct conf_texts *names, const char **joined)
{
	size_t length = 1;
	for (size_t i = 0; i < names->count; i++)
		length += strlen(names->items[i]) + 2;
	char *text = arena_calloc(arena, length, 1), *end = text;
	if (!text)
		return -ENOMEM;
	for (size_t i = 0; i < names->count; i++) {
		if (i)
			end = stpcpy(end, ", ");
		end = stpcpy(end, names->items[i]);
	}
	*joined = text;
	return 0;
}

static int report_empty(const struct rules_binder *binder,
	const struct conf_texts *names, const struct rule *rule)
{
	if (!binder->inventory->incomplete)
		conf_error(binder->report, names->nodes[0]->mark,
			"rule '%s' has no flows: %s'%s' has no hosts", rule->name,
			names->count == 1 ? "group " : "", rule->to_name);
	return -EINVAL;
}

int rule_to_bind(const struct rules_binder *binder, const struct conf_texts *names,
	struct rule *rule)
{
	size_t total;
	bool known = count_hosts(binder, names, &total);
	if (join_names(binder->arena, names, &rule->to_name) < 0)
		return -ENOMEM;
	if (!known)
		return -EINVAL;
	if (total == 0)
		return report_empty(binder, names, rule);
	if (total > UINT32_MAX)
		return -ENOMEM;
	uint32_t *to = arena_calloc(binder->arena, total, sizeof *to);
	if (!to)
		return -ENOMEM;
	uint32_t n = 0;
	for (size_t i = 0; i < names->count; i++) {
		const uint32_t *hosts = NULL;
		uint32_t one;
		int64_t count =
			look_up(binder->inventory, names->items[i], &hosts, &one);
		for (int64_t k = 0; k < count; k++)
			to[n++] = hosts[k];
	}
	rule->to = to;
	indexes_sort(to, n);
	rule->n_to = indexes_unique(to, n);
	return 0;
}
