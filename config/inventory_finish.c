/* SPDX-License-Identifier: Apache-2.0 */
/* From the builder to the inventory that the rest of the program sees. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/inventory_build.h"

/* Ansible's sort_groups(): depth, then priority, then name; the last one wins, so it is
 * the first here. */
static int compare_strength(const void *a, const void *b)
{
	const struct build_group *const *x = a, *const *y = b;
	if ((*x)->depth != (*y)->depth)
		return (*x)->depth > (*y)->depth ? -1 : 1;
	if ((*x)->variables.priority != (*y)->variables.priority)
		return (*x)->variables.priority > (*y)->variables.priority ? -1 : 1;
	return -strcmp((*x)->name, (*y)->name);
}

static void give_variables(
	struct inventory_builder *builder, const struct build_group *group)
{
	for (uint32_t i = 0; i < group->hosts.count; i++) {
		struct build_host *host = &builder->hosts[group->hosts.items[i]];
		for (size_t v = 0; v < VARIABLE_COUNT; v++)
			if (!host->targets[v])
				host->targets[v] = group->variables.targets[v];
	}
}

static int apply_group_variables(struct inventory_builder *builder)
{
	const struct build_group **groups = calloc(builder->n_groups, sizeof(void *));
	uint32_t count = 0;
	if (!groups)
		return -ENOMEM;
	for (uint32_t i = 0; i < builder->n_groups; i++) {
		const struct build_group *group = &builder->groups[i];
		bool any = false;
		for (size_t v = 0; v < VARIABLE_COUNT; v++)
			any = any || group->variables.targets[v];
		if (any)
			groups[count++] = group;
	}
	qsort(groups, count, sizeof(void *), compare_strength);
	for (uint32_t i = 0; i < count; i++)
		give_variables(builder, groups[i]);
	free(groups);
	return 0;
}

static int publish_host(struct inventory_builder *builder,
	const struct build_host *host, struct inventory_host *out)
{
	struct inventory_target own = {0}, *target = &own;
	int rc;
	if (host->targets[VARIABLE_ADDRESSES]) {
		target = host->targets[VARIABLE_ADDRESSES];
		rc = 0;
	} else if (host->targets[VARIABLE_HOST]) {
		target = host->targets[VARIABLE_HOST];
		rc = inventory_target_read(builder, target);
	} else {
		rc = inventory_target_from_name(builder, host, target);
	}
	*out = (struct inventory_host){.name = host->name,
		.dial_name = target->dial_name,
		.addresses = target->addresses,
		.n_addresses = target->n_addresses,
		.mark = host->mark};
	return rc;
}

static int publish_hosts(struct inventory_builder *builder,
	struct inventory_host *hosts, struct inventory *out)
{
	for (uint32_t i = 0; i < builder->n_hosts; i++) {
		int rc = publish_host(builder, &builder->hosts[i], &hosts[i]);
		if (rc < 0)
			return rc;
	}
	out->hosts = hosts;
	out->n_hosts = builder->n_hosts;
	return name_table_build(
		&out->host_names, NAME_ARRAY(hosts, out->n_hosts), builder->arena);
}

static int publish_groups(struct inventory_builder *builder, struct inventory *out)
{
	struct inventory_group *groups =
		arena_calloc(builder->arena, builder->n_groups, sizeof *groups);
	if (!groups)
		return -ENOMEM;
	for (uint32_t i = 0; i < builder->n_groups; i++) {
		struct build_group *group = &builder->groups[i];
		size_t bytes = group->hosts.count * sizeof(uint32_t);
		uint32_t *hosts = arena_calloc(builder->arena, 1, bytes);
		if (!hosts)
			return -ENOMEM;
		if (bytes)
			memcpy(hosts, group->hosts.items, bytes);
		groups[i] = (struct inventory_group){.name = group->name,
			.hosts = hosts,
			.n_hosts = group->hosts.count,
			.mark = group->mark};
		index_list_fini(&group->hosts);
	}
	out->groups = groups;
	out->n_groups = builder->n_groups;
	return name_table_build(
		&out->group_names, NAME_ARRAY(groups, out->n_groups), builder->arena);
}

/* Turns "the hosts of a group" round, into one array that all hosts share. */
static int publish_memberships(
	struct arena *arena, struct inventory_host *hosts, const struct inventory *out)
{
	size_t total = 0;
	for (uint32_t i = 0; i < out->n_groups; i++)
		total += out->groups[i].n_hosts;
	uint32_t *slab = arena_calloc(arena, total, sizeof *slab);
	uint32_t **next = calloc((size_t)out->n_hosts + 1, sizeof *next);
	if (!slab || !next) {
		free(next);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < out->n_groups; i++)
		for (uint32_t k = 0; k < out->groups[i].n_hosts; k++)
			hosts[out->groups[i].hosts[k]].n_groups++;
	for (uint32_t i = 0; i < out->n_hosts; i++) {
		hosts[i].groups = next[i] = slab;
		slab += hosts[i].n_groups;
	}
	for (uint32_t i = 0; i < out->n_groups; i++)
		for (uint32_t k = 0; k < out->groups[i].n_hosts; k++)
			*next[out->groups[i].hosts[k]]++ = i;
	free(next);
	return 0;
}

/* Ansible warns, and takes the name for the group wherever both would do. */
static void warn_of_shared_names(
	const struct inventory *inventory, struct conf_report *report)
{
	for (uint32_t i = 0; i < inventory->n_groups; i++) {
		const char *name = inventory->groups[i].name;
		int64_t host = inventory_find_host(inventory, name);
		if (host >= 0)
			conf_warning(report, inventory->hosts[host].mark,
				"'%s' is a host and a group; rules mean the group",
				name);
	}
}

static int publish(struct inventory_builder *builder, struct inventory *out)
{
	struct inventory_host *hosts =
		arena_calloc(builder->arena, builder->n_hosts, sizeof *hosts);
	int rc = hosts ? publish_hosts(builder, hosts, out) : -ENOMEM;
	if (rc == 0)
		rc = publish_groups(builder, out);
	if (rc == 0)
		rc = publish_memberships(builder->arena, hosts, out);
	if (rc == 0)
		warn_of_shared_names(out, builder->report);
	out->incomplete = builder->incomplete;
	return rc;
}

int inventory_builder_finish(struct inventory_builder *builder, struct inventory *out)
{
	size_t errors = builder->report->errors;
	struct index_list order = {0};
	*out = (struct inventory){.incomplete = true};
	if (builder->full) /* refused, and large: spare the work */
		return 0;
	int rc = inventory_order(builder, &order);
	if (rc == 0)
		rc = inventory_gather(builder, &order);
	if (rc == 0)
		rc = apply_group_variables(builder);
	if (rc == 0)
		rc = publish(builder, out);
	index_list_fini(&order);
	if (rc < 0)
		return rc;
	return builder->report->errors == errors ? 0 : -EINVAL;
}
