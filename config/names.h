/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds a name in an array by hash: a table of indexes, 8 to 16 bytes a name, where an
 * intrusive hash handle would take 64. The array's elements are structs whose first
 * member is `const char *`, the name; it is the caller's, and may move as it grows.
 */
#ifndef CONFIG_NAMES_H
#define CONFIG_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct name_table {
	uint32_t *slots; /* index + 1; 0: free */
	size_t size;     /* a power of two, or 0 */
};

/* The array of names as it is now. */
struct name_array {
	const void *items;
	size_t stride; /* bytes of an element */
	uint32_t count;
};

#define NAME_ARRAY(array, n) \
	((struct name_array){.items = (array), .stride = sizeof *(array), .count = (n)})

/* The index of a name, or -1. */
int64_t name_table_find(
	const struct name_table *table, struct name_array names, const char *name);

/*
 * Adds the last element of `names`, whose name must not be in the table yet. The slots
 * are on the heap: name_table_fini(). 0 or -ENOMEM.
 */
int name_table_add(struct name_table *table, struct name_array names);

/* Builds a table of all names at once; the slots live in `arena`. 0 or -ENOMEM. */
int name_table_build(
	struct name_table *table, struct name_array names, struct arena *arena);

void name_table_fini(struct name_table *table);

#endif
