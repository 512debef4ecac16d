/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by notify*.c. */
#ifndef CONFIG_NOTIFY_BIND_H
#define CONFIG_NOTIFY_BIND_H

#include "config/notify.h"

/* For binding one list of sinks. */
struct notify_binder {
	const struct inventory *inventory;
	const struct rule_list *rules;
	struct arena *arena;
	struct conf_report *report;
};

/* Binds `only:`. 0, -EINVAL after reporting, -ENOMEM. */
int notify_bind_only(const struct notify_binder *binder, const struct conf_node *node,
	struct notify_only *only);

#endif
