/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

struct arena_block {
	struct arena_block *next;
	size_t size; /* bytes at `data` */
	size_t used;
	max_align_t data[];
};

enum {
	FIRST_BLOCK = 4 << 10,
	LARGEST_BLOCK = 1 << 20
};

void arena_init(struct arena *arena, size_t limit)
{
	*arena = (struct arena){.limit = limit};
}

/* An object that is large against a block has one of its own, behind the block in use,
 * so that the room left in that one is not lost. */
static struct arena_block *add_block(struct arena *arena, size_t size)
{
	struct arena_block *current = arena->blocks;
	size_t usual = current ? current->size * 2 : FIRST_BLOCK;
	if (usual > LARGEST_BLOCK)
		usual = LARGEST_BLOCK;
	bool own = current && size > usual / 4;
	size_t room = own || size > usual ? size : usual;
	size_t bytes;
	if (!size_add(room, sizeof(struct arena_block), &bytes))
		return NULL;
	struct arena_block *block = malloc(bytes);
	if (!block)
		return NULL;
	*block = (struct arena_block){.size = room};
	if (own) {
		block->next = current->next;
		current->next = block;
	} else {
		block->next = current;
		arena->blocks = block;
	}
	return block;
}

/* `align` is a power of two, at most that of max_align_t. */
static void *take(struct arena *arena, size_t size, size_t align)
{
	struct arena_block *block = arena->blocks;
	size_t start = block ? (block->used + align - 1) & ~(align - 1) : 0;
	size_t padding = block ? start - block->used : 0;
	bool fits = block && start <= block->size && size <= block->size - start;
	size_t cost = size;
	if (fits && !size_add(size, padding, &cost))
		return NULL;
	if (arena->limit &&
		(arena->used > arena->limit || cost > arena->limit - arena->used))
		return NULL;
	if (!fits) {
		block = add_block(arena, size);
		start = 0;
	}
	if (!block)
		return NULL;
	block->used = start + size;
	arena->used += cost;
	return (char *)block->data + start;
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;
	if (!size_mul(count, size, &bytes))
		return NULL;
	void *memory = take(arena, bytes, _Alignof(max_align_t));
	if (memory)
		memset(memory, 0, bytes);
	return memory;
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	size_t bytes;
	if (!size_add(length, 1, &bytes))
		return NULL;
	char *copy = take(arena, bytes, 1);
	if (!copy)
		return NULL;
	if (length)
		memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, args);
	char *text = length < 0 ? NULL : take(arena, (size_t)length + 1, 1);
	if (text)
		vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	va_end(args);
	return text;
}

void arena_fini(struct arena *arena)
{
	for (struct arena_block *block = arena->blocks, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	arena_init(arena, arena->limit);
}
