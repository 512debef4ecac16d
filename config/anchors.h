/* SPDX-License-Identifier: Apache-2.0 */
/* The anchors of one YAML file: what each alias stands for and how much that is. */
#ifndef CONFIG_ANCHORS_H
#define CONFIG_ANCHORS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "config/document.h"

struct anchor {
	const char *name;
	const struct conf_node *node;
	uint32_t expanded; /* nodes of the subtree, its aliases expanded */
	uint32_t height;   /* collections from the node down to its deepest leaf */
	bool open;         /* its node is still being read */
	struct anchor *previous;
};

struct anchors {
	void *tree;          /* of tsearch(3): no choice of names makes it slow */
	struct anchor *last; /* the newest of all, by `previous` */
};

void anchors_init(struct anchors *anchors);

/* Names an open node; later aliases of an earlier anchor of that name mean this one.
 * NULL when memory ran out. Lives in the arena. */
struct anchor *anchors_add(struct anchors *anchors, struct arena *arena,
	const char *name, const struct conf_node *node);

/* NULL when there is none. */
const struct anchor *anchors_find(const struct anchors *anchors, const char *name);

/* The name nearest to one that there is not; NULL when none is near. */
const char *anchors_suggest(const struct anchors *anchors, const char *name);

void anchors_fini(struct anchors *anchors);

#endif
