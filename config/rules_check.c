/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of `check:` and `control:`. */
#include <errno.h>
#include <string.h>

#include "config/bind.h"
#include "config/rules_bind.h"
#include "config/settings.h"

const char *const rule_expect_words[] = {"open", "clear", "blocked", "any", NULL};

const char *const rule_check_keys[] = {
	"check", "expect", "accept", "timeout", "attempts", NULL};

struct check_form {
	const char *text;
	int expect; /* index in rule_expect_words; -1: not given */
	struct conf_texts accept;
	uint32_t timeout_ms;
	uint32_t attempts;
};

static const struct conf_field check_fields[] = {
	{.key = "check",
		.type = CONF_TEXT,
		.offset = offsetof(struct check_form, text),
		.required = true,
		.help = "KIND or KIND/ARGUMENT, such as tcp/443"},
	{.key = "expect",
		.type = CONF_WORD,
		.offset = offsetof(struct check_form, expect),
		.words = rule_expect_words,
		.help = "what makes it pass"},
	{.key = "accept",
		.type = CONF_TEXTS,
		.offset = offsetof(struct check_form, accept),
		.help = "states that pass besides the expected ones"},
	{.key = "timeout",
		.type = CONF_DURATION,
		.offset = offsetof(struct check_form, timeout_ms),
		.min = 1,
		.max = SETTINGS_MAX_TIMEOUT_MS,
		.help = "how long one attempt may take"},
	{.key = "attempts",
		.type = CONF_NUMBER,
		.offset = offsetof(struct check_form, attempts),
		.min = 1,
		.max = SETTINGS_MAX_ATTEMPTS,
		.help = "attempts before silence counts"},
	CONF_END,
};

static bool is_ours(const char *key)
{
	for (size_t i = 0; rule_check_keys[i]; i++)
		if (strcmp(key, rule_check_keys[i]) == 0)
			return true;
	return false;
}

/* The keys of a mapping that are the kind's to judge. NULL when memory runs out. */
static const char *const *foreign_keys(
	const struct conf_node *mapping, struct arena *arena)
{
	const char **keys = arena_calloc(arena, mapping->count + 1, sizeof *keys);
	size_t count = 0;
	for (size_t i = 0; keys && i < mapping->count; i++)
		if (!is_ours(mapping->pairs[i].key->text))
			keys[count++] = mapping->pairs[i].key->text;
	return keys;
}

bool rule_accept_bind(
	const struct rules_binder *binder, const struct conf_texts *accept)
{
	bool good = true;
	for (size_t i = 0; i < accept->count; i++) {
		if (strcmp(accept->items[i], "closed") == 0)
			continue;
		conf_error(binder->report, accept->nodes[i]->mark,
			"'%s' can't be accepted: only 'closed' can", accept->items[i]);
		good = false;
	}
	return good;
}

static int bind_mapping(const struct rules_binder *binder, const struct conf_node *node,
	struct rule_check *out)
{
	struct check_form form = {.expect = -1};
	const char *const *ignore = foreign_keys(node, binder->arena);
	if (!ignore)
		return -ENOMEM;
	int rc = conf_bind(
		node, check_fields, ignore, &form, binder->arena, binder->report);
	if (rc < 0)
		return rc;
	if (!rule_accept_bind(binder, &form.accept))
		return -EINVAL;
	out->text = form.text;
	out->options = node;
	out->accept_closed |= form.accept.count > 0;
	if (form.expect >= 0)
		out->expect = (enum rule_expect)(form.expect + 1);
	if (form.timeout_ms)
		out->timeout_ms = form.timeout_ms;
	if (form.attempts)
		out->attempts = form.attempts;
	if (form.accept.count && out->expect != EXPECT_BLOCKED) {
		conf_error(binder->report, form.accept.nodes[0]->mark,
			"'accept' goes with 'expect: blocked' alone");
		return -EINVAL;
	}
	return 0;
}

static int bind_check(const struct rules_binder *binder, const struct conf_node *node,
	const struct rule_defaults *defaults, struct rule_check *out)
{
	*out = (struct rule_check){.expect = defaults->expect,
		.timeout_ms = defaults->timeout_ms,
		.attempts = defaults->attempts,
		.mark = node->mark};
	if (node->kind == CONF_SEQUENCE || conf_node_is_null(node)) {
		conf_error(binder->report, node->mark,
			"a check is text such as 'tcp/443', or a mapping with the key "
			"'check'; this is %s",
			node->kind == CONF_SEQUENCE ? "a list" : "nothing");
		return -EINVAL;
	}
	out->text = node->text;
	int rc = node->kind == CONF_MAPPING ? bind_mapping(binder, node, out) : 0;
	if (out->expect == EXPECT_BLOCKED)
		out->accept_closed |= defaults->accept_closed;
	return rc;
}

/* One entry or a list of them. */
static int bind_entries(const struct rules_binder *binder, const struct conf_node *node,
	const struct rule_defaults *defaults, const struct rule_check **checks,
	uint32_t *n_checks)
{
	bool list = node->kind == CONF_SEQUENCE;
	size_t count = list ? node->count : 1;
	int result = 0;
	if (count == 0 || count > UINT32_MAX) {
		conf_error(binder->report, node->mark, "this list has no checks");
		return -EINVAL;
	}
	struct rule_check *items = arena_calloc(binder->arena, count, sizeof *items);
	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		int rc = bind_check(
			binder, list ? node->items[i] : node, defaults, &items[i]);
		if (rc == -ENOMEM)
			return rc;
		result = rc < 0 ? rc : result;
	}
	*checks = items;
	*n_checks = (uint32_t)count;
	return result;
}

int rule_checks_bind(const struct rules_binder *binder, const struct conf_node *node,
	const struct rule_defaults *defaults, struct rule *rule)
{
	return bind_entries(binder, node, defaults, &rule->checks, &rule->n_checks);
}

/* A control that could fail would be a promise: that is what `check` is for. */
static bool has_expectation(
	const struct rules_binder *binder, const struct conf_node *node)
{
	static const char *const keys[] = {"expect", "accept"};
	bool found = false;
	for (size_t i = 0; i < 2; i++) {
		const struct conf_node *value = conf_node_get(node, keys[i]);
		if (!value)
			continue;
		conf_error(binder->report, value->mark,
			"a control is recorded and has no '%s' of its own", keys[i]);
		found = true;
	}
	return found;
}

int rule_controls_bind(const struct rules_binder *binder, const struct conf_node *node,
	const struct rule_defaults *defaults, struct rule *rule)
{
	struct rule_defaults recorded = *defaults;
	bool list = node->kind == CONF_SEQUENCE, wrong = false;
	recorded.expect = EXPECT_ANY;
	for (size_t i = 0; i < (list ? node->count : 1); i++)
		wrong |= has_expectation(binder, list ? node->items[i] : node);
	if (wrong)
		return -EINVAL;
	return bind_entries(
		binder, node, &recorded, &rule->controls, &rule->n_controls);
}
