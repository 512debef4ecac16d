/* SPDX-License-Identifier: Apache-2.0 */
/* Which group holds which: order, depth and cycles. */
#include <errno.h>
#include <stdlib.h>

#include "base/strbuf.h"
#include "config/inventory_build.h"

enum {
	CYCLE_TOLD = 8, /* groups of a cycle that a message names */
	DONE = -1,
};

/* A walk down the children, depth first. Not by recursion: a file may chain as many
 * groups as it has lines. */
struct walk {
	struct inventory_builder *builder;
	struct index_list *order;
	struct frame {
		uint32_t group;
		uint32_t next; /* child to go to */
	} * path;
	int64_t length;
	int64_t *states; /* of each group: 0 not seen, DONE, or 1 + place in the path */
};

/* The group at `start` of the path holds the next one, and so on; the last one of the
 * path holds that at `start` again, by the name at `mark`. */
static void report_cycle(struct walk *walk, int64_t start, struct conf_mark mark)
{
	const struct build_group *groups = walk->builder->groups;
	const char *first = groups[walk->path[start].group].name;
	struct strbuf text;
	strbuf_init(&text);
	for (int64_t i = start; i < walk->length && i < start + CYCLE_TOLD; i++)
		strbuf_addf(&text, "%s > ", groups[walk->path[i].group].name);
	if (walk->length - start > CYCLE_TOLD)
		strbuf_adds(&text, "... > ");
	char *told = strbuf_take(&text);
	conf_error(walk->builder->report, mark,
		"group '%s' holds itself by its children: %s%s", first,
		told ? told : "", first);
	free(told);
	walk->builder->incomplete = true;
}

static void enter(struct walk *walk, uint32_t group)
{
	walk->path[walk->length++] = (struct frame){.group = group};
	walk->states[group] = walk->length;
}

/* Goes one step on from the end of the path. 0 or -ENOMEM. */
static int step(struct walk *walk)
{
	struct frame *frame = &walk->path[walk->length - 1];
	const struct build_group *group = &walk->builder->groups[frame->group];
	if (frame->next == group->n_children) {
		walk->states[frame->group] = DONE;
		walk->length--;
		return index_list_add(walk->order, frame->group);
	}
	const struct build_child *child = &group->children[frame->next++];
	int64_t state = walk->states[child->group];
	if (state == 0)
		enter(walk, child->group);
	else if (state != DONE)
		report_cycle(walk, state - 1, child->mark);
	return 0;
}

static int walk_all(struct walk *walk)
{
	for (uint32_t i = 0; i < walk->builder->n_groups; i++) {
		if (walk->states[i] == 0)
			enter(walk, i);
		while (walk->length > 0)
			if (step(walk) < 0)
				return -ENOMEM;
	}
	return 0;
}

/* The longest way down counts, as in Ansible. `order` has children first. */
static void measure_depth(
	struct inventory_builder *builder, const struct index_list *order)
{
	for (uint32_t i = 0; i < builder->n_groups; i++)
		builder->groups[i].depth = i == GROUP_ALL ? 0 : 1;
	for (uint32_t at = order->count; at-- > 0;) {
		const struct build_group *group = &builder->groups[order->items[at]];
		for (uint32_t i = 0; i < group->n_children; i++) {
			uint32_t child = group->children[i].group;
			if (builder->groups[child].depth <= group->depth)
				builder->groups[child].depth = group->depth + 1;
		}
	}
}

int inventory_order(struct inventory_builder *builder, struct index_list *order)
{
	struct walk walk = {.builder = builder, .order = order};
	int rc = -ENOMEM;
	walk.path = calloc(builder->n_groups, sizeof *walk.path);
	walk.states = calloc(builder->n_groups, sizeof *walk.states);
	if (walk.path && walk.states)
		rc = walk_all(&walk);
	if (rc == 0)
		measure_depth(builder, order);
	free(walk.path);
	free(walk.states);
	return rc;
}
