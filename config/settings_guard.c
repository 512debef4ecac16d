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
