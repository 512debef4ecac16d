/* SPDX-License-Identifier: Apache-2.0 */
#include "config/indexes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

int index_list_add(struct index_list *list, uint32_t index)
{
	uint32_t *items =
		array_grow(list->items, &list->capacity, list->count, sizeof *items);
	if (!items)
		return -ENOMEM;
	list->items = items;
	list->items[list->count++] = index;
	return 0;
}

void index_list_fini(struct index_list *list)
{
	free(list->items);
	*list = (struct index_list){0};
}

static int compare(const void *a, const void *b)
{
	uint32_t x, y;
	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return (x > y) - (x < y);
}

static bool is_rising(const uint32_t *items, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++)
		if (items[i - 1] > items[i])
			return false;
	return true;
}

void indexes_sort(uint32_t *items, uint32_t count)
{
	if (!is_rising(items, count))
		qsort(items, count, sizeof *items, compare);
}

uint32_t indexes_unique(uint32_t *items, uint32_t count)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < count; i++)
		if (i == 0 || items[i] != items[i - 1])
			items[kept++] = items[i];
	return kept;
}
