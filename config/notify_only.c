/* SPDX-License-Identifier: Apache-2.0 */
/* The filter of a sink. */
#include <errno.h>
#include <string.h>

#include "base/suggest.h"
#include "config/bind.h"
#include "config/notify_bind.h"

const char *const notify_kinds[] = {
	"regression", "recovery", "exposure", "failing", "other", "test", NULL};
const char *const notify_statuses[] = {"opened", "updated", "closed", NULL};

#define ONLY(key, member, what) \
	CONF_FIELD(key, CONF_TEXTS, struct notify_only, member, .help = (what))

static const struct conf_field only_fields[] = {
	ONLY("kind", kinds, "regression, recovery, exposure, failing or other"),
	ONLY("status", statuses, "opened, updated or closed"),
	ONLY("rule", rules, "only incidents with a flow of these rules"),
	ONLY("group", groups, "only incidents with a host of these groups"),
	CONF_END,
};

static bool is_rule(const struct notify_binder *binder, const char *name)
{
	/* Rules with mistakes are told of by themselves. */
	if (binder->rules->count == 0)
		return true;
	for (uint32_t i = 0; i < binder->rules->count; i++)
		if (strcmp(binder->rules->rules[i].name, name) == 0)
			return true;
	return false;
}

static bool is_group(const struct notify_binder *binder, const char *name)
{
	return binder->inventory->incomplete ||
	       inventory_find_group(binder->inventory, name) >= 0;
}

static int check(const struct notify_binder *binder, const struct conf_texts *texts,
	const char *what,
	bool (*is_known)(const struct notify_binder *binder, const char *name))
{
	int rc = 0;

	for (size_t i = 0; i < texts->count; i++) {
		if (is_known(binder, texts->items[i]))
			continue;
		conf_error(binder->report, conf_node_mark(texts->nodes[i]),
			"unknown %s '%.64s'", what, texts->items[i]);
		rc = -EINVAL;
	}
	return rc;
}

static int check_words(const struct notify_binder *binder,
	const struct conf_texts *texts, const char *what, const char *const *words,
	const char *wanted)
{
	size_t count = 0;
	int rc = 0;

	while (words[count])
		count++;
	for (size_t i = 0; i < texts->count; i++) {
		const char *near;
		size_t at = 0;

		while (at < count && strcmp(words[at], texts->items[i]) != 0)
			at++;
		if (at < count)
			continue;
		conf_error(binder->report, conf_node_mark(texts->nodes[i]),
			"unknown %s '%.64s': write %s", what, texts->items[i], wanted);
		near = suggest_nearest(texts->items[i], words, count);
		if (near)
			conf_help(binder->report, "did you mean '%s'?", near);
		rc = -EINVAL;
	}
	return rc;
}

int notify_bind_only(const struct notify_binder *binder, const struct conf_node *node,
	struct notify_only *only)
{
	int rc;

	if (conf_node_is_null(node))
		return 0;
	rc = conf_bind(node, only_fields, NULL, only, binder->arena, binder->report);
	if (rc == -ENOMEM)
		return rc;
	rc = conf_worse(
		rc, check_words(binder, &only->kinds, "kind of incident", notify_kinds,
			    "regression, recovery, exposure, failing or other"));
	rc = conf_worse(rc, check_words(binder, &only->statuses, "status",
				    notify_statuses, "opened, updated or closed"));
	rc = conf_worse(rc, check(binder, &only->rules, "rule", is_rule));
	rc = conf_worse(rc, check(binder, &only->groups, "group", is_group));
	/* Every host is in it, and so holds nothing back. */
	for (size_t i = 0; i < only->groups.count; i++)
		if (strcmp(only->groups.items[i], "all") == 0)
			only->groups.count = 0;
	return rc;
}
