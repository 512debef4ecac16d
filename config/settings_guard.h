/* SPDX-License-Identifier: Apache-2.0 */
/* The sections `guard:` and `flap:` of reachd.yaml, for settings.c. */
#ifndef CONFIG_SETTINGS_GUARD_H
#define CONFIG_SETTINGS_GUARD_H

#include "config/settings.h"

/* Fills what is named guard_. Nothing changes when the node is NULL or null. Returns as
 * conf_bind(). */
int settings_bind_guard(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, struct settings *out);

/* Fills what is named flap_. Likewise. */
int settings_bind_flap(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, struct settings *out);

#endif
