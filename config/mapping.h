/* SPDX-License-Identifier: Apache-2.0 */
/* What makes a mapping of the pairs of a file: no key twice, merge keys (<<) applied.
 */
#ifndef CONFIG_MAPPING_H
#define CONFIG_MAPPING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "config/document.h"
#include "config/report.h"

/*
 * Fills node->pairs and node->count from `count` pairs in file order (changed on the
 * way), by the rules of YAML 1.1's merge key: explicit keys win over merged ones, and
 * earlier mappings of a list over later ones. Merged pairs stand behind the explicit
 * ones and share their nodes. Keys that are no scalars, duplicate keys and wrong merges
 * are reported and left out. False when memory ran out.
 */
bool mapping_fill(struct conf_node *node, struct conf_pair *pairs, size_t count,
	struct arena *arena, struct conf_report *report);

#endif
