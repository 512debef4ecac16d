/* SPDX-License-Identifier: Apache-2.0 */
/* What inventory*.c share: an inventory while it is being put together. */
#ifndef CONFIG_INVENTORY_BUILD_H
#define CONFIG_INVENTORY_BUILD_H

#include "config/indexes.h"
#include "config/inventory.h"

/* The variables that decide whom to dial, the stronger first. */
enum inventory_variable {
	VARIABLE_ADDRESSES, /* reachd_addresses */
	VARIABLE_HOST,      /* ansible_host */
	VARIABLE_COUNT
};

/* The value of such a variable; shared by all hosts that a range or a group gives it
 * to, so that a mistake in it is reported once. */
struct inventory_target {
	const struct conf_node *node;
	const char *dial_name;
	const struct net_address *addresses;
	uint32_t n_addresses;
	bool read; /* the members above are valid */
};

struct inventory_variables {
	struct inventory_target *targets[VARIABLE_COUNT];
	int64_t priority; /* ansible_group_priority */
};

struct build_host {
	const char *name; /* first: see names.h */
	struct inventory_target *targets[VARIABLE_COUNT];
	struct conf_mark mark;
};

struct build_child {
	uint32_t group;
	struct conf_mark mark;
};

struct build_group {
	const char *name; /* first: see names.h */
	struct conf_mark mark;
	struct inventory_variables variables;
	struct index_list
		hosts; /* direct ones as mentioned; then all, rising, unique */
	struct build_child *children;
	uint32_t n_children, child_capacity;
	uint32_t depth; /* the longest way down from "all" */
};

/* Groups that always exist, at these indexes. */
enum {
	GROUP_ALL,
	GROUP_UNGROUPED
};

struct inventory_builder {
	struct arena *arena;
	struct conf_report *report;
	struct build_host *hosts;
	uint32_t n_hosts, host_capacity;
	struct name_table host_names;
	uint32_t last_host; /* found or added last */
	struct build_group *groups;
	uint32_t n_groups, group_capacity;
	struct name_table group_names;
	uint64_t members; /* see INVENTORY_MAX_MEMBERS */
	bool incomplete;
	bool full; /* a limit was met and reported: add no more, make nothing of it */
};

/*
 * Takes up the variables of a host or group: unknown reachd_* ones are mistakes, other
 * ones are passed over. `vars` is a mapping or null. A variable that is absent leaves
 * its member as it is. 0 or -ENOMEM.
 */
int inventory_variables_read(struct inventory_builder *builder,
	const struct conf_node *vars, struct inventory_variables *variables);

/* Reads an ansible_host where it turns out to count: a template that a host's
 * reachd_addresses overrules is no mistake. 0 or -ENOMEM. */
int inventory_target_read(
	struct inventory_builder *builder, struct inventory_target *target);

/* What a host without any variable stands for: its name. 0 or -ENOMEM. */
int inventory_target_from_name(struct inventory_builder *builder,
	const struct build_host *host, struct inventory_target *target);

#endif
