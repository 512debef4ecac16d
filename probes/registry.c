/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/registry.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "base/suggest.h"

const struct probe_ops *const registry_kinds[] = {
#define ENTRY(kind) &kind##_probe_ops,
	REGISTRY_KINDS(ENTRY)
#undef ENTRY
		NULL,
};

/* As much of a wrong text as a message repeats. */
#define QUOTED 64

const struct probe_ops *registry_find(const char *name)
{
	for (size_t i = 0; registry_kinds[i]; i++)
		if (strcmp(registry_kinds[i]->name, name) == 0)
			return registry_kinds[i];
	return NULL;
}

const struct probe_ops *registry_of_check(const char *check)
{
	size_t length = strcspn(check, "/");

	for (size_t i = 0; registry_kinds[i]; i++)
		if (strlen(registry_kinds[i]->name) == length &&
			strncmp(registry_kinds[i]->name, check, length) == 0)
			return registry_kinds[i];
	return NULL;
}

static void report_unknown(
	const char *kind, struct conf_mark mark, struct conf_report *report)
{
	const char *names[ARRAY_SIZE(registry_kinds)];
	char all[256] = "";
	size_t count = 0;
	for (; registry_kinds[count]; count++) {
		names[count] = registry_kinds[count]->name;
		size_t used = strlen(all);
		snprintf(all + used, sizeof all - used, "%s%s", used ? ", " : "",
			names[count]);
	}
	conf_error(report, mark, "unknown check '%.*s'", QUOTED, kind);
	const char *nearest = suggest_nearest(kind, names, count);
	if (nearest)
		conf_help(report, "did you mean '%s'?", nearest);
	else
		conf_help(report, "the checks are %s", all);
}

static void report_argument(const char *text, const struct probe_ops *ops,
	const char *error, const char *nearest, struct conf_mark mark,
	struct conf_report *report)
{
	conf_error(
		report, mark, "'%.*s' is not a valid check: %s", QUOTED, text, error);
	if (nearest)
		conf_help(report, "did you mean '%s/%s'?", ops->name, nearest);
	else if (ops->argument_help)
		conf_help(report, "write %s/%s", ops->name, ops->argument_help);
	else
		conf_help(report, "write %s", ops->name);
}

/* Splits at the first slash; both parts live in the arena. */
static int split(
	const char *text, struct arena *arena, char **kind, const char **argument)
{
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	*kind = arena_strndup(arena, text, length);
	*argument = slash ? slash + 1 : NULL;
	return *kind ? 0 : -ENOMEM;
}

/* NULL, or what is wrong before the kind looks at it. */
static const char *refuse_early(const struct probe_ops *ops, const char *argument)
{
	if (!argument)
		return NULL;
	if (!ops->argument_help)
		return "it takes no argument";
	if (*argument == '\0')
		return "the argument after the '/' is missing";
	return NULL;
}

static int name_check(const struct probe_ops *ops, const char *canonical,
	struct arena *arena, struct check *out)
{
	out->name = *canonical ? arena_printf(arena, "%s/%s", ops->name, canonical)
			       : ops->name;
	return out->name ? 0 : -ENOMEM;
}

int check_parse(const char *text, const struct probe_vocabulary *vocabulary,
	struct conf_mark mark, struct arena *arena, struct conf_report *report,
	struct check *out)
{
	char canonical[PROBE_ARGUMENT_MAX] = "";
	const char *argument;
	char *kind;

	memset(out, 0, sizeof *out);
	int rc = split(text, arena, &kind, &argument);
	if (rc < 0)
		return rc;
	const struct probe_ops *ops = registry_find(kind);
	if (!ops) {
		report_unknown(kind, mark, report);
		return -EINVAL;
	}
	if (ops->conf_size > 0 && !(out->conf = arena_calloc(arena, 1, ops->conf_size)))
		return -ENOMEM;
	const char *error = refuse_early(ops, argument);
	if (error || (ops->parse && !ops->parse(argument, vocabulary, out->conf,
					    canonical, sizeof canonical, &error))) {
		const char *nearest = argument && ops->nearest
					      ? ops->nearest(argument, vocabulary)
					      : NULL;
		report_argument(text, ops, error, nearest, mark, report);
		return -EINVAL;
	}
	out->ops = ops;
	return name_check(ops, canonical, arena, out);
}
