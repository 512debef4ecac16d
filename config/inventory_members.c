/* SPDX-License-Identifier: Apache-2.0 */
/* The hosts of every group, its children's included. */
#include <errno.h>
#include <stdlib.h>

#include "config/inventory_build.h"

/* Drops repeated mentions; stamps[host] is the last group that took the host, plus 1.
 */
static void drop_repeated(struct index_list *list, uint32_t *stamps, uint32_t stamp)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < list->count; i++) {
		uint32_t host = list->items[i];
		if (stamps[host] == stamp)
			continue;
		stamps[host] = stamp;
		list->items[kept++] = host;
	}
	list->count = kept;
}

static int add_new(struct index_list *list, const struct index_list *more,
	uint32_t *stamps, uint32_t stamp)
{
	for (uint32_t i = 0; i < more->count; i++) {
		uint32_t host = more->items[i];
		if (stamps[host] == stamp)
			continue;
		stamps[host] = stamp;
		if (index_list_add(list, host) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int gather_group(
	struct inventory_builder *builder, uint32_t index, uint32_t *stamps)
{
	struct build_group *group = &builder->groups[index];
	drop_repeated(&group->hosts, stamps, index + 1);
	for (uint32_t i = 0; i < group->n_children; i++) {
		const struct build_group *child =
			&builder->groups[group->children[i].group];
		builder->members += child->hosts.count;
		if (builder->members > INVENTORY_MAX_MEMBERS)
			return -E2BIG;
		if (add_new(&group->hosts, &child->hosts, stamps, index + 1) < 0)
			return -ENOMEM;
	}
	indexes_sort(group->hosts.items, group->hosts.count);
	return 0;
}

/* `stamps` tells which hosts are in any other group. */
static int gather_implicit(struct inventory_builder *builder, uint32_t *stamps)
{
	struct index_list *all = &builder->groups[GROUP_ALL].hosts;
	struct index_list *ungrouped = &builder->groups[GROUP_UNGROUPED].hosts;
	all->count = 0;
	ungrouped->count = 0;
	for (uint32_t i = 0; i < builder->n_hosts; i++) {
		if (index_list_add(all, i) < 0)
			return -ENOMEM;
		if (!stamps[i] && index_list_add(ungrouped, i) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int gather(struct inventory_builder *builder, const struct index_list *order,
	uint32_t *stamps)
{
	for (uint32_t at = 0; at < order->count; at++) {
		uint32_t index = order->items[at];
		if (index == GROUP_ALL || index == GROUP_UNGROUPED)
			continue;
		int rc = gather_group(builder, index, stamps);
		if (rc == -E2BIG) {
			conf_error(builder->report, builder->groups[index].mark,
				"with group '%s' hosts are in groups more than %d times",
				builder->groups[index].name, INVENTORY_MAX_MEMBERS);
			builder->incomplete = true;
			builder->full = true;
			return -EINVAL;
		}
		if (rc < 0)
			return rc;
	}
	return gather_implicit(builder, stamps);
}

int inventory_gather(struct inventory_builder *builder, const struct index_list *order)
{
	uint32_t *stamps = calloc((size_t)builder->n_hosts + 1, sizeof *stamps);
	if (!stamps)
		return -ENOMEM;
	int rc = gather(builder, order, stamps);
	free(stamps);
	return rc;
}
