/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"

#include <stdlib.h>

#include "base/size.h"

#define FIRST_CAPACITY 8

void *array_grow(void *items, uint32_t *capacity, uint32_t count, size_t size)
{
	size_t bytes;
	if (count < *capacity)
		return items;
	if (*capacity > UINT32_MAX / 2)
		return NULL;
	uint32_t more = *capacity ? *capacity * 2 : FIRST_CAPACITY;
	if (!size_mul(more, size, &bytes))
		return NULL;
	void *grown = realloc(items, bytes);
	if (grown)
		*capacity = more;
	return grown;
}
