/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosts and groups from Ansible YAML inventories ("all", "children", "hosts", "vars",
 * host ranges), read the way ansible.builtin.yaml reads them. Variables other than
 * ansible_host and reachd_* are ignored.
 *
 * Our variables, on a host or a group:
 *   reachd_addresses: one address or a list; every one is probed
 */
#ifndef CONFIG_INVENTORY_H
#define CONFIG_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/arena.h"
#include "config/document.h"
#include "config/report.h"

#define INVENTORY_MAX_HOSTS 1000000 /* hosts of all files, ranges expanded */
#define INVENTORY_MAX_ADDRESSES 32  /* addresses of one host */

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
};

struct inventory_builder;

/* NULL when memory runs out. The built inventory lives in `arena`. */
struct inventory_builder *inventory_builder_new(
	struct arena *arena, struct conf_report *report);

/* Adds one document (the root mapping of an inventory file or of `inventory:`). May be
 * called many times; hosts and groups of the same name merge, later variables win.
 * Mistakes go to the report. Returns 0, -EINVAL or -ENOMEM. */
int inventory_builder_add(
	struct inventory_builder *builder, const struct conf_node *document);

/* Resolves variables and membership (cycles are mistakes). Returns as above. */
int inventory_builder_finish(struct inventory_builder *builder, struct inventory *out);

void inventory_builder_free(struct inventory_builder *builder);

/* Index of a host or group by name, or -1. Lookup is by hash. */
int64_t inventory_find_host(const struct inventory *inventory, const char *name);
int64_t inventory_find_group(const struct inventory *inventory, const char *name);

/*
 * Expands "rdsh[001:250:2].corp.example" and "db-[a:f]" into names, calling `each` in
 * order; text without brackets is one name. Numeric ranges keep the padding of their
 * start; several ranges in one pattern multiply. At most `max` names. Returns 0, or
 * -EINVAL with *error a sentence (static text), or what `each` returned when not 0.
 */
int inventory_expand(const char *pattern, uint32_t max,
	int (*each)(void *data, const char *name), void *data, const char **error);

#endif
