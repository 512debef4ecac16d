/* SPDX-License-Identifier: Apache-2.0 */
/* The section `retention` of the settings: used by settings.c alone. */
#ifndef CONFIG_SETTINGS_RETENTION_H
#define CONFIG_SETTINGS_RETENTION_H

#include "config/settings.h"

void settings_default_retention(struct settings *out);

/* `node` may be NULL or null: the defaults stay. Returns as conf_bind(). */
int settings_bind_retention(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, struct settings *out);

#endif
