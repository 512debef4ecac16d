/* SPDX-License-Identifier: Apache-2.0 */
/* Growing arrays on the heap: the caller keeps pointer, count and capacity. */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>
#include <stdint.h>

/*
 * Makes room for one more than `count` items of `size` bytes; the capacity doubles.
 * Returns where the items are now; NULL when memory ran out, and then they are where
 * they were. Starts from NULL and capacity 0; free() it in the end.
 */
void *array_grow(void *items, uint32_t *capacity, uint32_t count, size_t size);

#endif
