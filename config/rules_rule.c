/* SPDX-License-Identifier: Apache-2.0 */
/* One rule. */
#include <errno.h>
#include <string.h>

#include "base/quantity.h"
#include "config/bind.h"
#include "config/rules_bind.h"
#include "config/settings.h"
#include "config/settings_schedule.h"

struct rule_form {
	const char *name;
	const char *from;
	struct conf_texts to;
	const struct conf_node *check;
	int expect; /* index in rule_expect_words; -1: not given */
	const struct conf_node *require;
	struct conf_texts accept;
	const struct conf_node *control;
	const struct conf_node *schedule;
	uint32_t timeout_ms;
	uint32_t attempts;
};

static const struct conf_field rule_fields[] = {
	{.key = "name",
		.type = CONF_TEXT,
		.offset = offsetof(struct rule_form, name),
		.required = true,
		.help = "how results call it"},
	{.key = "from",
		.type = CONF_TEXT,
		.offset = offsetof(struct rule_form, from),
		.help = "the group or host that the vantage must be (in)"},
	{.key = "to",
		.type = CONF_TEXTS,
		.offset = offsetof(struct rule_form, to),
		.required = true,
		.help = "the groups or hosts to check"},
	{.key = "check",
		.type = CONF_TREE,
		.offset = offsetof(struct rule_form, check),
		.required = true,
		.help = "one check or a list of them"},
	{.key = "expect",
		.type = CONF_WORD,
		.offset = offsetof(struct rule_form, expect),
		.words = rule_expect_words,
		.help = "what makes a check pass"},
	{.key = "require",
		.type = CONF_TREE,
		.offset = offsetof(struct rule_form, require),
		.help = "how many hosts must pass: a number, or all"},
	{.key = "accept",
		.type = CONF_TEXTS,
		.offset = offsetof(struct rule_form, accept),
		.help = "states that pass besides the expected ones"},
	{.key = "control",
		.type = CONF_TREE,
		.offset = offsetof(struct rule_form, control),
		.help = "checks that prove the host is up where others are blocked"},
	{.key = "schedule",
		.type = CONF_TREE,
		.offset = offsetof(struct rule_form, schedule),
		.help = "when it is scanned, if not when the others are"},
	{.key = "timeout",
		.type = CONF_DURATION,
		.offset = offsetof(struct rule_form, timeout_ms),
		.min = 1,
		.max = SETTINGS_MAX_TIMEOUT_MS,
		.help = "how long one attempt may take"},
	{.key = "attempts",
		.type = CONF_NUMBER,
		.offset = offsetof(struct rule_form, attempts),
		.min = 1,
		.max = SETTINGS_MAX_ATTEMPTS,
		.help = "attempts before silence counts"},
	CONF_END,
};

static int bind_require(const struct rules_binder *binder, const struct conf_node *node,
	struct rule *rule)
{
	uint64_t hosts;
	if (!node || conf_node_is_null(node))
		return 0;
	bool scalar = node->kind == CONF_SCALAR;
	if (scalar && strcmp(node->text, "all") == 0)
		return 0;
	if (!scalar || !node->plain || !number_parse(node->text, UINT32_MAX, &hosts) ||
		hosts == 0) {
		conf_error(binder->report, node->mark,
			"'require' is a number of hosts, 1 or more, or the word 'all'");
		return -EINVAL;
	}
	if (rule->n_to && hosts > rule->n_to) {
		if (binder->inventory->incomplete)
			return 0;
		conf_error(binder->report, node->mark,
			"'require' asks for %s of the %u host%s that 'to' stands for",
			node->text, rule->n_to, rule->n_to == 1 ? "" : "s");
		return -EINVAL;
	}
	rule->require = (uint32_t)hosts;
	return 0;
}

static bool has_blocked(const struct rule *rule)
{
	for (uint32_t i = 0; i < rule->n_checks; i++)
		if (rule->checks[i].expect == EXPECT_BLOCKED)
			return true;
	return false;
}

/* `accept` and `control` mean something only beside an expectation of `blocked`. */
static int check_blocked_keys(const struct rules_binder *binder,
	const struct rule_form *form, const struct rule *rule)
{
	int rc = 0;
	if (has_blocked(rule))
		return 0;
	if (form->accept.count) {
		conf_error(binder->report, form->accept.nodes[0]->mark,
			"'accept' goes with 'expect: blocked' alone");
		rc = -EINVAL;
	}
	if (form->control && !conf_node_is_null(form->control)) {
		conf_error(binder->report, form->control->mark,
			"'control' goes with 'expect: blocked' alone: it proves that "
			"silence is a firewall's");
		rc = -EINVAL;
	}
	return rc;
}

static int bind_checks(const struct rules_binder *binder, const struct rule_form *form,
	struct rule *rule)
{
	bool accept = rule_accept_bind(binder, &form->accept);
	struct rule_defaults defaults = {
		.expect = (enum rule_expect)(form->expect + 1),
		.accept_closed = form->accept.count > 0,
		.timeout_ms = form->timeout_ms,
		.attempts = form->attempts,
	};
	int rc = rule_checks_bind(binder, form->check, &defaults, rule);
	if (rc == 0)
		rc = check_blocked_keys(binder, form, rule);
	if (rc != -ENOMEM && !conf_node_is_null(form->control))
		rc = conf_worse(
			rc, rule_controls_bind(binder, form->control, &defaults, rule));
	return accept ? rc : conf_worse(rc, -EINVAL);
}

static int bind_schedule(const struct rules_binder *binder,
	const struct conf_node *node, struct rule *rule)
{
	struct settings_schedule *own;

	if (conf_node_is_null(node))
		return 0;
	own = arena_calloc(binder->arena, 1, sizeof *own);
	if (!own)
		return -ENOMEM;
	*own = *binder->schedule;
	rule->schedule = own;
	return settings_bind_schedule(node, binder->arena, binder->report, own);
}

static int bind_form(const struct rules_binder *binder, const struct conf_node *node,
	struct rule_form *form, struct rule *rule)
{
	if (node->kind != CONF_MAPPING) {
		conf_error(binder->report, node->mark,
			"a rule is a mapping with 'name', 'to' and 'check'; this is %s",
			conf_kind_name(node->kind));
		return -EINVAL;
	}
	int rc =
		conf_bind(node, rule_fields, NULL, form, binder->arena, binder->report);
	rule->name = form->name ? form->name : "";
	rule->from = form->from;
	rule->mark = node->mark;
	if (form->from)
		rule->from_mark = conf_node_get(node, "from")->mark;
	return rc;
}

static int report_no_names(
	const struct rules_binder *binder, const struct conf_node *rule)
{
	conf_error(binder->report, conf_node_get(rule, "to")->mark,
		"'to' names no group and no host");
	return -EINVAL;
}

int rule_bind(const struct rules_binder *binder, const struct conf_node *node,
	struct rule *rule)
{
	struct rule_form form = {.expect = -1};
	int rc = bind_form(binder, node, &form, rule);
	if (rc == -ENOMEM)
		return rc;
	if (rule->from && !rule_from_check(binder, rule))
		rc = -EINVAL;
	if (form.to.count)
		rc = conf_worse(rc, rule_to_bind(binder, &form.to, rule));
	else if (form.to.nodes)
		rc = conf_worse(rc, report_no_names(binder, node));
	if (rc != -ENOMEM)
		rc = conf_worse(rc, bind_require(binder, form.require, rule));
	if (rc != -ENOMEM && !conf_node_is_null(form.check))
		rc = conf_worse(rc, bind_checks(binder, &form, rule));
	if (rc != -ENOMEM)
		rc = conf_worse(rc, bind_schedule(binder, form.schedule, rule));
	return rc;
}
