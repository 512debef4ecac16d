/* SPDX-License-Identifier: Apache-2.0 */
#include "config/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantity.h"
#include "base/size.h"
#include "base/strbuf.h"
#include "base/suggest.h"
#include "config/bind.h"
#include "config/indexes.h"
#include "config/settings.h"
#include "config/settings_schedule.h"

/* The binding of one list of rules. */
struct binder {
	const struct inventory *inventory;
	const struct settings_schedule *schedule; /* the file's */
	struct arena *arena;
	struct conf_report *report;
};

/* The index of a word is its rule_expect - 1. */
static const char *const expect_words[] = {"open", "clear", "blocked", "any", NULL};

const char *rule_expect_name(enum rule_expect expect)
{
	return expect == EXPECT_DEFAULT ? "default" : expect_words[expect - 1];
}

/* ---- the names of groups and hosts ---------------------------------------------- */

/* With more hosts than this only groups are suggested: every host costs a comparison.
 */
#define SUGGESTED_HOSTS 10000

static void report_unknown(
	const struct binder *binder, const char *name, struct conf_mark mark)
{
	const struct inventory *inventory = binder->inventory;
	uint32_t n_hosts =
		inventory->n_hosts <= SUGGESTED_HOSTS ? inventory->n_hosts : 0;
	size_t count = 0;
	if (inventory->incomplete)
		return;
	conf_error(binder->report, mark,
		"'%s' is neither a group nor a host of the inventory", name);
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

/* The hosts behind one name; groups go before hosts, as Ansible's patterns do. -1 when
 * there are none by that name. */
static int64_t find_hosts(const struct inventory *inventory, const char *name,
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

/* `from` must be known and not empty. */
static int check_from(const struct binder *binder, const struct rule *rule)
{
	const uint32_t *hosts;
	uint32_t one;
	int64_t count = find_hosts(binder->inventory, rule->from, &hosts, &one);
	if (count > 0 || binder->inventory->incomplete)
		return 0;
	if (count < 0)
		report_unknown(binder, rule->from, rule->from_mark);
	else
		conf_error(binder->report, rule->from_mark,
			"rule '%s' has no flows: group '%s' has no hosts", rule->name,
			rule->from);
	return -EINVAL;
}

/* Fills rule->to and rule->to_name. */
static int bind_to(
	const struct binder *binder, const struct conf_texts *names, struct rule *rule)
{
	bool incomplete = binder->inventory->incomplete, known = true;
	struct strbuf joined;
	size_t total = 0; /* hosts that are named twice counted twice */
	const uint32_t *hosts = NULL;
	uint32_t one, n = 0;
	strbuf_init(&joined);
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];
		int64_t count = find_hosts(binder->inventory, name, &hosts, &one);
		strbuf_addf(&joined, "%s%s", i ? ", " : "", name);
		if (count < 0) {
			report_unknown(binder, name, names->nodes[i]->mark);
			known = false;
			continue;
		}
		total += (size_t)count;
		if (count == 0 && names->count > 1 && !incomplete)
			conf_warning(binder->report, names->nodes[i]->mark,
				"group '%s' has no hosts", name);
	}
	rule->to_name = joined.failed ? NULL : arena_strdup(binder->arena, joined.text);
	strbuf_fini(&joined);
	if (!rule->to_name || total > UINT32_MAX)
		return -ENOMEM;
	if (known && total == 0 && !incomplete)
		conf_error(binder->report, names->nodes[0]->mark,
			"rule '%s' has no flows: %s'%s' has no hosts", rule->name,
			names->count == 1 ? "group " : "", rule->to_name);
	if (!known || total == 0)
		return -EINVAL;
	uint32_t *to = arena_calloc(binder->arena, total, sizeof *to);
	if (!to)
		return -ENOMEM;
	for (size_t i = 0; i < names->count; i++) {
		int64_t count =
			find_hosts(binder->inventory, names->items[i], &hosts, &one);
		for (int64_t k = 0; k < count; k++)
			to[n++] = hosts[k];
	}
	rule->to = to;
	indexes_sort(to, n);
	rule->n_to = indexes_unique(to, n);
	return 0;
}

/* ---- the entries of `check:` and `control:` ------------------------------------- */

/* What the checks of a rule inherit from it. */
struct defaults {
	enum rule_expect expect;
	bool accept_closed;
	uint32_t timeout_ms;
	uint32_t attempts;
};

const char *const rule_check_keys[] = {
	"check", "expect", "accept", "timeout", "attempts", NULL};

struct check_form {
	const char *text;
	int expect; /* index in expect_words; -1: not given */
	struct conf_texts accept;
	uint32_t timeout_ms;
	uint32_t attempts;
};

static int check_accept(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, void *form)
{
	(void)arena, (void)form;
	if (strcmp(node->text, "closed") == 0)
		return 0;
	conf_error(report, node->mark,
		"'%s' is not a valid state for 'accept': write 'closed'", node->text);
	return -EINVAL;
}

#define CHECK(key, type, member, ...) \
	CONF_FIELD(key, CONF_##type, struct check_form, member, __VA_ARGS__)

static const struct conf_field check_fields[] = {
	CHECK("check", TEXT, text, .required = true,
		.help = "KIND or KIND/ARGUMENT, such as tcp/443"),
	CHECK("expect", WORD, expect, .words = expect_words,
		.help = "what makes it pass"),
	CHECK("accept", TEXTS, accept, .then = check_accept,
		.help = "states that pass besides the expected ones"),
	CHECK("timeout", DURATION, timeout_ms, .min = 1, .max = SETTINGS_MAX_TIMEOUT_MS,
		.help = "how long one attempt may take"),
	CHECK("attempts", NUMBER, attempts, .min = 1, .max = SETTINGS_MAX_ATTEMPTS,
		.help = "attempts before no answer counts as silence"),
	CONF_END,
};

static int report_accept(const struct binder *binder, const struct conf_texts *accept)
{
	conf_error(binder->report, accept->nodes[0]->mark,
		"'accept' needs 'expect: blocked'");
	return -EINVAL;
}

static int bind_check_mapping(const struct binder *binder, const struct conf_node *node,
	struct rule_check *out)
{
	struct check_form form = {.expect = -1};
	/* Other keys are the kind's to judge. */
	const char **others =
		arena_calloc(binder->arena, node->count + 1, sizeof *others);
	size_t n_others = 0;
	if (!others)
		return -ENOMEM;
	for (size_t i = 0; i < node->count; i++) {
		size_t k = 0;
		while (rule_check_keys[k] &&
			strcmp(rule_check_keys[k], node->pairs[i].key->text) != 0)
			k++;
		if (!rule_check_keys[k])
			others[n_others++] = node->pairs[i].key->text;
	}
	int rc = conf_bind(
		node, check_fields, others, &form, binder->arena, binder->report);
	if (rc < 0)
		return rc;
	out->text = form.text;
	out->options = node;
	out->accept_closed |= form.accept.count > 0;
	if (form.expect >= 0)
		out->expect = (enum rule_expect)(form.expect + 1);
	if (form.timeout_ms)
		out->timeout_ms = form.timeout_ms;
	if (form.attempts)
		out->attempts = form.attempts;
	return form.accept.count && out->expect != EXPECT_BLOCKED
		       ? report_accept(binder, &form.accept)
		       : 0;
}

static int bind_check(const struct binder *binder, const struct conf_node *node,
	const struct defaults *defaults, struct rule_check *out)
{
	*out = (struct rule_check){.text = node->text,
		.expect = defaults->expect,
		.timeout_ms = defaults->timeout_ms,
		.attempts = defaults->attempts,
		.mark = node->mark};
	if (node->kind == CONF_SEQUENCE || conf_node_is_null(node)) {
		conf_error(binder->report, node->mark,
			"a check must be text such as 'tcp/443', or a mapping with the "
			"key 'check', found %s",
			node->kind == CONF_SEQUENCE ? "a list" : "nothing");
		return -EINVAL;
	}
	int rc = node->kind == CONF_MAPPING ? bind_check_mapping(binder, node, out) : 0;
	if (out->expect == EXPECT_BLOCKED)
		out->accept_closed |= defaults->accept_closed;
	return rc;
}

/* One entry or a list of them; those of a control have no expectation of their own: one
 * that could fail would be a rule. */
static int bind_checks(const struct binder *binder, const struct conf_node *node,
	const struct defaults *defaults, bool control, const struct rule_check **checks,
	uint32_t *n_checks)
{
	static const char *const verdict_keys[] = {"expect", "accept"};
	bool list = node->kind == CONF_SEQUENCE;
	size_t count = list ? node->count : 1;
	int rc = 0;
	if (count == 0 || count > UINT32_MAX) {
		conf_error(binder->report, node->mark,
			"expected a check, found an empty list");
		return -EINVAL;
	}
	for (size_t i = 0; i < count * 2 && control; i++) {
		const struct conf_node *value = conf_node_get(
			list ? node->items[i / 2] : node, verdict_keys[i % 2]);
		if (!value)
			continue;
		conf_error(binder->report, value->mark,
			"'%s' is not allowed in a control, which is only recorded",
			verdict_keys[i % 2]);
		rc = -EINVAL;
	}
	if (rc < 0)
		return rc;
	struct rule_check *items = arena_calloc(binder->arena, count, sizeof *items);
	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < count && rc != -ENOMEM; i++)
		rc = conf_worse(rc, bind_check(binder, list ? node->items[i] : node,
					    defaults, &items[i]));
	*checks = items;
	*n_checks = (uint32_t)count;
	return rc;
}

/* ---- one rule ---------------------------------------------------------------------
 */

struct rule_form {
	const char *name;
	const char *from;
	struct conf_texts to;
	const struct conf_node *check;
	int expect; /* index in expect_words; -1: not given */
	const struct conf_node *require;
	struct conf_texts accept;
	const struct conf_node *control;
	const struct conf_node *schedule;
	uint32_t timeout_ms;
	uint32_t attempts;
};

#define RULE(key, type, member, ...) \
	CONF_FIELD(key, CONF_##type, struct rule_form, member, __VA_ARGS__)

static const struct conf_field rule_fields[] = {
	RULE("name", TEXT, name, .required = true,
		.help = "the name of the rule in results"),
	RULE("from", TEXT, from,
		.help = "the group or host that the vantage must belong to"),
	RULE("to", TEXTS, to, .required = true, .help = "the groups or hosts to check"),
	RULE("check", TREE, check, .required = true,
		.help = "one check or a list of them"),
	RULE("expect", WORD, expect, .words = expect_words,
		.help = "what makes a check pass"),
	RULE("require", TREE, require,
		.help = "how many hosts must pass: a number, or all"),
	RULE("accept", TEXTS, accept, .then = check_accept,
		.help = "states that pass besides the expected ones"),
	RULE("control", TREE, control,
		.help = "checks that prove the host is up where others are blocked"),
	RULE("schedule", TREE, schedule,
		.help = "when it is scanned, if not with the other rules"),
	RULE("timeout", DURATION, timeout_ms, .min = 1, .max = SETTINGS_MAX_TIMEOUT_MS,
		.help = "how long one attempt may take"),
	RULE("attempts", NUMBER, attempts, .min = 1, .max = SETTINGS_MAX_ATTEMPTS,
		.help = "attempts before no answer counts as silence"),
	CONF_END,
};

static int bind_require(
	const struct binder *binder, const struct conf_node *node, struct rule *rule)
{
	uint64_t hosts;
	bool scalar = node->kind == CONF_SCALAR;
	if (scalar && strcmp(node->text, "all") == 0)
		return 0;
	if (!scalar || !node->plain || !number_parse(node->text, UINT32_MAX, &hosts) ||
		hosts == 0) {
		conf_error(binder->report, node->mark,
			"'require' must be a number of hosts, 1 or more, or the word "
			"'all'");
		return -EINVAL;
	}
	if (rule->n_to && hosts > rule->n_to) {
		if (binder->inventory->incomplete)
			return 0;
		conf_error(binder->report, node->mark,
			"'require' is %s, but 'to' has only %u host%s", node->text,
			rule->n_to, rule->n_to == 1 ? "" : "s");
		return -EINVAL;
	}
	rule->require = (uint32_t)hosts;
	return 0;
}

/* `check`, `accept` and `control`; the latter two mean something only beside an
 * expectation of `blocked`. */
static int bind_rule_checks(
	const struct binder *binder, const struct rule_form *form, struct rule *rule)
{
	bool control = !conf_node_is_null(form->control), blocked = false;
	struct defaults defaults = {
		.expect = (enum rule_expect)(form->expect + 1),
		.accept_closed = form->accept.count > 0,
		.timeout_ms = form->timeout_ms,
		.attempts = form->attempts,
	};
	int rc = bind_checks(
		binder, form->check, &defaults, false, &rule->checks, &rule->n_checks);
	for (uint32_t i = 0; i < rule->n_checks; i++)
		blocked |= rule->checks[i].expect == EXPECT_BLOCKED;
	if (rc == 0 && !blocked && form->accept.count)
		rc = report_accept(binder, &form->accept);
	if (rc == 0 && !blocked && control) {
		conf_error(binder->report, form->control->mark,
			"'control' needs 'expect: blocked': it proves that a firewall "
			"causes the silence");
		rc = -EINVAL;
	}
	defaults.expect = EXPECT_ANY;
	if (rc != -ENOMEM && control)
		rc = conf_worse(rc, bind_checks(binder, form->control, &defaults, true,
					    &rule->controls, &rule->n_controls));
	return rc;
}

static int bind_rule_schedule(
	const struct binder *binder, const struct conf_node *node, struct rule *rule)
{
	struct settings_schedule *own = arena_calloc(binder->arena, 1, sizeof *own);
	if (!own)
		return -ENOMEM;
	*own = *binder->schedule;
	rule->schedule = own;
	return settings_bind_schedule(node, binder->arena, binder->report, own);
}

static int report_no_names(const struct binder *binder, struct conf_mark mark)
{
	conf_error(
		binder->report, mark, "'to' is empty: name a group or a host at least");
	return -EINVAL;
}

/* What could be read of the rule is in *rule also with -EINVAL. */
static int bind_rule(
	const struct binder *binder, const struct conf_node *node, struct rule *rule)
{
	struct rule_form form = {.expect = -1};
	*rule = (struct rule){.name = "", .mark = node->mark};
	if (node->kind != CONF_MAPPING) {
		conf_error(binder->report, node->mark,
			"a rule must be a mapping with 'name', 'to' and 'check', not %s",
			conf_kind_name(node->kind));
		return -EINVAL;
	}
	int rc = conf_bind(
		node, rule_fields, NULL, &form, binder->arena, binder->report);
	if (rc == -ENOMEM)
		return rc;
	rule->name = form.name ? form.name : "";
	rule->from = form.from;
	if (rule->from) {
		rule->from_mark = conf_node_get(node, "from")->mark;
		rc = conf_worse(rc, check_from(binder, rule));
	}
	if (form.to.count)
		rc = conf_worse(rc, bind_to(binder, &form.to, rule));
	else if (form.to.nodes)
		rc = conf_worse(
			rc, report_no_names(binder, conf_node_get(node, "to")->mark));
	if (rc != -ENOMEM && !conf_node_is_null(form.require))
		rc = conf_worse(rc, bind_require(binder, form.require, rule));
	if (rc != -ENOMEM && !conf_node_is_null(form.check))
		rc = conf_worse(rc, bind_rule_checks(binder, &form, rule));
	if (rc != -ENOMEM && !conf_node_is_null(form.schedule))
		rc = conf_worse(rc, bind_rule_schedule(binder, form.schedule, rule));
	return rc;
}

/* ---- the list, and the sets that are built in --------------------------------------
 */

extern const char config_rds_yaml[];
extern const size_t config_rds_yaml_size;

const char *const rules_builtin_names[] = {"rds", NULL};

/* What the set can't do without; the other groups that it names are optional. */
static const char *const rds_groups[] = {"session_hosts", "license_servers"};

const char *rules_builtin(const char *name, size_t *size)
{
	if (strcmp(name, "rds") != 0)
		return NULL;
	*size = config_rds_yaml_size;
	return config_rds_yaml;
}

static bool has_group(const struct inventory *inventory, const struct conf_node *name)
{
	return !name || name->kind != CONF_SCALAR ||
	       inventory_find_group(inventory, name->text) >= 0;
}

/* Binds the items of a list. `optional`: rules of groups that the inventory does not
 * have are left out. */
static int bind_list(const struct binder *binder, const struct conf_node *list,
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
		rc = conf_worse(rc, bind_rule(binder, node, &rules[count]));
		if (rc == -ENOMEM || !rules[count].name[0])
			continue;
		int64_t same = name_table_find(
			&names, NAME_ARRAY(rules, count), rules[count].name);
		if (same >= 0) {
			conf_error(binder->report, conf_node_get(node, "name")->mark,
				"duplicate rule '%s': the first one is in line %u",
				rules[same].name, rules[same].mark.line);
			rc = -EINVAL;
		} else if (name_table_add(&names, NAME_ARRAY(rules, count + 1)) < 0) {
			rc = -ENOMEM;
		} else {
			count++;
		}
	}
	name_table_fini(&names);
	*out = (struct rule_list){.rules = rules, .count = count};
	return rc;
}

/* Binds the set `rds`; `named`: the file asks for it. */
static int bind_rds(const struct binder *binder, struct conf_mark mark, bool named,
	struct rule_list *out)
{
	const struct inventory *inventory = binder->inventory;
	const struct conf_node *root = NULL;
	bool found = true;
	for (size_t i = 0; i < ARRAY_SIZE(rds_groups) && (named || found); i++) {
		const char *near = NULL;
		if (inventory_find_group(inventory, rds_groups[i]) >= 0)
			continue;
		found = false;
		if (inventory->incomplete)
			continue;
		if (!named) {
			conf_error(binder->report, mark, "the key 'rules' is missing");
			conf_help(binder->report,
				"list what must be reachable; or name groups "
				"'session_hosts' and 'license_servers' to use the "
				"built-in rules for Remote Desktop Services");
			continue;
		}
		conf_error(binder->report, mark,
			"the built-in rules need the group '%s', which is not in the "
			"inventory",
			rds_groups[i]);
		/* Several inventories say "licence": the nearest name is worth showing.
		 */
		for (uint32_t k = 0; k < inventory->n_groups && !near; k++)
			near = suggest_nearest(
				rds_groups[i], &inventory->groups[k].name, 1);
		if (near)
			conf_help(binder->report, "the inventory has '%s'", near);
		else
			conf_help(binder->report,
				"'reachd rules rds' prints these rules, to copy and "
				"change");
	}
	if (!found)
		return inventory->incomplete ? 0 : -EINVAL;
	int rc = conf_document_parse("<built-in rds>", config_rds_yaml,
		config_rds_yaml_size, binder->arena, binder->report, &root);
	return rc < 0 ? rc : bind_list(binder, root, true, out);
}

int rules_bind(const struct conf_node *node, struct conf_mark file_mark,
	const struct inventory *inventory, const struct settings_schedule *schedule,
	struct arena *arena, struct conf_report *report, struct rule_list *out)
{
	const struct binder binder = {.inventory = inventory,
		.schedule = schedule,
		.arena = arena,
		.report = report};
	*out = (struct rule_list){0};
	if (conf_node_is_null(node))
		return bind_rds(&binder, node ? node->mark : file_mark, false, out);
	if (node->kind == CONF_SEQUENCE && node->count > 0 && node->count < UINT32_MAX)
		return bind_list(&binder, node, false, out);
	if (node->kind == CONF_SCALAR) {
		if (strcmp(node->text, "rds") == 0)
			return bind_rds(&binder, node->mark, true, out);
		conf_error(report, node->mark,
			"unknown set of rules '%s': the one that is built in is 'rds'",
			node->text);
		return -EINVAL;
	}
	conf_error(report, node->mark,
		"'rules' must be a list of rules or the word 'rds', not %s",
		node->kind == CONF_SEQUENCE ? "an empty list"
					    : conf_kind_name(node->kind));
	if (node->kind == CONF_MAPPING)
		conf_help(report, "each rule begins with a dash, as in '- name: ...'");
	return -EINVAL;
}

/* ---- `controls:`, what must always answer ------------------------------------------
 */

static const struct conf_field control_fields[] = {
	RULE("to", TEXTS, to, .required = true, .help = "groups or hosts"),
	RULE("check", TREE, check, .required = true, .help = "the checks to run"),
	CONF_END,
};

static int bind_control(
	const struct binder *binder, const struct conf_node *node, struct rule *rule)
{
	struct rule_form form = {.expect = -1};
	struct defaults defaults = {.expect = EXPECT_ANY};
	*rule = (struct rule){.name = "controls", .vital = true, .mark = node->mark};
	if (node->kind != CONF_MAPPING) {
		conf_error(binder->report, node->mark,
			"a control must be a mapping with 'to' and 'check', not %s",
			conf_kind_name(node->kind));
		return -EINVAL;
	}
	int rc = conf_bind(
		node, control_fields, NULL, &form, binder->arena, binder->report);
	if (rc == 0 && form.to.count == 0)
		rc = report_no_names(binder, node->mark);
	if (rc == 0)
		rc = bind_to(binder, &form.to, rule);
	if (rc == 0)
		rc = bind_checks(binder, form.check, &defaults, true, &rule->controls,
			&rule->n_controls);
	return rc;
}

int rules_bind_controls(const struct conf_node *node, const struct inventory *inventory,
	struct arena *arena, struct conf_report *report, struct rule_list *rules)
{
	struct binder binder = {
		.inventory = inventory, .arena = arena, .report = report};
	struct rule *all;
	int rc = 0;

	if (conf_node_is_null(node))
		return 0;
	if (node->kind != CONF_SEQUENCE) {
		conf_error(report, node->mark,
			"'controls' must be a list of mappings with 'to' and 'check', "
			"not %s",
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
		rc = conf_worse(rc,
			bind_control(&binder, node->items[i], &all[rules->count++]));
	return rc;
}
