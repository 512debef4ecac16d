/* SPDX-License-Identifier: Apache-2.0 */
#include "config/settings_schedule.h"

#include <errno.h>
#include <string.h>

#include "base/quantity.h"
#include "config/bind.h"

enum {
	SECOND = 1000,
	DAY = 24 * 60 * 60 * SECOND,
	MAX_WINDOWS = 64,
};

struct schedule_section {
	uint32_t every_ms;
	const char *jitter, *timezone;
	struct conf_texts windows;
};

#define FIELD(key, type, member, ...) \
	CONF_FIELD(key, CONF_##type, struct schedule_section, member, __VA_ARGS__)

static const struct conf_field schedule_fields[] = {
	FIELD("every", DURATION, every_ms, .min = SECOND, .max = UINT64_C(7) * DAY,
		.help = "from the start of a scan to the start of the next"),
	FIELD("jitter", TEXT, jitter,
		.help = "the longest random delay before a scan starts"),
	FIELD("windows", TEXTS, windows,
		.help = "the hours of the week in which scans may start"),
	FIELD("timezone", TEXT, timezone, .help = "the time zone of the windows"),
	CONF_END,
};

/* ---- jitter ----------------------------------------------------------------- */

static bool parse_percent(const char *text, uint32_t every_ms, uint64_t *ms)
{
	size_t length = strlen(text);
	char number[8];
	uint64_t percent;

	if (length < 2 || length >= sizeof number || text[length - 1] != '%')
		return false;
	memcpy(number, text, length - 1);
	number[length - 1] = '\0';
	if (!number_parse(number, 100, &percent))
		return false;
	*ms = every_ms * percent / 100;
	return true;
}

/* Where 'every' is wrong itself (0), nothing can be too long for it. */
static int bind_jitter(const char *text, struct conf_mark mark, uint32_t every_ms,
	struct conf_report *report, struct settings_schedule *out)
{
	char every[32];
	uint64_t ms;

	if (!parse_percent(text, every_ms, &ms) && !duration_parse(text, &ms)) {
		conf_error(report, mark,
			"'jitter' must be a duration such as 30s or a share of 'every' "
			"such as 10%%, not '%.64s'",
			text);
		return -EINVAL;
	}
	if (every_ms && ms > every_ms) {
		conf_error(report, mark,
			"'jitter' must not be longer than 'every' (%s)",
			duration_format(every_ms, every, sizeof every));
		return -EINVAL;
	}
	out->jitter_ms = (uint32_t)ms;
	return 0;
}

/* ---- windows ---------------------------------------------------------------- */

int settings_bind_hours(const struct conf_texts *texts, struct arena *arena,
	struct conf_report *report, const struct hours **out, size_t *count)
{
	struct hours *items;
	const char *error;
	int rc = 0;

	if (texts->count > MAX_WINDOWS) {
		conf_error(report, texts->nodes[MAX_WINDOWS]->mark,
			"at most %d windows are allowed", MAX_WINDOWS);
		return -EINVAL;
	}
	items = arena_calloc(arena, texts->count + 1, sizeof *items);
	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < texts->count; i++) {
		if (hours_parse(texts->items[i], &items[i], &error))
			continue;
		conf_error(report, texts->nodes[i]->mark,
			"'%.64s' is not a valid window: %s; write for example "
			"\"weekdays 20:00-06:00\"",
			texts->items[i], error);
		rc = -EINVAL;
	}
	*out = items;
	*count = rc < 0 ? 0 : texts->count;
	return rc;
}

int settings_bind_zone(const char *name, const struct conf_node *at,
	struct arena *arena, struct conf_report *report, const struct zone **out)
{
	struct zone *zone = NULL;
	int rc = zone_load(name, arena, &zone);

	*out = zone;
	if (rc == 0 || rc == -ENOMEM)
		return rc;
	if (name && rc == -ENOENT)
		conf_error(report, at->mark,
			"unknown time zone '%.64s': it is not in " ZONE_FOLDER
			"; write a name such as Europe/Berlin, or UTC",
			name);
	else if (name)
		conf_error(report, at->mark,
			"the time zone '%.64s' can't be read from " ZONE_FOLDER ": %s",
			name, strerror(-rc));
	else
		conf_error(report, at->mark,
			"this machine's time zone can't be read from /etc/localtime "
			"(%s): name one with 'timezone'",
			strerror(-rc));
	return -EINVAL;
}

/* ---- the section -------------------------------------------------------------- */

static int bind_times(const struct conf_node *node,
	const struct schedule_section *section, bool every_is_right,
	struct conf_report *report, struct settings_schedule *out)
{
	if (every_is_right)
		out->every_ms = section->every_ms;
	if (section->jitter)
		return bind_jitter(section->jitter, conf_node_get(node, "jitter")->mark,
			every_is_right ? section->every_ms : 0, report, out);
	if (out->jitter_ms > out->every_ms)
		out->jitter_ms = out->every_ms;
	return 0;
}

/* Windows without a zone here hang on the one that holds so far. */
static int bind_windows(const struct conf_node *node,
	const struct schedule_section *section, struct arena *arena,
	struct conf_report *report, struct settings_schedule *out)
{
	const struct conf_node *windows = conf_node_get(node, "windows");
	const struct conf_node *timezone = conf_node_get(node, "timezone");
	int rc = 0;

	if (windows)
		rc = settings_bind_hours(&section->windows, arena, report,
			&out->windows, &out->n_windows);
	if (section->timezone)
		out->timezone = section->timezone;
	if (rc == -ENOMEM || !(section->timezone || (windows && out->n_windows)))
		return rc;
	return conf_worse(rc, settings_bind_zone(out->timezone,
				      section->timezone ? timezone : windows, arena,
				      report, &out->zone));
}

int settings_bind_schedule(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, struct settings_schedule *out)
{
	struct schedule_section section = {.every_ms = out->every_ms};
	int rc;

	if (conf_node_is_null(node))
		return 0;
	rc = conf_bind(node, schedule_fields, NULL, &section, arena, report);
	if (rc != -ENOMEM)
		rc = conf_worse(rc, bind_times(node, &section, rc == 0, report, out));
	if (rc != -ENOMEM)
		rc = conf_worse(rc, bind_windows(node, &section, arena, report, out));
	return rc;
}
