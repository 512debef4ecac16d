/* SPDX-License-Identifier: Apache-2.0 */
/* The section `schedule` of the settings: used by settings.c alone. */
#ifndef CONFIG_SETTINGS_SCHEDULE_H
#define CONFIG_SETTINGS_SCHEDULE_H

#include "config/settings.h"

/* `node` may be NULL or null: the defaults stay. Returns as conf_bind(). Reads the time
 * zone's file where there are windows. */
int settings_bind_schedule(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, struct settings *out);

#endif
