/* SPDX-License-Identifier: Apache-2.0 */
#include "config/anchors.h"

#include <search.h>
#include <string.h>

#include "base/suggest.h"

/* Anchors that a suggestion is looked for among. */
#define MAX_CANDIDATES 256

void anchors_init(struct anchors *anchors)
{
	*anchors = (struct anchors){0};
}

static int by_name(const void *a, const void *b)
{
	const struct anchor *x = a, *y = b;
	return strcmp(x->name, y->name);
}

struct anchor *anchors_add(struct anchors *anchors, struct arena *arena,
	const char *name, const struct conf_node *node)
{
	struct anchor *anchor = arena_calloc(arena, 1, sizeof *anchor);
	if (!anchor)
		return NULL;
	*anchor = (struct anchor){
		.name = arena_strdup(arena, name), .node = node, .open = true};
	struct anchor **found =
		anchor->name ? tsearch(anchor, &anchors->tree, by_name) : NULL;
	if (!found)
		return NULL;
	*found = anchor;
	anchor->previous = anchors->last;
	anchors->last = anchor;
	return anchor;
}

const struct anchor *anchors_find(const struct anchors *anchors, const char *name)
{
	const struct anchor key = {.name = name};
	const struct anchor *const *found = tfind(&key, &anchors->tree, by_name);
	return found ? *found : NULL;
}

const char *anchors_suggest(const struct anchors *anchors, const char *name)
{
	const char *names[MAX_CANDIDATES];
	size_t count = 0;
	for (const struct anchor *a = anchors->last; a && count < MAX_CANDIDATES;
		a = a->previous)
		names[count++] = a->name;
	return suggest_nearest(name, names, count);
}

void anchors_fini(struct anchors *anchors)
{
	while (anchors->tree)
		tdelete(*(struct anchor **)anchors->tree, &anchors->tree, by_name);
	anchors_init(anchors);
}
