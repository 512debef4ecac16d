/* SPDX-License-Identifier: Apache-2.0 */
/* The list of rules, and the sets that are built in. */
#include "config/rules.h"

#include <errno.h>
#include <string.h>

#include "base/size.h"
#include "base/suggest.h"
#include "config/rules_bind.h"

extern const char config_rds_yaml[];
extern const size_t config_rds_yaml_size;

const char *const rules_builtin_names[] = {"rds", NULL};

/* What the set can't do without; the other groups that it speaks of are optional. */
static const char *const rds_groups[] = {"session_hosts", "license_servers"};

const char *rule_expect_name(enum rule_expect expect)
{
	return expect == EXPECT_DEFAULT ? "default" : rule_expect_words[expect - 1];
}

const char *rules_builtin(const char *name, size_t *size)
{
	if (strcmp(name, "rds") != 0)
		return NULL;
	*size = config_rds_yaml_size;
	return config_rds_yaml;
}

static int report_same_name(const struct rules_binder *binder,
	const struct conf_node *node, const struct rule *first)
{
	const struct conf_node *name = conf_node_get(node, "name");
	conf_error(binder->report, name ? name->mark : node->mark,
		"another rule is called '%s' (line %u)", first->name, first->mark.line);
	return -EINVAL;
}

static bool has_group(const struct inventory *inventory, const struct conf_node *name)
{
	return !name || name->kind != CONF_SCALAR ||
	       inventory_find_group(inventory, name->text) >= 0;
}

/* Binds the items of a list. `optional`: rules of groups that the inventory does not
 * have are left out. */
static int bind_list(const struct rules_binder *binder, const struct conf_node *list,
	bool optional, struct rule_list *out)
{
	struct name_table names = {0};
	struct rule *rules = arena_calloc(binder->arena, list->count, sizeof *rules);
	int rc = rules ? 0 : -ENOMEM;
	uint32_t count = 0;
	for (size_t i = 0; i < list->count && rc != -ENOMEM; i++) {
		const struct conf_node *node = list->items[i];
		if (optional &&
			(!has_group(binder->inventory, conf_node_get(node, "from")) ||
				!has_group(
					binder->inventory, conf_node_get(node, "to"))))
			continue;
		rules[count] = (struct rule){0};
		rc = conf_worse(rc, rule_bind(binder, node, &rules[count]));
		if (rc == -ENOMEM || !rules[count].name || !rules[count].name[0])
			continue;
		int64_t same = name_table_find(
			&names, NAME_ARRAY(rules, count), rules[count].name);
		if (same >= 0)
			rc = report_same_name(binder, node, &rules[same]);
		else if (name_table_add(&names, NAME_ARRAY(rules, count + 1)) < 0)
			rc = -ENOMEM;
		else
			count++;
	}
	name_table_fini(&names);
	*out = (struct rule_list){.rules = rules, .count = count};
	return rc;
}

/* Several inventories say "licence": the nearest name there is worth showing. */
static const char *nearest_group(const struct inventory *inventory, const char *name)
{
	const char *near = NULL;
	for (uint32_t i = 0; i < inventory->n_groups && !near; i++)
		near = suggest_nearest(name, &inventory->groups[i].name, 1);
	return near;
}

/* True when the inventory has the groups; else they are reported at `mark`. */
static bool require_rds_groups(const struct rules_binder *binder, struct conf_mark mark)
{
	bool found = true;
	for (size_t i = 0; i < ARRAY_SIZE(rds_groups); i++) {
		if (inventory_find_group(binder->inventory, rds_groups[i]) >= 0)
			continue;
		found = false;
		if (binder->inventory->incomplete)
			continue;
		conf_error(binder->report, mark,
			"the built-in rules are about the group '%s', which the "
			"inventory does not have",
			rds_groups[i]);
		const char *near = nearest_group(binder->inventory, rds_groups[i]);
		if (near)
			conf_help(binder->report, "it has '%s'", near);
		else
			conf_help(binder->report,
				"'reachd rules rds' prints them, to copy and change");
	}
	return found;
}

static int bind_rds(
	const struct rules_binder *binder, struct conf_mark mark, struct rule_list *out)
{
	const struct conf_node *root = NULL;
	if (!require_rds_groups(binder, mark))
		return binder->inventory->incomplete ? 0 : -EINVAL;
	int rc = conf_document_parse("<built-in rds>", config_rds_yaml,
		config_rds_yaml_size, binder->arena, binder->report, &root);
	return rc < 0 ? rc : bind_list(binder, root, true, out);
}

/* Without `rules:` the built-in set is used where it can be. */
static int bind_default(
	const struct rules_binder *binder, struct conf_mark mark, struct rule_list *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(rds_groups); i++) {
		if (inventory_find_group(binder->inventory, rds_groups[i]) >= 0)
			continue;
		if (binder->inventory->incomplete)
			return 0;
		conf_error(binder->report, mark, "there are no 'rules'");
		conf_help(binder->report,
			"name what must be reached; or call the groups "
			"'session_hosts' and 'license_servers', and the built-in rules "
			"of Remote Desktop Services apply");
		return -EINVAL;
	}
	return bind_rds(binder, mark, out);
}

static int bind_word(const struct rules_binder *binder, const struct conf_node *node,
	struct rule_list *out)
{
	if (strcmp(node->text, "rds") == 0)
		return bind_rds(binder, node->mark, out);
	conf_error(binder->report, node->mark,
		"'%s' is no built-in set of rules; there is 'rds'", node->text);
	return -EINVAL;
}

int rules_bind(const struct conf_node *node, struct conf_mark file_mark,
	const struct inventory *inventory, const struct settings_schedule *schedule,
	struct arena *arena, struct conf_report *report, struct rule_list *out)
{
	const struct rules_binder binder = {.inventory = inventory,
		.schedule = schedule,
		.arena = arena,
		.report = report};
	*out = (struct rule_list){0};
	if (conf_node_is_null(node))
		return bind_default(&binder, node ? node->mark : file_mark, out);
	if (node->kind == CONF_SCALAR)
		return bind_word(&binder, node, out);
	if (node->kind == CONF_SEQUENCE && node->count > 0 && node->count < UINT32_MAX)
		return bind_list(&binder, node, false, out);
	conf_error(report, node->mark,
		"'rules' is a list of rules or the word 'rds'; this is %s",
		node->kind == CONF_SEQUENCE ? "an empty list"
					    : conf_kind_name(node->kind));
	if (node->kind == CONF_MAPPING)
		conf_help(report, "each rule begins with a dash, as in '- name: ...'");
	return -EINVAL;
}
