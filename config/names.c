/* SPDX-License-Identifier: Apache-2.0 */
#include "config/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum {
	SMALLEST = 64
};

static const char *name_at(struct name_array names, size_t index)
{
	const char *element = (const char *)names.items + index * names.stride;
	const char *name;
	memcpy(&name, element, sizeof name);
	return name;
}

static size_t hash(const char *name)
{
	uint64_t value = hash_of_text(name);
	return (size_t)(value ^ value >> 32);
}

int64_t name_table_find(
	const struct name_table *table, struct name_array names, const char *name)
{
	if (!table->size)
		return -1;
	size_t mask = table->size - 1;
	for (size_t at = hash(name) & mask; table->slots[at]; at = (at + 1) & mask) {
		uint32_t index = table->slots[at] - 1;
		if (strcmp(name_at(names, index), name) == 0)
			return index;
	}
	return -1;
}

static void put(struct name_table *table, struct name_array names, uint32_t index)
{
	size_t mask = table->size - 1;
	size_t at = hash(name_at(names, index)) & mask;
	while (table->slots[at])
		at = (at + 1) & mask;
	table->slots[at] = index + 1;
}

static void put_all(struct name_table *table, struct name_array names)
{
	for (uint32_t i = 0; i < names.count; i++)
		put(table, names, i);
}

/* At most half of the slots are taken, so that a search stays short. */
static size_t size_for(uint32_t count)
{
	size_t size = SMALLEST;
	while (size / 2 < count)
		size *= 2;
	return size;
}

int name_table_add(struct name_table *table, struct name_array names)
{
	size_t size = size_for(names.count);
	if (size <= table->size) {
		put(table, names, names.count - 1);
		return 0;
	}
	uint32_t *slots = calloc(size, sizeof *slots);
	if (!slots)
		return -ENOMEM;
	free(table->slots);
	*table = (struct name_table){.slots = slots, .size = size};
	put_all(table, names);
	return 0;
}

int name_table_build(
	struct name_table *table, struct name_array names, struct arena *arena)
{
	size_t size = size_for(names.count);
	uint32_t *slots = arena_calloc(arena, size, sizeof *slots);
	if (!slots)
		return -ENOMEM;
	*table = (struct name_table){.slots = slots, .size = size};
	put_all(table, names);
	return 0;
}

void name_table_fini(struct name_table *table)
{
	free(table->slots);
	*table = (struct name_table){0};
}
