/* SPDX-License-Identifier: Apache-2.0 */
/* Inventory files named by paths and patterns. */
#ifndef CONFIG_INCLUDE_H
#define CONFIG_INCLUDE_H

#include "base/arena.h"
#include "config/document.h"
#include "config/inventory.h"
#include "config/report.h"

struct include_scope {
	const char *self; /* the file that includes: patterns pass it over, and paths
			     are relative to its folder */
	struct arena *documents; /* for what is read; may be freed once the builder is
				    finished */
};

/*
 * Adds the files that `node` names, one path or pattern (glob(3)) or a list of them, to
 * the builder, each file once, in the order named, those of a pattern in that of their
 * names. A name without a file and a pattern without a match are mistakes. Returns 0,
 * -EINVAL after reporting, -ENOMEM. Blocks on the disk.
 */
int include_inventories(const struct include_scope *scope, const struct conf_node *node,
	struct inventory_builder *builder, struct conf_report *report);

#endif
