/* SPDX-License-Identifier: Apache-2.0 */
#include "config/settings_guard.h"

#include "config/bind.h"

static const struct conf_field guard_fields[] = {
	{.key = "share",
		.type = CONF_NUMBER,
		.offset = offsetof(struct settings, guard_share),
		.min = 1,
		.max = 100,
		.help = "percent of what answered that must be dark at once"},
	{.key = "odds",
		.type = CONF_NUMBER,
		.offset = offsetof(struct settings, guard_odds),
		.min = 1,
		.max = 1000000000,
		.help = "one in so many is too improbable for a coincidence"},
	{.key = "patience",
		.type = CONF_NUMBER,
		.offset = offsetof(struct settings, guard_patience),
		.max = 1000,
		.help = "scans in a row that may be doubted for their numbers alone"},
	{.key = "require",
		.type = CONF_NUMBER,
		.offset = offsetof(struct settings, guard_require),
		.min = 1,
		.max = 1000000,
		.help = "controls that must answer"},
	CONF_END,
};

int settings_bind_guard(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, struct settings *out)
{
	return conf_node_is_null(node)
		       ? 0
		       : conf_bind(node, guard_fields, NULL, out, arena, report);
}

#define WEEK_MS (UINT64_C(7) * 24 * 3600 * 1000)

static const struct conf_field flap_fields[] = {
	{.key = "changes",
		.type = CONF_NUMBER,
		.offset = offsetof(struct settings, flap_changes),
		.min = 2,
		.max = SETTINGS_MAX_FLAP_CHANGES,
		.help = "so many make a flow flap"},
	{.key = "within",
		.type = CONF_DURATION,
		.offset = offsetof(struct settings, flap_within_ms),
		.min = 1000,
		.max = WEEK_MS,
		.help = "the time in which they must come"},
	{.key = "settle",
		.type = CONF_DURATION,
		.offset = offsetof(struct settings, flap_settle_ms),
		.min = 1000,
		.max = WEEK_MS,
		.help = "how long without a change is holding still"},
	CONF_END,
};

int settings_bind_flap(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, struct settings *out)
{
	return conf_node_is_null(node)
		       ? 0
		       : conf_bind(node, flap_fields, NULL, out, arena, report);
}
