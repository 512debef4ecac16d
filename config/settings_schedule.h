/* SPDX-License-Identifier: Apache-2.0 */
/* The section `schedule` of the file and of rules, and the hours and zones that others
 * have. */
#ifndef CONFIG_SETTINGS_SCHEDULE_H
#define CONFIG_SETTINGS_SCHEDULE_H

#include "config/schema.h"
#include "config/settings.h"

/* What `node` (NULL and null: nothing) does not say stays what *out holds; a jitter
 * that is longer than an `every` without one is cut to it. Returns as conf_bind().
 * Reads the time zone's file where there are windows. */
int settings_bind_schedule(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, struct settings_schedule *out);

/* Binds hours of the week; *count is 0 when one is wrong. 0, -EINVAL after reporting,
 * -ENOMEM. */
int settings_bind_hours(const struct conf_texts *texts, struct arena *arena,
	struct conf_report *report, const struct hours **out, size_t *count);

/* Loads a time zone; NULL: the machine's. mistakes are reported at `at`. Returns as
 * the former. Blocks on the disk. */
int settings_bind_zone(const char *name, const struct conf_node *at,
	struct arena *arena, struct conf_report *report, const struct zone **out);

#endif
