/* SPDX-License-Identifier: Apache-2.0 */
/* The section `rpc` of the settings: used by settings.c alone. */
#ifndef CONFIG_SETTINGS_RPC_H
#define CONFIG_SETTINGS_RPC_H

#include "config/settings.h"

/* `node` may be NULL or null: the defaults stay. Returns as conf_bind(). */
int settings_bind_rpc(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, struct settings *out);

#endif
