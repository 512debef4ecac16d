/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosts and groups from Ansible YAML inventories ("all", "children", "hosts", "vars",
 * host ranges), read the way ansible.builtin.yaml reads them. Of Ansible's variables
 * ansible_host (or its old name ansible_ssh_host) and ansible_group_priority count; all
 * others are ignored.
 *
 * Our variables, on a host or a group:
 *   reachd_addresses: one address or a list; every one is probed. Goes before
 *                     ansible_host, wherever that is set.
 *
 * Where a variable is set several times, the host's own value goes before any group's,
 * and a deeper group's before a shallower one's; among groups of the same depth the
 * higher ansible_group_priority decides, then the later name in the alphabet. Within
 * one host or group the last value read counts. The groups "all" and "ungrouped" always
 * exist.
 */
#ifndef CONFIG_INVENTORY_H
#define CONFIG_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/arena.h"
#include "config/document.h"
#include "config/names.h"
#include "config/report.h"

#define INVENTORY_MAX_HOSTS 1000000 /* hosts of all files, ranges expanded */
#define INVENTORY_MAX_ADDRESSES 32  /* addresses of one host */
#define INVENTORY_MAX_NAME 255      /* bytes of the name of a host or group */
/* Mentions of hosts in groups, counted once more for every group above: what bounds the
 * work and the memory of a file that names the same range in thousands of groups. */
#define INVENTORY_MAX_MEMBERS 20000000

struct inventory_host {
	const char *name;
	const char *dial_name; /* what to resolve: `name`, or ansible_host where that is
				  a name; NULL when addresses are given */
	const struct net_address
		*addresses; /* given ones; none when dial_name is set */
	uint32_t n_addresses;
	uint32_t n_groups;
	const uint32_t *groups; /* every group that holds it, directly or by children,
				   rising; "all" included */
	struct conf_mark mark;
};

struct inventory_group {
	const char *name;
	const uint32_t *hosts; /* with those of its children, rising, no duplicates */
	uint32_t n_hosts;
	struct conf_mark mark;
};

struct inventory {
	const struct inventory_host *hosts; /* in the order of first mention */
	uint32_t n_hosts;
	const struct inventory_group *groups;
	uint32_t n_groups;
	struct name_table host_names, group_names;
	bool incomplete; /* a mistake kept hosts or groups out: what is missing here may
			    be no mistake of the file that names it */
};

struct inventory_builder;

/* NULL when memory runs out. The built inventory lives in `arena`; the documents added
 * need to live until inventory_builder_finish() only. */
struct inventory_builder *inventory_builder_new(
	struct arena *arena, struct conf_report *report);

/* Adds one document (the root mapping of an inventory file or of `inventory:`). May be
 * called many times; hosts and groups of the same name merge, later variables win.
 * Mistakes go to the report. Returns 0, -EINVAL or -ENOMEM. */
int inventory_builder_add(
	struct inventory_builder *builder, const struct conf_node *document);

/* Something that should have been added could not be read (and was reported). */
void inventory_builder_mark_incomplete(struct inventory_builder *builder);

/* Resolves variables and membership (cycles are mistakes). Returns as above; *out is
 * filled as far as possible also with -EINVAL. */
int inventory_builder_finish(struct inventory_builder *builder, struct inventory *out);

void inventory_builder_free(struct inventory_builder *builder);

/* Index of a host or group by name, or -1. Lookup is by hash. */
int64_t inventory_find_host(const struct inventory *inventory, const char *name);
int64_t inventory_find_group(const struct inventory *inventory, const char *name);

/*
 * Expands "rdsh[001:250:2].corp.example" and "db-[a:f]" into names, calling `each` in
 * order; text without brackets is one name. Numeric ranges keep the padding of their
 * start ([08:11] is 08, 09, 10, 11; unlike Ansible, [08:111] is no mistake); several
 * ranges in one pattern multiply, the last turns fastest. More than `max` names are a
 * mistake, found before the first one is made. Returns 0, or
 * -EINVAL with *error a sentence (static text), or what `each` returned when not 0.
 */
int inventory_expand(const char *pattern, uint32_t max,
	int (*each)(void *data, const char *name), void *data, const char **error);

#endif
