/* SPDX-License-Identifier: Apache-2.0 */
/* One reachd.yaml with all that it includes, read and checked. Immutable once loaded.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/arena.h"
#include "config/inventory.h"
#include "config/notify.h"
#include "config/report.h"
#include "config/rules.h"
#include "config/settings.h"

struct config {
	struct arena arena;
	const char *path;
	struct settings settings;
	struct inventory inventory;
	struct rule_list rules;
	struct notify_list notify;
};

/*
 * Reads the file, the inventories it names (paths and globs relative to its folder; a
 * pattern that matches nothing is a mistake) and its rules. Every mistake goes to the
 * report. Returns 0 with *out (config_free() it), -EINVAL when the report has errors,
 * -ENOMEM. Blocks on the disk.
 */
int config_load(const char *path, struct conf_report *report, struct config **out);

/* The same for text in memory; `name` stands in messages, includes are relative to the
 * working directory. For tests and fuzzing. */
int config_parse(const char *name, const char *text, size_t size,
	struct conf_report *report, struct config **out);

/* NULL is harmless. */
void config_free(struct config *config);

#endif
