/* SPDX-License-Identifier: Apache-2.0 */
#include "config/notify.h"

#include <errno.h>
#include <string.h>

#include "base/size.h"
#include "config/bind.h"
#include "config/notify_bind.h"
#include "config/settings_schedule.h"

enum {
	DEFAULT_TIMEOUT_MS = 10000,
	LEAST_TIMEOUT_MS = 100,
	MOST_TIMEOUT_MS = 300000,
	LEAST_DIGEST_MS = 1000,
	MOST_DIGEST_MS = 24 * 60 * 60 * 1000,
};

struct sink_form {
	const char *name;
	uint32_t timeout_ms;
	uint32_t digest_ms;
	struct conf_texts quiet;
	const char *timezone;
	const struct conf_node *only;
	const struct conf_node *kinds[NOTIFY_KIND_COUNT];
};

#define KIND(word, symbol, what)                                                    \
	{                                                                           \
		.key = (word), .type = CONF_TREE,                                   \
		.offset = offsetof(struct sink_form, kinds[symbol]), .help = (what) \
	}

static const struct conf_field sink_fields[] = {
	{.key = "name",
		.type = CONF_TEXT,
		.offset = offsetof(struct sink_form, name),
		.required = true,
		.help = "the name of the sink in the store and in messages"},
	{.key = "timeout",
		.type = CONF_DURATION,
		.offset = offsetof(struct sink_form, timeout_ms),
		.min = LEAST_TIMEOUT_MS,
		.max = MOST_TIMEOUT_MS,
		.help = "how long one delivery may take"},
	{.key = "only",
		.type = CONF_TREE,
		.offset = offsetof(struct sink_form, only),
		.help = "which notices it gets"},
	{.key = "quiet",
		.type = CONF_TEXTS,
		.offset = offsetof(struct sink_form, quiet),
		.help = "the hours of the week in which it gets no notices"},
	{.key = "timezone",
		.type = CONF_TEXT,
		.offset = offsetof(struct sink_form, timezone),
		.help = "the time zone of the quiet hours"},
	{.key = "digest",
		.type = CONF_DURATION,
		.offset = offsetof(struct sink_form, digest_ms),
		.min = LEAST_DIGEST_MS,
		.max = MOST_DIGEST_MS,
		.help = "how long notices are gathered into one message"},
	KIND("file", NOTIFY_FILE, "a file of JSON lines"),
	KIND("exec", NOTIFY_EXEC, "a program that reads JSON"),
	KIND("webhook", NOTIFY_WEBHOOK, "a web server that accepts JSON"),
	KIND("syslog", NOTIFY_SYSLOG, "a syslog server"),
	KIND("journald", NOTIFY_JOURNALD, "the journal of this machine"),
	KIND("smtp", NOTIFY_SMTP, "a mail server"),
	CONF_END,
};

/* In the order of enum notify_kind. */
static const struct {
	const char *word;
	int (*bind)(const struct notify_binder *binder, const struct conf_node *node,
		struct notify_sink *sink);
} kinds[NOTIFY_KIND_COUNT] = {
	{"file", notify_bind_file},
	{"exec", notify_bind_exec},
	{"webhook", notify_bind_webhook},
	{"syslog", notify_bind_syslog},
	{"journald", notify_bind_journald},
	{"smtp", notify_bind_smtp},
};

const char *notify_kind_word(enum notify_kind kind)
{
	return kinds[kind].word;
}

static int check_name(const struct notify_binder *binder, const struct conf_node *node,
	const struct notify_sink *sinks, uint32_t count, const char *name)
{
	struct conf_mark mark = conf_node_get(node, "name")->mark;

	if (strlen(name) > NOTIFY_MAX_NAME ||
		strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") !=
			strlen(name)) {
		conf_error(binder->report, mark,
			"'%.64s' is not a valid name for a sink: use at most %d of the "
			"characters a-z, 0-9, '-', '_' and '.'",
			name, NOTIFY_MAX_NAME);
		return -EINVAL;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!sinks[i].name || strcmp(sinks[i].name, name) != 0)
			continue;
		conf_error(binder->report, mark, "duplicate sink '%s'", name);
		return -EINVAL;
	}
	return 0;
}

static int bind_kind(const struct notify_binder *binder, const struct conf_node *node,
	const struct sink_form *form, struct notify_sink *sink)
{
	int found = -1;

	for (int i = 0; i < NOTIFY_KIND_COUNT; i++) {
		if (!form->kinds[i])
			continue;
		if (found >= 0) {
			conf_error(binder->report, form->kinds[i]->mark,
				"a sink has one kind, and this one already has '%s'",
				kinds[found].word);
			return -EINVAL;
		}
		found = i;
	}
	if (found < 0) {
		conf_error(binder->report, node->mark, "the kind of sink is missing");
		conf_help(binder->report,
			"add 'file', 'exec', 'webhook', 'syslog', 'journald' or "
			"'smtp'");
		return -EINVAL;
	}
	sink->kind = (enum notify_kind)found;
	return kinds[found].bind(binder, form->kinds[found], sink);
}

static int bind_quiet(const struct notify_binder *binder, const struct conf_node *node,
	const struct sink_form *form, struct notify_sink *sink)
{
	const struct conf_node *at =
		conf_node_get(node, form->timezone ? "timezone" : "quiet");
	int rc = settings_bind_hours(&form->quiet, binder->arena, binder->report,
		&sink->quiet, &sink->n_quiet);

	if (rc == -ENOMEM || (!form->timezone && sink->n_quiet == 0))
		return rc;
	return conf_worse(rc, settings_bind_zone(form->timezone, at, binder->arena,
				      binder->report, &sink->zone));
}

static bool has_kind(const struct sink_form *form)
{
	for (int i = 0; i < NOTIFY_KIND_COUNT; i++)
		if (form->kinds[i])
			return true;
	return false;
}

static int bind_sink(const struct notify_binder *binder, const struct conf_node *node,
	struct notify_sink *sinks, uint32_t at)
{
	struct sink_form form = {.timeout_ms = DEFAULT_TIMEOUT_MS};
	struct notify_sink *sink = &sinks[at];
	int rc = conf_bind(
		node, sink_fields, NULL, &form, binder->arena, binder->report);

	if (rc == -ENOMEM || !form.name || node->kind != CONF_MAPPING)
		return rc;
	rc = conf_worse(rc, check_name(binder, node, sinks, at, form.name));
	*sink = (struct notify_sink){.name = form.name,
		.timeout_ms = form.timeout_ms,
		.digest_ms = form.digest_ms,
		.mark = node->mark};
	/* Among keys that are wrong may be the one that says it. */
	if (rc == 0 || has_kind(&form))
		rc = conf_worse(rc, bind_kind(binder, node, &form, sink));
	if (rc != -ENOMEM)
		rc = conf_worse(rc, bind_quiet(binder, node, &form, sink));
	if (rc != -ENOMEM)
		rc = conf_worse(rc, notify_bind_only(binder, form.only, &sink->only));
	return rc;
}

int notify_bind(const struct conf_node *node, const char *path,
	const struct inventory *inventory, const struct rule_list *rules,
	struct arena *arena, struct conf_report *report, struct notify_list *out)
{
	struct notify_binder binder = {path, inventory, rules, arena, report};
	struct notify_sink *sinks;
	int rc = 0;

	*out = (struct notify_list){0};
	if (conf_node_is_null(node))
		return 0;
	if (node->kind != CONF_SEQUENCE) {
		conf_error(report, node->mark,
			"'notify' must be a list of sinks, not %s",
			conf_kind_name(node->kind));
		return -EINVAL;
	}
	if (node->count > NOTIFY_MAX_SINKS) {
		conf_error(report, node->mark, "at most %d sinks are allowed",
			NOTIFY_MAX_SINKS);
		return -EINVAL;
	}
	sinks = arena_calloc(arena, node->count ? node->count : 1, sizeof *sinks);
	if (!sinks)
		return -ENOMEM;
	for (uint32_t i = 0; i < node->count && rc != -ENOMEM; i++)
		rc = conf_worse(rc, bind_sink(&binder, node->items[i], sinks, i));
	if (rc == 0)
		*out = (struct notify_list){sinks, (uint32_t)node->count};
	return rc;
}
