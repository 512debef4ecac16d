/* SPDX-License-Identifier: Apache-2.0 */
/* The builder's own: what is in it, and the inventory that it becomes. */
#include "config/inventory.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "config/inventory_build.h"

static struct name_array host_array(const struct inventory_builder *builder)
{
	return NAME_ARRAY(builder->hosts, builder->n_hosts);
}

static struct name_array group_array(const struct inventory_builder *builder)
{
	return NAME_ARRAY(builder->groups, builder->n_groups);
}

int inventory_intern_group(struct inventory_builder *builder, const char *name,
	struct conf_mark mark, uint32_t *index)
{
	int64_t found =
		name_table_find(&builder->group_names, group_array(builder), name);
	if (found >= 0) {
		assert(builder->groups);
		*index = (uint32_t)found;
		if (!builder->groups[*index].mark.line)
			builder->groups[*index].mark = mark;
		return 0;
	}
	char *copy = arena_strdup(builder->arena, name);
	struct build_group *groups = array_grow(builder->groups,
		&builder->group_capacity, builder->n_groups, sizeof *groups);
	if (groups)
		builder->groups = groups;
	if (!groups || !copy)
		return -ENOMEM;
	*index = builder->n_groups++;
	builder->groups[*index] = (struct build_group){
		.name = copy, .mark = mark, .variables.priority = 1};
	return name_table_add(&builder->group_names, group_array(builder));
}

int inventory_intern_host(struct inventory_builder *builder, const char *name,
	struct conf_mark mark, uint32_t *index)
{
	/* A range that is named again mostly finds its next host behind the last one:
	 * one comparison spares the misses of a hash look-up in a large table. */
	uint32_t guess = builder->last_host + 1;
	bool guessed = guess < builder->n_hosts &&
		       strcmp(builder->hosts[guess].name, name) == 0;
	int64_t found = guessed ? guess
				: name_table_find(&builder->host_names,
					  host_array(builder), name);
	if (found >= 0) {
		*index = builder->last_host = (uint32_t)found;
		return 0;
	}
	if (builder->n_hosts == INVENTORY_MAX_HOSTS)
		return -E2BIG;
	char *copy = arena_strdup(builder->arena, name);
	struct build_host *hosts = array_grow(builder->hosts, &builder->host_capacity,
		builder->n_hosts, sizeof *hosts);
	if (hosts)
		builder->hosts = hosts;
	if (!hosts || !copy)
		return -ENOMEM;
	*index = builder->last_host = builder->n_hosts++;
	builder->hosts[*index] = (struct build_host){.name = copy, .mark = mark};
	return name_table_add(&builder->host_names, host_array(builder));
}

void inventory_builder_mark_incomplete(struct inventory_builder *builder)
{
	builder->incomplete = true;
}

struct inventory_builder *inventory_builder_new(
	struct arena *arena, struct conf_report *report)
{
	struct inventory_builder *builder = calloc(1, sizeof *builder);
	struct conf_mark nowhere = {0};
	uint32_t all, ungrouped;
	if (!builder)
		return NULL;
	builder->arena = arena;
	builder->report = report;
	if (inventory_intern_group(builder, "all", nowhere, &all) < 0 ||
		inventory_intern_group(builder, "ungrouped", nowhere, &ungrouped) < 0) {
		inventory_builder_free(builder);
		return NULL;
	}
	return builder;
}

void inventory_builder_free(struct inventory_builder *builder)
{
	if (!builder)
		return;
	for (uint32_t i = 0; i < builder->n_groups; i++) {
		index_list_fini(&builder->groups[i].hosts);
		free(builder->groups[i].children);
	}
	name_table_fini(&builder->host_names);
	name_table_fini(&builder->group_names);
	free(builder->hosts);
	free(builder->groups);
	free(builder);
}

int64_t inventory_find_host(const struct inventory *inventory, const char *name)
{
	return name_table_find(&inventory->host_names,
		NAME_ARRAY(inventory->hosts, inventory->n_hosts), name);
}

int64_t inventory_find_group(const struct inventory *inventory, const char *name)
{
	return name_table_find(&inventory->group_names,
		NAME_ARRAY(inventory->groups, inventory->n_groups), name);
}
