/* SPDX-License-Identifier: Apache-2.0 */
/* From the builder to the inventory that the rest of the program sees: the order of the
 * groups, the hosts of each, the variables that apply. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "config/inventory_build.h"

/* ---- which group holds which: order, depth and cycles -------------------------------
 */

enum {
	CYCLE_SHOWN = 8, /* groups of a cycle that a message names */
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
	for (int64_t i = start; i < walk->length && i < start + CYCLE_SHOWN; i++)
		strbuf_addf(&text, "%s > ", groups[walk->path[i].group].name);
	if (walk->length - start > CYCLE_SHOWN)
		strbuf_adds(&text, "... > ");
	char *names = strbuf_take(&text);
	conf_error(walk->builder->report, mark, "group '%s' contains itself: %s%s",
		first, names ? names : "", first);
	free(names);
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

/* Lists all groups, children first, and gives each its depth. A child that closes a
 * cycle is a mistake and has no say in the order. 0 or -ENOMEM. */
static int order_groups(struct inventory_builder *builder, struct index_list *order)
{
	struct walk walk = {.builder = builder, .order = order};
	int rc = 0;
	walk.path = calloc(builder->n_groups, sizeof *walk.path);
	walk.states = calloc(builder->n_groups, sizeof *walk.states);
	if (!walk.path || !walk.states)
		rc = -ENOMEM;
	for (uint32_t i = 0; i < builder->n_groups && rc == 0; i++) {
		if (walk.states[i] == 0)
			enter(&walk, i);
		while (walk.length > 0 && rc == 0)
			rc = step(&walk);
	}
	if (rc == 0)
		measure_depth(builder, order);
	free(walk.path);
	free(walk.states);
	return rc;
}

/* ---- the hosts of every group, with those of its children
 * ---------------------------- */

static int gather_group(
	struct inventory_builder *builder, uint32_t index, uint32_t *stamps)
{
	struct build_group *group = &builder->groups[index];
	struct index_list *hosts = &group->hosts;
	uint32_t mentions = hosts->count;
	hosts->count = 0;
	for (uint32_t i = 0; i < mentions; i++) {
		uint32_t host = hosts->items[i];
		if (stamps[host] != index + 1)
			hosts->items[hosts->count++] = host;
		stamps[host] = index + 1;
	}
	for (uint32_t i = 0; i < group->n_children; i++) {
		const struct build_group *child =
			&builder->groups[group->children[i].group];
		builder->members += child->hosts.count;
		if (builder->members > INVENTORY_MAX_MEMBERS)
			return -E2BIG;
		for (uint32_t k = 0; k < child->hosts.count; k++) {
			uint32_t host = child->hosts.items[k];
			if (stamps[host] != index + 1 &&
				index_list_add(hosts, host) < 0)
				return -ENOMEM;
			stamps[host] = index + 1;
		}
	}
	indexes_sort(hosts->items, hosts->count);
	return 0;
}

/* Fills build_group.hosts with the hosts of every group and its children. 0, -EINVAL or
 * -ENOMEM. */
static int gather_members(
	struct inventory_builder *builder, const struct index_list *order)
{
	struct index_list *all = &builder->groups[GROUP_ALL].hosts;
	struct index_list *ungrouped = &builder->groups[GROUP_UNGROUPED].hosts;
	/* The last group that took the host, plus 1. */
	uint32_t *stamps = calloc((size_t)builder->n_hosts + 1, sizeof *stamps);
	int rc = stamps ? 0 : -ENOMEM;
	for (uint32_t at = 0; at < order->count && rc == 0; at++) {
		uint32_t index = order->items[at];
		if (index == GROUP_ALL || index == GROUP_UNGROUPED)
			continue;
		rc = gather_group(builder, index, stamps);
		if (rc != -E2BIG)
			continue;
		conf_error(builder->report, builder->groups[index].mark,
			"with group '%s', the groups name hosts more than %d times",
			builder->groups[index].name, INVENTORY_MAX_MEMBERS);
		builder->incomplete = builder->full = true;
		rc = -EINVAL;
	}
	all->count = 0;
	ungrouped->count = 0;
	for (uint32_t i = 0; i < builder->n_hosts && rc == 0; i++) {
		rc = index_list_add(all, i);
		if (rc == 0 && !stamps[i])
			rc = index_list_add(ungrouped, i);
	}
	free(stamps);
	return rc;
}

/* ---- variables, and the inventory itself
 * --------------------------------------------- */

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
	for (uint32_t i = 0; i < count; i++) {
		const struct index_list *members = &groups[i]->hosts;
		for (uint32_t k = 0; k < members->count; k++) {
			struct build_host *host = &builder->hosts[members->items[k]];
			for (size_t v = 0; v < VARIABLE_COUNT; v++)
				if (!host->targets[v])
					host->targets[v] =
						groups[i]->variables.targets[v];
		}
	}
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
				"'%s' is both a host and a group; rules use the group",
				name);
	}
}

static int publish(struct inventory_builder *builder, struct inventory *out)
{
	struct inventory_host *hosts =
		arena_calloc(builder->arena, builder->n_hosts, sizeof *hosts);
	int rc = hosts ? 0 : -ENOMEM;
	for (uint32_t i = 0; i < builder->n_hosts && rc == 0; i++)
		rc = publish_host(builder, &builder->hosts[i], &hosts[i]);
	if (rc < 0)
		return rc;
	out->hosts = hosts;
	out->n_hosts = builder->n_hosts;
	out->incomplete = builder->incomplete;
	rc = name_table_build(
		&out->host_names, NAME_ARRAY(hosts, out->n_hosts), builder->arena);
	if (rc == 0)
		rc = publish_groups(builder, out);
	if (rc == 0)
		rc = publish_memberships(builder->arena, hosts, out);
	if (rc == 0)
		warn_of_shared_names(out, builder->report);
	return rc;
}

int inventory_builder_finish(struct inventory_builder *builder, struct inventory *out)
{
	size_t errors = builder->report->errors;
	struct index_list order = {0};
	*out = (struct inventory){.incomplete = true};
	if (builder->full) /* refused, and large: spare the work */
		return 0;
	int rc = order_groups(builder, &order);
	if (rc == 0)
		rc = gather_members(builder, &order);
	if (rc == 0)
		rc = apply_group_variables(builder);
	if (rc == 0)
		rc = publish(builder, out);
	index_list_fini(&order);
	if (rc < 0)
		return rc;
	return builder->report->errors == errors ? 0 : -EINVAL;
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
