/* SPDX-License-Identifier: Apache-2.0 */
/* Growing and sorted lists of indexes into arrays of hosts and groups. */
#ifndef CONFIG_INDEXES_H
#define CONFIG_INDEXES_H

#include <stdint.h>

struct index_list {
	uint32_t *items; /* on the heap: index_list_fini() */
	uint32_t count, capacity;
};

/* 0 or -ENOMEM. */
int index_list_add(struct index_list *list, uint32_t index);

/* Empties the list and frees its memory. */
void index_list_fini(struct index_list *list);

/* Sorts in rising order; costs little when they rise already, as most lists do, since
 * indexes are given in the order of first mention. */
void indexes_sort(uint32_t *items, uint32_t count);

/* Drops repeated ones from sorted indexes; returns how many are left. */
uint32_t indexes_unique(uint32_t *items, uint32_t count);

#endif
