/* SPDX-License-Identifier: Apache-2.0 */
#include "config/settings_retention.h"

#include "config/bind.h"

#define HOUR_MS UINT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define MOST_MS (3650 * DAY_MS) /* as long as a duration may be */

static const struct conf_field fields[] = {
	{.key = "history",
		.type = CONF_LONG_DURATION,
		.offset = offsetof(struct settings, history_ms),
		.min = HOUR_MS,
		.max = MOST_MS,
		.help = "how long scans, and states that have ended, are kept"},
	{.key = "rtt",
		.type = CONF_LONG_DURATION,
		.offset = offsetof(struct settings, rtt_ms),
		.min = HOUR_MS,
		.max = MOST_MS,
		.help = "how long round-trip times are kept"},
	CONF_END,
};

void settings_default_retention(struct settings *out)
{
	out->history_ms = 400 * DAY_MS;
	out->rtt_ms = 90 * DAY_MS;
}

int settings_bind_retention(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, struct settings *out)
{
	return conf_node_is_null(node)
		       ? 0
		       : conf_bind(node, fields, NULL, out, arena, report);
}
