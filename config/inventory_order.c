/* SPDX-License-Identifier: Apache-2.0 */
/* Which group holds which: order, depth and cycles. */
#include <errno.h>
#include <stdlib.h>

#include "base/strbuf.h"
#include "config/inventory_build.h"

enum {
	CYCLE_TOLD = 8
}; /* groups of a cycle that a message names */

/* Where the walk of a group that was never reached came from. */
struct origin {
	uint32_t parent;
	struct conf_mark mark; /* of the child's name below that parent */
	uint32_t walk;         /* the walk that passed here; 0: none yet */
};

/* Kahn's way: a group follows when all of its parents did. parents_left counts down. */
static int sort_groups(struct inventory_builder *builder, uint32_t *parents_left,
	struct index_list *order)
{
	for (uint32_t i = 0; i < builder->n_groups; i++) {
		struct build_group *group = &builder->groups[i];
		parents_left[i] = group->n_parents;
		group->depth = i == GROUP_ALL ? 0 : 1;
		if (group->n_parents == 0 && index_list_add(order, i) < 0)
			return -ENOMEM;
	}
	for (uint32_t at = 0; at < order->count; at++) {
		const struct build_group *group = &builder->groups[order->items[at]];
		for (uint32_t i = 0; i < group->n_children; i++) {
			uint32_t child = group->children[i].group;
			if (builder->groups[child].depth <= group->depth)
				builder->groups[child].depth = group->depth + 1;
			if (--parents_left[child] == 0 &&
				index_list_add(order, child) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

/* One cycle, told from its group of the lowest index on. */
static void report_cycle(struct inventory_builder *builder,
	const struct origin *origins, uint32_t member)
{
	uint32_t first = member, names[CYCLE_TOLD + 1], length = 0;
	for (uint32_t i = origins[member].parent; i != member; i = origins[i].parent)
		first = i < first ? i : first;
	for (uint32_t i = first; !length || i != first; i = origins[i].parent)
		if (length++ < CYCLE_TOLD)
			names[length - 1] = i;
	/* Origins lead upwards; people read downwards. */
	struct strbuf text;
	strbuf_init(&text);
	strbuf_adds(&text, builder->groups[first].name);
	if (length > CYCLE_TOLD)
		strbuf_adds(&text, " > ...");
	for (uint32_t i = length > CYCLE_TOLD ? CYCLE_TOLD : length; i-- > 0;)
		strbuf_addf(&text, " > %s", builder->groups[names[i]].name);
	char *told = strbuf_take(&text);
	conf_error(builder->report, origins[first].mark,
		"group '%s' holds itself by its children: %s",
		builder->groups[first].name, told ? told : "(out of memory)");
	free(told);
	builder->incomplete = true;
}

static void find_cycles(struct inventory_builder *builder, const uint32_t *parents_left,
	struct origin *origins)
{
	for (uint32_t i = 0; i < builder->n_groups; i++) {
		const struct build_group *group = &builder->groups[i];
		for (uint32_t k = 0; parents_left[i] && k < group->n_children; k++) {
			struct origin *origin = &origins[group->children[k].group];
			origin->parent = i;
			origin->mark = group->children[k].mark;
		}
	}
	/* Every group left over has a parent left over: going up from any of them ends
	 * in a cycle, or in the track of an earlier walk. */
	for (uint32_t i = 0; i < builder->n_groups; i++) {
		uint32_t at = i;
		while (parents_left[at] && !origins[at].walk) {
			origins[at].walk = i + 1;
			at = origins[at].parent;
		}
		if (origins[at].walk == i + 1)
			report_cycle(builder, origins, at);
	}
}

int inventory_order(struct inventory_builder *builder, struct index_list *order)
{
	uint32_t *parents_left = calloc(builder->n_groups, sizeof *parents_left);
	struct origin *origins = NULL;
	int rc = parents_left ? sort_groups(builder, parents_left, order) : -ENOMEM;
	if (rc == 0 && order->count < builder->n_groups) {
		origins = calloc(builder->n_groups, sizeof *origins);
		rc = origins ? 0 : -ENOMEM;
	}
	if (origins)
		find_cycles(builder, parents_left, origins);
	free(origins);
	free(parents_left);
	return rc;
}
