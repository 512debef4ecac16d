/* SPDX-License-Identifier: Apache-2.0 */
/* `controls:`, what must always answer: rules of a kind. */
#include <errno.h>
#include <string.h>

#include "config/bind.h"
#include "config/rules_bind.h"

struct form {
	struct conf_texts to;
	const struct conf_node *check;
};

static const struct conf_field fields[] = {
	{.key = "to",
		.type = CONF_TEXTS,
		.required = true,
		.offset = offsetof(struct form, to),
		.help = "groups or hosts"},
	{.key = "check",
		.type = CONF_TREE,
		.required = true,
		.offset = offsetof(struct form, check),
		.help = "what is asked of them"},
	CONF_END,
};

static int bind_one(const struct rules_binder *binder, const struct conf_node *node,
	struct rule *rule)
{
	struct form form = {.check = NULL};
	struct rule_defaults defaults = {.expect = EXPECT_DEFAULT};
	int rc;

	*rule = (struct rule){.name = "controls", .vital = true, .mark = node->mark};
	if (node->kind != CONF_MAPPING) {
		conf_error(binder->report, node->mark,
			"a control is a mapping with 'to' and 'check'; this is %s",
			conf_kind_name(node->kind));
		return -EINVAL;
	}
	rc = conf_bind(node, fields, NULL, &form, binder->arena, binder->report);
	if (rc == 0 && form.to.count == 0) {
		conf_error(
			binder->report, node->mark, "'to' names no group and no host");
		rc = -EINVAL;
	}
	if (rc == 0)
		rc = rule_to_bind(binder, &form.to, rule);
	if (rc == 0)
		rc = rule_controls_bind(binder, form.check, &defaults, rule);
	return rc;
}

int rules_bind_controls(const struct conf_node *node, const struct inventory *inventory,
	struct arena *arena, struct conf_report *report, struct rule_list *rules)
{
	struct rules_binder binder = {
		.inventory = inventory, .arena = arena, .report = report};
	struct rule *all;
	int rc = 0;

	if (conf_node_is_null(node))
		return 0;
	if (node->kind != CONF_SEQUENCE) {
		conf_error(report, node->mark,
			"'controls' is a list of mappings with 'to' and 'check'; this is "
			"%s",
			conf_kind_name(node->kind));
		return -EINVAL;
	}
	all = arena_calloc(arena, rules->count + node->count + 1, sizeof *all);
	if (!all)
		return -ENOMEM;
	if (rules->count)
		memcpy(all, rules->rules, rules->count * sizeof *all);
	rules->rules = all;
	for (size_t i = 0; i < node->count && rc != -ENOMEM; i++)
		rc = conf_worse(
			rc, bind_one(&binder, node->items[i], &all[rules->count++]));
	return rc;
}
